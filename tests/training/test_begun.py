"""A run that was cut off goes on with what it was begun with, or not at all."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from itamed.benchmark.errors import ItamedError
from itamed.training.begun import begun_with
from itamed.training.examples import examples
from itamed.training.recipe import load_recipe
from itamed.training.train import train
from safetensors.torch import load_file, save_file

from .test_stages import with_pre_training

pytestmark = pytest.mark.usefixtures("no_hub")


def test_not_with_other_data(unfinished, keeping, monkeypatch):
    changed = "itamed.training.sft.examples"
    monkeypatch.setattr(changed, lambda asked, shots: examples(asked, shots)[1:])
    with pytest.raises(ItamedError, match="begun with other examples"):
        train(load_recipe(str(keeping)), unfinished)


def test_not_from_other_weights(unfinished, keeping, base, tmp_path):
    moved = shutil.copytree(base, tmp_path / "newer")
    again = replace(load_recipe(str(keeping)), base=str(moved))
    for file in (unfinished / "recipe.json", keeping):
        file.write_text(file.read_text().replace(str(base), str(moved)))
    kept = (moved / "model.safetensors").read_bytes()
    weights = load_file(moved / "model.safetensors")
    save_file({name: value + 1e-3 for name, value in weights.items()}, moved / "model.safetensors", {"format": "pt"})
    with pytest.raises(ItamedError, match=r"begun with other weights: the base model .* as revision"):
        train(again, unfinished)
    (moved / "model.safetensors").write_bytes(kept)
    assert (train(again, unfinished) / "model.safetensors").is_file(), "the same weights in another folder"


def test_not_in_another_number_format(unfinished, keeping):
    begun = unfinished / "checkpoints" / "begun.json"
    begun.write_text(json.dumps(json.loads(begun.read_text()) | {"dtype": "bfloat16"}))
    with pytest.raises(ItamedError, match=r"begun with other dtype \(bfloat16, here float32\)"):
        train(load_recipe(str(keeping)), unfinished)


def test_not_where_nobody_knows(unfinished, keeping):
    (unfinished / "checkpoints" / "begun.json").unlink()
    with pytest.raises(ItamedError, match=r"begun\.json is missing"):
        train(load_recipe(str(keeping)), unfinished)


def test_not_without_the_pre_training_that_it_was_begun_from(keeping, tmp_path):
    with_pre_training(keeping, tmp_path)
    recipe = load_recipe(str(keeping))
    first = train(replace(recipe, sft=None), tmp_path / "first").parent
    train(recipe, tmp_path / "out", first)
    (tmp_path / "out" / "training.json").unlink()
    with pytest.raises(ItamedError, match="say --pretrained again"):
        train(recipe, tmp_path / "out")
    assert (train(recipe, tmp_path / "out", first) / "model.safetensors").is_file()


def test_what_a_run_is_begun_with_is_its_content_alone():
    model, other = torch.nn.Linear(100, 3), torch.nn.Linear(100, 3)
    found = begun_with([b"a", b"b"], model)
    assert found == begun_with([b"a", b"b"], model) and found["dtype"] == "float32"
    assert begun_with([b"ab"], model)["examples"] != found["examples"]
    assert begun_with([b"a", b"b"], other)["weights"] != found["weights"]
