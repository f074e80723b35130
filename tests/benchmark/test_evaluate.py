"""The evaluation command: what it adds to the harness's arguments, and what it checks."""

import json

import pytest
from itamed.benchmark import evaluate as module
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate, harness_arguments, output_of
from itamed.benchmark.report.run import find_runs
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


def test_the_answer_cache_belongs_to_one_model():
    def cache(model):
        completed = harness_arguments(["--model_args", f"pretrained={model}", "--resume"])
        assert "--resume" not in completed
        return completed[completed.index("--use_cache") + 1]

    assert cache("a") == cache("a")
    assert cache("a") != cache("b")


def test_a_run_writes_results_that_the_report_reads(tmp_path):
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


def test_a_run_without_results_is_an_error(tmp_path, monkeypatch):
    import lm_eval.__main__

    monkeypatch.setattr(lm_eval.__main__, "cli_evaluate", lambda: None)
    with pytest.raises(ItamedError, match="wrote no results"):
        evaluate(["--output_path", str(tmp_path / "out")])


def test_unknown_baseline_is_named_with_its_choices(tmp_path):
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
