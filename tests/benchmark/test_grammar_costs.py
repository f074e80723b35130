"""What grammars cost: counted for each document, and shown task by task."""

import pytest
from itamed.benchmark import grammar_costs
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.grammar_costs import costs
from typer.testing import CliRunner

from .engines.hf.tiny import encode, tokenizer

QA, NER = "itamed-mini-qa-ssm", "itamed-mini-ner-drugtemist"


@pytest.fixture
def folder(tmp_path):
    tokenizer().save_pretrained(tmp_path / "tiny")
    return str(tmp_path / "tiny")


def test_every_document_is_compiled_and_its_right_answer_followed_to_the_end(folder):
    found = dict(costs(folder, [QA, NER], 2))
    assert set(found) == {QA, NER}
    for each in (*found[QA], *found[NER]):
        assert each.compiled > 0
        assert each.characters > 50
        assert min(each.masks) >= 0
        assert not each.refused
    letters = len(encode('{"answer":"B"}'))
    assert {len(each.masks) for each in found[QA]} == {letters}


def test_a_refused_answer_is_counted(folder, monkeypatch):
    monkeypatch.setattr(grammar_costs, "grammar_of", lambda doc: '%llguidance {}\nstart: "{\\"answer\\":\\"Z\\"}"')
    (each,) = dict(costs(folder, [QA], 1))[QA]
    assert each.refused
    done = CliRunner().invoke(app, ["grammars", "--tasks", QA, "--tokenizer", folder, "--notes", "1"])
    (row,) = (line for line in done.output.splitlines() if QA in line)
    assert row.split("│")[-2].strip() == "1"


def test_the_command_shows_each_task_and_all(folder, tmp_path):
    options = ["--tasks", f"{QA},{NER}", "--tokenizer", folder, "--notes", "1", "--markdown", str(tmp_path / "g.md")]
    done = CliRunner().invoke(app, ["grammars", *options])
    assert done.exit_code == 0, done.output
    lines = [line.split(" | ") for line in (tmp_path / "g.md").read_text().splitlines() if line.startswith("| ")]
    assert [line[0].strip("| ") for line in lines] == ["task", "---", QA, NER, "all"]
    assert [line[-1].strip("| ") for line in lines[2:]] == ["0", "0", "0"]
    assert int(lines[4][1]) == int(lines[2][1]) + int(lines[3][1])


def test_a_tokenizer_that_cannot_be_had_is_one_message(tmp_path):
    with pytest.raises(ItamedError, match="nowhere"):
        dict(costs(str(tmp_path / "nowhere"), [QA], 1))
