"""The evaluation command: what it adds to the harness's arguments, and what it checks."""

import errno
import json
import re
import sqlite3
from pathlib import Path

import lm_eval.__main__
import lm_eval.tasks
import pytest
from itamed.benchmark import evaluate as module
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.finding import find_runs
from itamed.benchmark.suite import tasks_dir
from typer.testing import CliRunner


def test_a_run_writes_results_that_the_report_reads(tmp_path, no_hub):
    arguments = ["--model", "itamed-baseline", "--model_args", "model=lookup", "--tasks", "itamed-mini-ner"]
    arguments[-1] = "itamed-mini-ner-e3c-clinentity,itamed-mini-qa-ssm"
    path = evaluate([*arguments, "--output_path", str(tmp_path / "out")])
    (run,) = find_runs([tmp_path / "out"])
    assert run.path == path
    assert run.label == "lookup 0-shot"
    entities, question = run.tasks
    assert (entities.notes, entities.rows) == (5, 6)
    assert 0 < entities.score.low <= entities.score.value <= entities.score.high
    assert len(run.records(entities.name, "repaired")) == entities.rows
    results = json.loads(path.read_text())["results"][entities.name]
    assert results["score_stderr,repaired"] == pytest.approx(entities.score.stderr)
    assert question.gold == 6


BASELINE = ["--model", "itamed-baseline", "--model_args", "model=lookup", "--tasks", "itamed-mini-qa-ssm"]
FULL = OSError(errno.ENOSPC, "No space left on device")


def test_results_of_another_run_are_not_taken_for_ours(tmp_path, monkeypatch, no_hub):
    real, out = lm_eval.__main__.cli_evaluate, tmp_path / "out"
    others = [tmp_path / "elsewhere" / "results_9.json", out / "lookup" / "results_9.json"]

    def two_at_once():
        real()
        for path in others:
            path.parent.mkdir(exist_ok=True)
            path.write_text("half a")

    monkeypatch.setattr(lm_eval.__main__, "cli_evaluate", two_at_once)
    path = evaluate([*BASELINE, "--output_path", str(out)])
    assert path.parent == out / "lookup"
    assert path not in others
    assert "usage" in json.loads(path.read_text())


@pytest.mark.parametrize(
    ("tasks", "more", "alone"),
    [
        (["itamed"], [], True),
        (["itamed-mini-qa-ssm,itamed_ner*"], [], True),
        (["itamed-qa", "itamed-ner"], [], True),
        (["itamed-qa,arc_easy"], [], False),
        (["itamed.yaml"], [], False),
        (["itamed"], ["--include_path", "mine"], False),
    ],
)
def test_task_files_of_others_are_read_where_they_are_asked_for(tmp_path, monkeypatch, tasks, more, alone):
    read = []
    monkeypatch.setattr(lm_eval.tasks.manager.TaskIndex, "build", lambda _, paths: read.extend(paths) or {})
    with pytest.raises((ItamedError, SystemExit)):
        evaluate(["--model", "itamed-baseline", "--tasks", *tasks, *more, "--output_path", str(tmp_path / "out")])
    assert (read == [tasks_dir()]) == alone and len(read) >= 1
    assert lm_eval.tasks.TaskManager.__init__.__name__ == "__init__", "for this run alone"


@pytest.fixture
def no_run(monkeypatch):
    """Make the harness's run fail the test."""
    monkeypatch.setattr(lm_eval.__main__, "cli_evaluate", lambda: pytest.fail("the harness was run"))


def test_an_output_file_is_refused_before_the_run(tmp_path, no_run):
    with pytest.raises(ItamedError, match=r"run\.json must name a folder"):
        evaluate([*BASELINE, "--output_path", str(tmp_path / "run.json")])


def test_an_output_folder_that_cannot_be_written_is_refused_before_the_run(tmp_path, no_run, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ItamedError, match=r"Cannot write .*Not a directory\. Set --output_path"):
        evaluate([*BASELINE, "--output_path", str(tmp_path / "file" / "out")])

    def refuse(**kwargs):
        raise FULL

    monkeypatch.setattr(module.tempfile, "TemporaryFile", refuse)
    with pytest.raises(ItamedError, match=r"No space left on device\. Make room there, or set --output_path"):
        evaluate([*BASELINE, "--output_path", str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--tasks", ""], "--tasks itamed"),
        (["--tasks", "itamed-mini-qa-ssm,itamed_moon"], "Tasks not found: itamed_moon. `--tasks itamed`"),
        (["--model", "moon"], "no model for this name found! Supported model names: .*itamed-hf.*--model_args"),
        (["--model", "itamed-hf"], "'pretrained'. Name a model: --model_args pretrained=NAME"),
        (["--metadata", "eval_nodes=3"], "--metadata has no eval_nodes: there are .*eval_notes"),
        (["--num_fewshot", "99"], "fewshot samples requested exceeds the 6 .* a smaller --num_fewshot"),
        (["--limit", "0"], "did not find any docs.*larger --limit"),
        (["--predict_only"], "--predict_only keeps no scores to show: leave it out"),
    ],
)
def test_tasks_and_models_that_there_are_not_end_with_one_message(tmp_path, no_hub, changes, message):
    result = CliRunner().invoke(app, ["eval", *BASELINE, "--output_path", str(tmp_path / "out"), *changes])
    assert isinstance(result.exception, ItamedError)
    assert re.search(message, str(result.exception))


