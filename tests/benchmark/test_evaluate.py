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
from itamed.benchmark.evaluate import evaluate, harness_arguments, output_of
from itamed.benchmark.fingerprint import grammar_fingerprint
from itamed.benchmark.report.finding import find_runs
from lm_eval._cli.harness import HarnessCLI
from typer.testing import CliRunner


def test_results_and_samples_are_always_kept():
    completed = harness_arguments(["--model", "dummy", "--tasks", "itamed"])
    assert output_of(completed).name == "itamed-results"
    assert "--log_samples" in completed
    given = ["--model", "dummy", "--output_path=elsewhere", "-s"]
    completed = harness_arguments(given)
    assert output_of(completed).name == "elsewhere"
    assert completed.count("--log_samples") == 0


def test_thinking_is_off_for_local_chat_models_unless_asked_for():
    base = ["--model", "hf", "--model_args", "pretrained=x"]
    assert "pretrained=x" in harness_arguments(base)
    chat = [*base, "--apply_chat_template"]
    assert "pretrained=x,enable_thinking=False" in harness_arguments(chat)
    wanted = ["--model_args=pretrained=x,enable_thinking=True", "--apply_chat_template"]
    assert wanted[0] in harness_arguments(wanted)
    remote = ["--model", "local-chat-completions", "--model_args", "model=x", "--apply_chat_template"]
    assert "model=x" in harness_arguments(remote)


def test_the_date_in_prompts_of_the_harness_s_models_is_fixed_unless_one_is_given():
    base = ["--model", "hf", "--model_args", "pretrained=x"]
    assert '"date_string"' not in " ".join(harness_arguments(base))
    completed = harness_arguments([*base, "--apply_chat_template"])
    assert '{"chat_template_args": {"date_string": "26 Jul 2024"}}' in completed
    parsed = HarnessCLI()._parser.parse_args(["run", *completed])
    assert parsed.model_args["pretrained"] == "x", "the harness adds both"
    assert parsed.model_args["chat_template_args"] == {"date_string": "26 Jul 2024"}
    own = ["--model", "hf", "--model_args", '{"chat_template_args": {"date_string": "1"}}', "--apply_chat_template"]
    assert "26 Jul 2024" not in " ".join(harness_arguments(own))


def test_our_hf_model_takes_the_batch_size_that_fits_unless_one_is_given():
    def batch(*arguments):
        completed = harness_arguments(["--tasks", "itamed", *arguments])
        return [completed[place + 1] for place, word in enumerate(completed) if word in ("--batch_size", "-b")]

    assert batch("--model", "itamed-hf") == batch("--model=itamed-hf") == batch("-M", "itamed-hf") == ["auto"]
    assert batch("--model", "itamed-hf", "-b", "4") == ["4"]
    assert batch("--model", "itamed-hf", "--batch_size=4") == []
    assert batch("--model", "hf") == batch() == []


def test_the_short_flag_of_the_model_is_known():
    remote = ["-M", "local-chat-completions", "--model_args", "model=x", "--apply_chat_template"]
    assert "model=x" in harness_arguments(remote)


def test_the_last_of_two_folders_counts_as_for_the_harness():
    assert output_of(["--output_path", "a", "-o", "b"]) == Path("b")


def test_the_answer_cache_belongs_to_one_model():
    def cache(model):
        completed = harness_arguments(["--model_args", f"pretrained={model}", "--resume"])
        assert "--resume" not in completed
        return completed[completed.index("--use_cache") + 1]

    assert cache("a") == cache("a")
    assert cache("a") != cache("b")


def test_the_answer_cache_belongs_to_the_weights_of_a_folder(tmp_path):
    given = ["--model_args", f"dtype=float32,pretrained={tmp_path}", "--resume"]
    (tmp_path / "model.safetensors").write_text("one")
    first = harness_arguments(given)[-1]
    assert harness_arguments(given)[-1] == first
    (tmp_path / "model.safetensors").write_text("other")
    assert harness_arguments(given)[-1] != first


def test_the_answer_cache_belongs_to_the_grammars(monkeypatch):
    before = grammar_fingerprint.__wrapped__()
    assert grammar_fingerprint.__wrapped__() == before
    monkeypatch.setattr("itamed.benchmark.decoding.spans.SAME_FIRST", 8)
    assert grammar_fingerprint.__wrapped__() != before
    given = ["--model_args", "pretrained=a", "--resume"]
    names = []
    for fingerprint in (before, "other"):
        monkeypatch.setattr("itamed.benchmark.evaluate.grammar_fingerprint", lambda found=fingerprint: found)
        names.append(harness_arguments(given)[-1])
    assert names[0] != names[1]


def test_a_run_writes_results_that_the_report_reads(tmp_path, own_tasks_alone):
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


def test_results_of_another_run_are_not_taken_for_ours(tmp_path, monkeypatch, own_tasks_alone):
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
    ],
)
def test_tasks_and_models_that_there_are_not_end_with_one_message(tmp_path, own_tasks_alone, changes, message):
    result = CliRunner().invoke(app, ["eval", *BASELINE, "--output_path", str(tmp_path / "out"), *changes])
    assert isinstance(result.exception, ItamedError)
    assert re.search(message, str(result.exception))


def test_a_run_without_tasks_ends_with_one_message(tmp_path, own_tasks_alone):
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


def test_results_cut_off_by_a_full_disk_are_named(tmp_path, own_tasks_alone, monkeypatch):
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
def test_samples_cut_off_by_a_full_disk_are_named(tmp_path, own_tasks_alone, monkeypatch, left):
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


def test_unknown_baseline_is_named_with_its_choices(tmp_path, own_tasks_alone):
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
