"""A plan against the training that it announces."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.training import trainer
from itamed.training.corpora.prepare import prepare
from itamed.training.cpt import cpt_stage
from itamed.training.model import load_base
from itamed.training.plan import plan
from itamed.training.recipe import load_recipe
from itamed.training.stage import engine, steps_of
from itamed.training.train import train
from itamed.training.work import Meter
from typer.testing import CliRunner


def test_an_encoder_is_not_planned():
    with pytest.raises(ItamedError, match="plans count cpt and sft alone"):
        plan(load_recipe("encoder-mini"))


def test_a_plan_counts_what_training_does(recipe_file, base, tmp_path, monkeypatch):
    sums = Counter()

    class Counted(Meter):
        def add(self, fed, unshared, answers, flops):
            super().add(fed, unshared, answers, flops)
            sums.update(steps=1, tokens=unshared, fed=fed, answers=answers, flops=flops)

    monkeypatch.setattr(trainer, "Meter", Counted)
    recipe = load_recipe(str(recipe_file))
    (found,) = plan(recipe)
    assert not sums, "nothing is trained"
    train(recipe, tmp_path / "out")
    assert {name: getattr(found, name) for name in sums} == pytest.approx(dict(sums))
    assert sum(size.passed for size in found.sizes) == 4 * recipe.sft.batch
    assert sum(size.loss for size in found.sizes) == pytest.approx(1)
    size = (base / "model.safetensors").stat().st_size
    assert found.disk_bytes > size * 0.9 and found.disk_bytes < size * 1.1 + 4 * found.training_bytes
    assert size * 0.4 < found.weight_bytes < size * 1.1


def test_a_plan_shows_what_each_task_is_of_the_loss(recipe_file, tmp_path):
    recipe = load_recipe(str(recipe_file))
    (by_token,) = plan(recipe)
    (by_example,) = plan(replace(recipe, sft=replace(recipe.sft, loss="examples")))
    shares = [{size.name: size.loss for size in found.sizes} for found in (by_token, by_example)]
    task = next(name for name in shares[0] if "-qa-" in name)
    passed = {size.name: size.passed for size in by_example.sizes}
    assert shares[0][task] < shares[1][task] == pytest.approx(passed[task] / sum(passed.values()))
    done = CliRunner().invoke(app, ["train", "plan", str(recipe_file), "--markdown", str(tmp_path / "plan.md")])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "plan.md").read_text()
    assert f"| {shares[0][task]:.1%} |" in text and "| disk (checkpoints while it runs, then the model) |" in text


CORPUS = """
cpt:
  corpora: [{name: mine, path: %s, format: jsonl}]
  length: 64
  batch: 8
  pack: 256
  dev_share: 0.1
  unchecked_tasks: [itamed]
  optimizer: {epochs: 2}
"""


def with_text(recipe_file, count):
    """Add pre-training on texts of growing length to a recipe."""
    path = recipe_file.with_name("text.jsonl")
    # Texts that differ in half of their words are no copies.
    texts = (" ".join(f"il paziente {n}x{m} ha la tosse" for m in range(4 + n % 9)) for n in range(count))
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    recipe_file.write_text(recipe_file.read_text() + CORPUS % path)
    return load_recipe(str(recipe_file))


def test_text_is_planned_as_it_is_trained_on(recipe_file, base, tmp_path):
    recipe = with_text(recipe_file, 60)
    found, tuning = plan(recipe)
    assert (found.stage, tuning.stage, found.sample) == ("cpt", "sft", 0)
    lm = engine(*load_base(str(base), "", "float32"))
    stage = cpt_stage(recipe.cpt, prepare(recipe.cpt), lm, tmp_path)
    assert found.steps == len(steps_of(stage, 0, 1))
    assert found.tokens == 2 * sum(map(len, stage.examples))
    assert [(size.name, size.count, size.passed) for size in found.sizes] == [("mine", 54, 108)]
    assert found.training_bytes > found.weight_bytes * 2 > tuning.training_bytes


def test_much_text_is_estimated_and_says_so(recipe_file, monkeypatch, tmp_path):
    recipe = with_text(recipe_file, 200)
    (whole, _) = plan(recipe)
    monkeypatch.setattr("itamed.training.plan._SAMPLE", 90)
    (found, _) = plan(recipe)
    assert found.sample == 90 and found.sizes[0].count == whole.sizes[0].count
    assert (found.steps, found.tokens, found.flops) == pytest.approx((whole.steps, whole.tokens, whole.flops), rel=0.1)
    done = CliRunner().invoke(app, ["train", "plan", str(recipe_file), "--markdown", str(tmp_path / "plan.md")])
    assert done.exit_code == 0 and "(tokens estimated from 90 documents)" in (tmp_path / "plan.md").read_text()


def test_a_time_is_calculated_for_a_device(recipe_file, tmp_path):
    command = ["train", "plan", str(recipe_file), "--markdown", str(tmp_path / "plan.md")]
    done = CliRunner().invoke(app, [*command, "--tflops", "1e-6", "--mfu", "0.5"])
    assert done.exit_code == 0, done.output
    minutes = plan(load_recipe(str(recipe_file)))[0].flops / 0.5e6 / 60
    assert f"| time at 50% of 1e-06 TFLOP/s (calculated) | {minutes:.1f} min |" in (tmp_path / "plan.md").read_text()


def test_mistakes_are_said(recipe_file):
    done = CliRunner().invoke(app, ["train", "plan", str(recipe_file), "--mfu", "40"])
    assert done.exit_code == 2 and "less than or equal to 1" in done.output
    done = CliRunner().invoke(app, ["train", "plan", str(recipe_file), "--base", "/no/such"])
    assert isinstance(done.exception, ItamedError) and "/no/such cannot be looked at" in str(done.exception)