@pytest.mark.parametrize(
    ("error", "way"),
    [
        (TypeError("Model.__init__() got an unexpected keyword argument 'moon'"), "the names in --model_args"),
        (ValueError("invalid literal for int() with base 10: 'moon'"), "--batch_size is a number or auto"),
        (AttributeError("module 'torch' has no attribute 'float33'"), "dtype is float32"),
        (ValueError("Can't find 'adapter_config.json' at 'moon'"), "peft=NAME"),
        (ValueError("Unrecognized model in moon. Should have a `model_type` key"), "pretrained=NAME"),
        (ValueError("Cannot use chat template functions because it is not set!"), "leave out --apply_chat_template"),
    ],
)
def test_mistakes_in_model_arguments_say_what_to_do(error, way):
    with pytest.raises(ItamedError, match=f"{re.escape(str(error))}. .*{way}"), module.explained():
        raise error


@pytest.mark.parametrize(
    ("error", "extra"),
    [
        (ModuleNotFoundError("Attempted to use an API model, but ... `pip install lm-eval[api]`"), "api"),
        (ModuleNotFoundError("No module named 'tenacity'", name="tenacity"), "api"),
        (ModuleNotFoundError("No module named 'llguidance'", name="llguidance"), "hf"),
    ],
)
def test_a_missing_package_names_the_extra_that_brings_it(error, extra):
    with pytest.raises(ItamedError, match=re.escape(f"pip install 'itamed[{extra}]'")), module.explained():
        raise error


def test_every_extra_that_is_named_exists():
    setup = (Path(__file__).parents[2] / "setup.cfg").read_text(encoding="utf-8")
    assert all(f"\n{extra} =\n" in setup for extra in module._EXTRAS)


@pytest.mark.parametrize(
    "error",
    [
        TypeError("add() got an unexpected keyword argument"),
        KeyError("fault"),
        ModuleNotFoundError("No module named 'itamed.moon'", name="itamed.moon"),
    ],
)
def test_faults_stay_faults(error):
    with pytest.raises(type(error)) as caught, module.explained():
        raise error
    assert caught.value is error


def test_a_run_without_tasks_ends_with_one_message(tmp_path, no_hub):
    result = CliRunner().invoke(app, ["eval", *BASELINE[:4], "--output_path", str(tmp_path / "out")])
    assert isinstance(result.exception, ItamedError)
    assert "No tasks specified" in str(result.exception)
    assert "--tasks itamed" in str(result.exception)


@pytest.mark.parametrize(
    "error", [FULL, OSError("moon is not a local folder\nand no model."), sqlite3.OperationalError("disk is full")]
)
def test_trouble_with_files_or_network_ends_with_one_message(tmp_path, monkeypatch, error):
    def stop():
        raise error

    monkeypatch.setattr(lm_eval.__main__, "cli_evaluate", stop)
    with pytest.raises(ItamedError, match=r"^The run stopped: [^\n]+[^.]\. Check the model's name"):
        evaluate([*BASELINE, "--output_path", str(tmp_path / "out")])


def test_results_cut_off_by_a_full_disk_are_named(tmp_path, no_hub, monkeypatch):
    real = Path.write_text

    def write_half(self, text, *args, **kwargs):
        if not self.name.startswith("results_"):
            return real(self, text, *args, **kwargs)
        real(self, text[: len(text) // 2], *args, **kwargs)
        raise FULL

    monkeypatch.setattr(Path, "write_text", write_half)
    with pytest.raises(ItamedError, match=r"lookup/results_.*\.json is damaged.*was the disk full.*run it again"):
        evaluate([*BASELINE, "--output_path", str(tmp_path / "out")])


@pytest.mark.parametrize("left", ["half a line", "whole lines", "nothing"])
def test_samples_cut_off_by_a_full_disk_are_named(tmp_path, no_hub, monkeypatch, left):
    from lm_eval.loggers import EvaluationTracker

    real = EvaluationTracker.save_results_samples

    def save_some(self, **kwargs):
        real(self, **kwargs)
        (path,) = (tmp_path / "out" / "lookup").glob("samples_*.jsonl")
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:-1]) + (lines[-1][:40] if left == "half a line" else ""))
        if left == "nothing":
            path.unlink()

    monkeypatch.setattr(EvaluationTracker, "save_results_samples", save_some)
    result = CliRunner().invoke(app, ["eval", *BASELINE, "--output_path", str(tmp_path / "out")])
    assert isinstance(result.exception, ItamedError)
    assert re.search(r"lookup/samples_itamed-mini-qa-ssm_.*\.jsonl is damaged", str(result.exception))


def test_a_run_without_results_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(lm_eval.__main__, "cli_evaluate", lambda: None)
    with pytest.raises(ItamedError, match="wrote no results"):
        evaluate(["--output_path", str(tmp_path / "out")])


def test_unknown_baseline_is_named_with_its_choices(tmp_path, no_hub):
    arguments = ["eval", "--model", "itamed-baseline", "--model_args", "model=best", "--tasks", "itamed-mini-qa-ssm"]
    result = CliRunner().invoke(app, [*arguments, "--output_path", str(tmp_path)])
    assert isinstance(result.exception, ItamedError)
    assert "lookup" in str(result.exception)


def test_missing_data_name_the_command(tmp_path):
    arguments = ["eval", "--model", "dummy", "--tasks", "itamed_qa_admission", "--output_path", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert "itamed data build --source admission" in str(result.exception)


def test_registration_happens_once():
    module.register_models()
    module.register_models()
    from lm_eval.api.registry import get_model

    assert get_model("itamed-baseline").__name__ == "Baseline"
    assert get_model("hf") is not None, "the harness's own models are still there"
