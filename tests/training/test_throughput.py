"""Speed of training: every engine passes the same examples once."""

import weakref
from dataclasses import asdict

import numpy as np
import pytest
import torch
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.speed import save
from itamed.training import throughput
from itamed.training.recipe import load_recipe
from itamed.training.throughput import measure, show
from itamed.training.work import peak_bytes
from typer.testing import CliRunner


def test_every_token_of_the_sample_is_passed_once(recipe_file, tmp_path):
    speed = measure(load_recipe(str(recipe_file)), "itamed", 6000)
    assert 6000 <= speed.tokens < 12000
    assert 0 < speed.fed < speed.tokens, "prompts begin alike, and are fed once"
    assert speed.seconds > 0 and speed.first_loss > 0


def test_memory_is_that_of_the_timed_pass(recipe_file, monkeypatch):
    made = []

    def base(recipe, sft):
        assert all(model() is None for model in made), "the model of the warm-up is there still"
        lm = real(recipe, sft)
        made.append(weakref.ref(lm.model))
        return lm

    real = throughput._base
    monkeypatch.setattr(throughput, "_base", base)
    measure(load_recipe(str(recipe_file)), "itamed", 3000)
    assert len(made) == 2
    held = np.ones(2**26)
    before = peak_bytes(torch.device("cpu"))
    size = held.nbytes
    del held
    throughput._forget()
    assert peak_bytes(torch.device("cpu")) < before - size / 2


def test_trl_has_the_same_examples_and_the_same_first_loss(recipe_file, tmp_path):
    pytest.importorskip("trl", reason="TRL is not installed: pip install trl")
    recipe = load_recipe(str(recipe_file))
    ours, *theirs = (measure(recipe, engine, 6000) for engine in ("itamed", "trl", "trl-best"))
    for speed in theirs:
        assert (speed.tokens, speed.examples) == (ours.tokens, ours.examples)
        # The examples of a first step differ, and with untrained weights all losses are about alike.
        assert speed.first_loss == pytest.approx(ours.first_loss, rel=0.1)
    assert theirs[0].fed > theirs[1].fed >= ours.tokens, "padded, packed"
    for speed in (ours, *theirs):
        save(asdict(speed), tmp_path / "speed.jsonl")
    show(tmp_path / "speed.jsonl", tmp_path / "speed.md")
    assert "trl-best" in (tmp_path / "speed.md").read_text()


def test_mistakes_are_said(recipe_file, tmp_path):
    with pytest.raises(ItamedError, match="itamed, trl, trl-best"):
        measure(load_recipe(str(recipe_file)), "axolotl", 1000)
    with pytest.raises(ItamedError, match=r"none\.jsonl cannot be read: No such file"):
        show(tmp_path / "none.jsonl")
    (tmp_path / "other.jsonl").write_text('{"model": "of another command"}\n')
    with pytest.raises(ItamedError, match=r"Line 1 .*no measurement of this command"):
        show(tmp_path / "other.jsonl")
    done = CliRunner().invoke(app, ["train", "speed", "--help"])
    assert "TRL" in done.output
