"""Measuring an engine: what is counted, kept and shown."""

import json
from types import SimpleNamespace

import pytest
from itamed.benchmark import speed
from itamed.benchmark.cli import app
from itamed.benchmark.engines.work import Work
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.speeds import show_speeds
from typer.testing import CliRunner

TASKS = "itamed-mini-qa-ssm,itamed-mini-ner-drugtemist"


class Engine:
    """Answers at once, and counts one model call and ten tokens a request."""

    def __init__(self, batch_size, **given):
        self.work, self.given, self.asked = Work(), given, []

    def generate_until(self, requests, disable_tqdm=False):
        self.asked.append([request.args[0] for request in requests])
        self.work.forwards += len(requests)
        self.work.fed += 10 * len(requests)
        self.work.prompt += 9 * len(requests)
        self.work.reused += 4 * len(requests)
        self.work.decided += len(requests)
        return ["" for _ in requests]


@pytest.fixture
def engine(monkeypatch):
    made = []

    def create(arguments, config):
        made.append(Engine(**arguments, **config))
        return made[-1]

    monkeypatch.setattr(speed, "get_model", lambda name: SimpleNamespace(create_from_arg_obj=create))
    return made


def measure(path, **given):
    options = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    return CliRunner().invoke(app, ["speed", "--tasks", TASKS, "--output", str(path), "--notes", "2", *options])


def test_a_measurement_counts_what_followed_the_first_request(tmp_path, engine):
    path = tmp_path / "speed.jsonl"
    done = measure(path, model_args="pretrained=/some/where/tiny,constrained=false", num_fewshot=1)
    assert done.exit_code == 0, done.output
    (result,) = map(json.loads, path.read_text().splitlines())
    (made,) = engine
    assert made.given == {"pretrained": "/some/where/tiny", "constrained": False, "device": "cuda:0"}
    assert result["shots"] == 1
    assert set(result["families"]) == {"qa", "ner"}
    for (warm,), asked, family in zip(made.asked[::2], made.asked[1::2], result["families"].values(), strict=True):
        assert warm[1:] == asked[0], "a request of each family warms up"
        assert not any(prompt.startswith(warm[:20]) for prompt in asked), "no cache holds what is measured"
        assert family["rows"] == len(asked) == family["work"]["forwards"]
        assert family["seconds"] > 0
    assert "itamed-hf tiny constrained=false 1-shot batch 8" in done.output
    assert "least tokens" in done.output


def test_an_engine_that_fills_its_batches_itself_is_not_shown_with_another_size(tmp_path, engine, monkeypatch):
    monkeypatch.setattr(Engine, "batch_size", "auto", raising=False)
    path = tmp_path / "speed.jsonl"
    assert measure(path).exit_code == 0
    assert json.loads(path.read_text())["batch"] == "auto"


def written(path, *seconds, model="a", work=None):
    """Append measurements of ten rows that took so many seconds."""
    lines = path.read_text() if path.exists() else ""
    for each in seconds:
        family = {"rows": 10, "seconds": each, "work": work or {}}
        result = {"model": model, "arguments": "", "shots": 4, "batch": "8", "families": {"qa": family}}
        lines += json.dumps(result) + "\n"
    path.write_text(lines)


def test_tables_show_medians_and_ratios_to_the_first(tmp_path, capsys):
    path, page = tmp_path / "s.jsonl", tmp_path / "s.md"
    written(path, 10, 20, 1000, model="old")
    written(path, 5, 4, model="new", work={"forwards": 30, "fed": 70, "prompt": 50, "reused": 20, "decided": 10})
    show_speeds(path, page)
    text = page.read_text()
    assert "| old 4-shot batch 8 | 3 | 0.50 (1.00x) | 0.50 (1.00x) |" in text
    assert "| new 4-shot batch 8 | 2 | 2.25 (4.50x) | 2.25 (4.50x) |" in text
    assert "new 4-shot batch 8: model calls | 3.0 | 3.0 |" in text
    assert "new 4-shot batch 8: tokens fed | 7.0 | 7.0 |" in text
    assert "new 4-shot batch 8: least tokens | 4.0 | 4.0 |" in text
    assert "old 4-shot batch 8:" not in text, "it counts nothing"
    assert "2.25 (4.50x)" in capsys.readouterr().out


def test_answers_that_run_on_are_told_from_slow_engines(tmp_path):
    """One answers a tenth of the rows in a second, and as many tokens."""
    path, page = tmp_path / "s.jsonl", tmp_path / "s.md"
    written(path, 10, model="brief", work={"answered": 50})
    written(path, 100, model="long", work={"answered": 500, "cut": 9})
    show_speeds(path, page)
    text = page.read_text()
    assert "| long 4-shot batch 8 | 1 | 0.10 (0.10x) | 0.10 (0.10x) |" in text
    assert "Tokens answered a second" in text
    assert "| long 4-shot batch 8 | 1 | 5.00 (1.00x) | 5.00 (1.00x) |" in text
    assert "long 4-shot batch 8: tokens answered | 50.0 | 50.0 |" in text
    assert "long 4-shot batch 8: answers cut off, % | 90.0 | 90.0 |" in text


def test_other_families_take_another_file_and_are_not_measured(tmp_path, engine):
    path = tmp_path / "s.jsonl"
    assert measure(path).exit_code == 0
    before, asked = path.read_text(), len(engine)
    done = CliRunner().invoke(app, ["speed", "--tasks", "itamed-mini-qa-ssm", "--output", str(path)])
    assert "measures ner, qa, not qa: take a file for each" in str(done.exception)
    assert (path.read_text(), len(engine)) == (before, asked)


def test_a_file_without_measurements_is_told(tmp_path):
    (tmp_path / "s.jsonl").write_text("")
    with pytest.raises(ItamedError, match="holds no measurement yet"):
        show_speeds(tmp_path / "s.jsonl")


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text("{")
    with pytest.raises(ItamedError, match=r"s\.jsonl"):
        show_speeds(path)


def test_a_file_of_something_else_is_named_before_anything_is_measured(tmp_path, engine):
    path = tmp_path / "s.jsonl"
    path.write_text('{"engine": "trl"}\n')
    done = measure(path)
    assert isinstance(done.exception, ItamedError)
    assert "Line 1" in str(done.exception) and "choose another file" in str(done.exception)
    assert path.read_text() == '{"engine": "trl"}\n'


def test_the_first_measurement_is_kept_when_the_second_fails(tmp_path, engine, monkeypatch):
    path = tmp_path / "s.jsonl"
    assert measure(path).exit_code == 0
    before = path.read_text()
    monkeypatch.setattr(Engine, "generate_until", lambda *_, **__: 1 / 0)
    assert measure(path).exit_code != 0
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tasks": "itamed-mini-moon"}, "No task is named itamed-mini-moon. The tasks are: itamed_"),
        ({"model": "moon"}, "no model for this name found"),
        ({"model_args": "pretrained=.,constrained=moon"}, "constrained=moon is neither true nor false"),
        ({"num_fewshot": 99}, "Choose a smaller --num_fewshot"),
    ],
)
def test_a_measurement_that_cannot_start_ends_with_one_message(tmp_path, given, message):
    done = measure(tmp_path / "speed.jsonl", **given)
    assert isinstance(done.exception, ItamedError)
    assert message in str(done.exception)
