"""A plan against the training that it announces."""

from collections import Counter

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.training import trainer
from itamed.training.plan import plan
from itamed.training.recipe import load_recipe
from itamed.training.train import train
from itamed.training.work import Meter
from typer.testing import CliRunner


def test_a_plan_counts_what_training_does(recipe_file, base, tmp_path, monkeypatch):
    sums = Counter()

    class Counted(Meter):
        def add(self, packs, arithmetic):
            super().add(packs, arithmetic)
            sums["steps"] += 1
            for pack in packs:
                sums.update(tokens=pack.unshared, fed=len(pack.ids), answers=len(pack.targets))
                sums["flops"] += arithmetic.flops(pack)

    monkeypatch.setattr(trainer, "Meter", Counted)
    recipe = load_recipe(str(recipe_file))
    found = plan(recipe)
    assert not sums, "nothing is trained"
    train(recipe, tmp_path / "out")
    assert {name: getattr(found, name) for name in sums} == pytest.approx(dict(sums))
    assert sum(found.passed.values()) == 4 * recipe.sft.batch
    size = (base / "model.safetensors").stat().st_size
    assert size * 0.4 < found.weight_bytes < size * 1.1


def test_a_time_is_calculated_for_a_device(recipe_file, tmp_path):
    command = ["train", "plan", str(recipe_file), "--markdown", str(tmp_path / "plan.md")]
    done = CliRunner().invoke(app, [*command, "--tflops", "1e-6", "--mfu", "0.5"])
    assert done.exit_code == 0, done.output
    minutes = plan(load_recipe(str(recipe_file))).flops / 0.5e6 / 60
    assert f"| time at 50% of 1e-06 TFLOP/s (calculated) | {minutes:.1f} min |" in (tmp_path / "plan.md").read_text()


def test_mistakes_are_said(recipe_file):
    done = CliRunner().invoke(app, ["train", "plan", str(recipe_file), "--mfu", "40"])
    assert done.exit_code == 2 and "less than or equal to 1" in done.output
    done = CliRunner().invoke(app, ["train", "plan", str(recipe_file), "--base", "/no/such"])
    assert isinstance(done.exception, ItamedError) and "/no/such cannot be looked at" in str(done.exception)
