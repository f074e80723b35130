"""Continual pre-training and fine-tuning in turn: one model at a time, in one number format."""

import json
import weakref
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.declaration import trained_with_itamed
from itamed.training.model import load_base
from itamed.training.recipe import load_recipe
from itamed.training.train import train
from safetensors.torch import load_file


def held_alone(monkeypatch):
    """Record the models that are loaded, in which format; each must be gone when the next one comes."""
    loaded = []

    def load(name, revision, dtype, *device):
        assert all(model() is None for _, model in loaded), "two models are in memory"
        model, tokenizer = load_base(name, revision, dtype, *device)
        loaded.append((dtype, weakref.ref(model)))
        return model, tokenizer

    monkeypatch.setattr("itamed.training.train.load_base", load)
    return loaded


def formats(file):
    return {value.dtype for value in load_file(file).values()}


def with_pre_training(recipe_file, folder):
    """Let a recipe read sixty made-up documents first."""
    texts = [
        f"Il paziente numero {n} riferisce da {n} giorni una febbre alta con tosse e dolore al torace."
        for n in range(60)
    ]
    (folder / "x.jsonl").write_text("".join(json.dumps({"text": f"{text} {text}"}) + "\n" for text in texts))
    recipe_file.write_text(
        recipe_file.read_text().replace("dtype: float32", "dtype: bfloat16")
        + f"""
cpt:
  corpora: [{{name: mine, path: {folder}/x.jsonl, format: jsonl}}]
  length: 64
  batch: 8
  pack: 256
  unchecked_tasks: [itamed]
  dev_share: 0.1
  dev_every: 2
  optimizer: {{learning_rate: 1e-3, max_steps: 4}}
"""
    )


def test_pre_training_and_fine_tuning_follow_each_other(keeping, tmp_path, monkeypatch):
    recipe_file = keeping
    monkeypatch.chdir(tmp_path)
    loaded = held_alone(monkeypatch)
    with_pre_training(recipe_file, tmp_path)
    model = train(load_recipe(str(recipe_file)), Path("out"))
    assert model == Path("out", "model")
    assert [dtype for dtype, _ in loaded] == ["float32", "bfloat16"], "all weights are trained in float32, not kept so"
    assert formats(tmp_path / "out/cpt/model/model.safetensors") == {torch.bfloat16}
    assert formats(tmp_path / "out/cpt/checkpoints/checkpoint-4/model.safetensors") == {torch.float32}
    assert formats(model / "model.safetensors") == {torch.bfloat16}
    weights = str(tmp_path / "out" / "cpt" / "model")
    settings = json.loads((tmp_path / "out" / "adapter" / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == weights
    adapter_card = (tmp_path / "out" / "adapter" / "README.md").read_text()
    assert f"pretrained={weights},peft=THIS" in adapter_card and "base_model:" not in adapter_card
    cpt, sft = json.loads((tmp_path / "out" / "training.json").read_text())["stages"]
    assert (cpt["stage"], sft["stage"]) == ("cpt", "sft")
    looks = [entry["eval_loss"] for entry in cpt["log"] if "eval_loss" in entry]
    assert looks[-1] < looks[0]
    report = json.loads((tmp_path / "out" / "cpt" / "decontamination.json").read_text())
    assert len(report["unchecked_tasks"]) == 20, "no data are built here"
    assert trained_with_itamed(model).test_rows == "unknown"
    card = (model / "README.md").read_text()
    assert "then supervised fine-tuning" in card and "| mine |" in card
    # A second call finds all finished.
    monkeypatch.setattr("itamed.training.train.load_base", None)
    recipe_file.write_text(recipe_file.read_text().replace("keep_checkpoints: true", "keep_checkpoints: false"))
    assert train(load_recipe(str(recipe_file)), tmp_path / "out") == model.absolute()
    assert not list((tmp_path / "out" / "checkpoints").glob("checkpoint-*"))


def test_fine_tuning_starts_from_a_pre_training_that_is_there(recipe_file, tmp_path, monkeypatch):
    with_pre_training(recipe_file, tmp_path)
    both = load_recipe(str(recipe_file))
    train(both, tmp_path / "both")
    alone = train(replace(both, name="first", sft=None), tmp_path / "alone").parent
    loaded = held_alone(monkeypatch)
    for place in (alone, tmp_path / "both" / "cpt"):
        output = tmp_path / f"from-{place.name}"
        model = train(replace(both, name="second"), output, place)
        assert not (output / "cpt").exists()
        settings = json.loads((output / "adapter" / "adapter_config.json").read_text())
        assert settings["base_model_name_or_path"] == str(place / "model")
        stages = json.loads((output / "training.json").read_text())["stages"]
        assert [stage["stage"] for stage in stages] == ["cpt", "sft"]
        one, other = (load_file(folder / "model.safetensors") for folder in (tmp_path / "both" / "model", model))
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    assert len(loaded) == 2, "nothing is pre-trained again"


def test_another_pre_training_is_refused(recipe_file, tmp_path):
    with_pre_training(recipe_file, tmp_path)
    both = load_recipe(str(recipe_file))
    output = tmp_path / "out"
    with pytest.raises(ItamedError, match=r"training\.json is no manifest .* name a finished one's folder"):
        train(both, output, tmp_path)
    alone = train(replace(both, sft=None), tmp_path / "alone").parent
    other = replace(both, seed=7, cpt=replace(both.cpt, length=32, pack=512))
    with pytest.raises(ItamedError, match=r"another pre-training \(seed, cpt\.length differ\)"):
        train(other, output, alone)
    with pytest.raises(ItamedError, match="both a cpt and an sft section"):
        train(replace(both, cpt=None), output, alone)
    train(both, tmp_path / "both", alone)
    with pytest.raises(ItamedError, match="is no pre-training alone"):
        train(both, output, tmp_path / "both")
    assert not output.exists()
