"""Fixtures: a tiny model to start from, and the smallest recipe that trains it on the embedded set."""

import shutil

import pytest
from itamed.training.recipe import load_recipe
from itamed.training.train import train

from ..benchmark.engines.hf import tiny
from ..benchmark.engines.hf.conftest import one_thread  # noqa: F401 (a fixture of these tests, too)

TASKS = ("itamed-mini-ner-drugtemist", "itamed-mini-qa-casimedicos")


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Return a folder with a tiny model, a tokenizer and a chat template."""
    return tiny.written("llama", tmp_path_factory.mktemp("base") / "model")


@pytest.fixture
def recipe_file(base, tmp_path):
    """Return the file of a recipe of four steps, with a look at the development rows after every second."""
    path = tmp_path / "recipe.yaml"
    path.write_text(f"""
name: tiny
base: {base}
dtype: float32
sft:
  tasks: [{", ".join(TASKS)}]
  max_length: 8000
  batch: 4
  pack: 4000
  dev_notes: 1
  dev_every: 2
  lora: {{rank: 4}}
  optimizer: {{learning_rate: 1e-2, max_steps: 4, epochs: 3}}
""")
    return path


@pytest.fixture
def keeping(recipe_file):
    """Return a recipe's file that keeps its checkpoints."""
    recipe_file.write_text(recipe_file.read_text() + "keep_checkpoints: true\n")
    return recipe_file


@pytest.fixture
def unfinished(keeping, tmp_path):
    """Return the folder of a training that was cut off after its last checkpoint."""
    output = tmp_path / "out"
    train(load_recipe(str(keeping)), output)
    (output / "training.json").unlink()
    for name in ("model", "adapter"):
        shutil.rmtree(output / name)
    return output
