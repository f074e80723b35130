"""Weights shared out by FSDP: two processes train what one does, and go on after a kill."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.training.model import load_base
from itamed.training.recipe import load_recipe
from itamed.training.sft import sft_stage
from itamed.training.stage import engine, steps_of
from itamed.training.train import train
from safetensors.torch import load_file
from transformers import Trainer

from ..benchmark.engines.hf import tiny
from . import fsdp_on_cpu

PACK = 1000
"""Tokens of a pack: some examples share one, others do not."""


def sharded(recipe, output):
    """Train in two processes; returns what came."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, fsdp_on_cpu.__file__, "train", str(recipe), "--output", str(output)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


def weights(folder: Path):
    return load_file(folder / "model" / "model.safetensors")


def dev_losses(folder: Path):
    log = json.loads((folder / "training.json").read_text())["stages"][-1]["log"]
    return [entry["eval_loss"] for entry in log if "eval_loss" in entry]


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    assert max((found[name] - expected[name]).abs().max().item() for name in expected) < 1e-5


def test_shared_weights_train_as_whole_ones_do(recipe_file, tmp_path):
    text = recipe_file.read_text().replace("pack: 4000", f"pack: {PACK}")
    text = text.replace("{rank: 4}", "{rank: 4, dropout: 0.0}").replace("1e-2", "1e-3")
    recipe_file.write_text(text + "keep_checkpoints: true\n")
    recipe = load_recipe(str(recipe_file))
    steps = steps_of(sft_stage(recipe.sft, 0, engine(*load_base(recipe.base, "", "float32"))), 0, 2)
    counts = [len(steps[number]) for number in range(len(steps))]
    assert any(one != other for one, other in zip(counts[::2], counts[1::2], strict=True)), "unequal numbers of packs"
    train(recipe, tmp_path / "one")
    expected, two = weights(tmp_path / "one"), tmp_path / "two"
    done = sharded(recipe_file, two)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (two / "checkpoints" / "checkpoint-4" / "pytorch_model_fsdp_0").is_dir(), "weights were not shared out"
    assert_same(weights(two), expected)
    assert dev_losses(two) == pytest.approx(dev_losses(tmp_path / "one"), rel=1e-4)
    # As after a kill in the third step.
    shutil.rmtree(two / "checkpoints" / "checkpoint-4")
    shutil.rmtree(two / "model")
    (two / "training.json").unlink()
    done = sharded(recipe_file, two)
    assert "Going on after step 2" in done.stderr
    assert_same(weights(two), expected)


def test_all_weights_with_the_vocabulary_at_both_ends_in_bfloat16(recipe_file, base, tmp_path):
    """What FSDP is for: continual pre-training of models whose output layer is their embeddings."""
    wide = tiny.written("gemma3-wide", tmp_path / "wide")
    text = recipe_file.read_text().replace(str(base), str(wide)).replace("pack: 4000", f"pack: {PACK}")
    text = text.replace("lora: {rank: 4}", "lora: null").replace("float32", "bfloat16").replace("1e-2", "1e-4")
    recipe_file.write_text(text)
    train(load_recipe(str(recipe_file)), tmp_path / "one")
    done = sharded(recipe_file, tmp_path / "two")
    assert done.returncode == 0, done.stderr[-3000:]
    assert weights(tmp_path / "two").keys() == weights(tmp_path / "one").keys()
    assert dev_losses(tmp_path / "two") == pytest.approx(dev_losses(tmp_path / "one"), rel=1e-2)


def test_the_first_version_of_fsdp_is_refused(recipe_file, tmp_path, monkeypatch):
    begin = Trainer.create_accelerator_and_postprocess

    def begin_sharded(self):
        begin(self)
        self.is_fsdp_enabled = True

    monkeypatch.setattr(Trainer, "create_accelerator_and_postprocess", begin_sharded)
    with pytest.raises(ItamedError, match="set fsdp_version: 2"):
        train(load_recipe(str(recipe_file)), tmp_path / "one")
