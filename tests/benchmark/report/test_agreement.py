"""Two engines' answers to the same prompts: what is counted, where they part, what cannot be compared."""

import pytest
from itamed.benchmark.engines.hf.gaps import gaps
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.agreement import Parting, show_agreement
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.redact import redact

from ..engines.hf import tiny

TASKS = "itamed-mini-ner-drugtemist,itamed-mini-qa-casimedicos"


@pytest.fixture(scope="module")
def runs(tmp_path_factory, no_hub):
    """Return runs of two rules, and of one with examples."""
    found = {}
    every, few = TASKS, TASKS.partition(",")[0]
    for name, rule, shots, tasks in (
        ("empty", "empty", 0, every),
        ("majority", "majority", 0, every),
        ("shots", "empty", 2, every),
        ("few", "empty", 0, few),
    ):
        folder = tmp_path_factory.mktemp(name)
        arguments = ["--model", "itamed-baseline", "--model_args", f"model={rule}", "--tasks", tasks]
        evaluate([*arguments, "--num_fewshot", str(shots), "--output_path", str(folder)])
        found[name] = find_run(folder)
    return found


def test_a_run_agrees_with_itself(runs, tmp_path):
    show_agreement(runs["empty"], runs["empty"], markdown=tmp_path / "agree.md")
    found = (tmp_path / "agree.md").read_text()
    assert found.count("| 100.0 % |") == 3
    assert "part" not in found


def test_partings_are_counted_and_measured(runs, tmp_path):
    asked = []

    def measured(partings):
        asked.extend(partings)
        return [0.5 + number for number in range(len(partings))]

    show_agreement(runs["empty"], runs["majority"], measured, tmp_path / "agree.md")
    found = (tmp_path / "agree.md").read_text()
    # Both rules find no drug; to a question one answers nothing, the other a letter.
    assert "| itamed-mini-ner-drugtemist |" in found and "| 100.0 % | – | – |" in found
    questions = next(task.rows for task in runs["empty"].tasks if "qa" in task.name)
    assert f"| itamed-mini-qa-casimedicos | {questions} | 0.0 % |" in found
    assert len(asked) == questions
    assert f"| {questions - 0.5:.4f} |" in found


def test_a_parting_begins_where_the_answers_differ():
    assert Parting("t", "d", "", '{"a":1}', '{"b":1}').at == 2
    assert Parting("t", "d", "", "{}", "{} ").at == 2


def test_a_gap_is_the_difference_of_two_log_probabilities(tmp_path):
    folder = tiny.written("llama", tmp_path / "model")
    parting = Parting("t", "d", "Febbre e tosse.", '{"answer":"A"}', '{"answer":"B"}')
    there, none = gaps(f"pretrained={folder},dtype=float32", [parting, Parting("t", "d", "Febbre", "a", "ab")])
    assert 0 < there < 10
    assert none > 0, "where one answer ends, the other choice is the end"


def test_what_cannot_be_compared_is_refused(runs, tmp_path):
    with pytest.raises(ItamedError, match="did not ask the same"):
        show_agreement(runs["empty"], runs["shots"])
    with pytest.raises(ItamedError, match="did not ask the same of itamed-mini-qa-casimedicos"):
        show_agreement(runs["empty"], runs["few"])
    redact(runs["empty"].path, tmp_path)
    with pytest.raises(ItamedError, match="redacted copy"):
        show_agreement(find_run(tmp_path), runs["empty"])
