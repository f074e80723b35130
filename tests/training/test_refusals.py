"""What cannot be trained is told at once, and what a training cannot write, without losing what it has."""

import json
import shutil

import pytest
import torch
from itamed.benchmark.errors import ItamedError
from itamed.training.recipe import load_recipe
from itamed.training.train import train
from transformers import Trainer

from .conftest import TASKS

pytestmark = pytest.mark.usefixtures("no_hub")


@pytest.mark.parametrize(
    ("broken", "error", "message"),
    [
        # As torch says it where a file of the optimizer's is cut short.
        (
            "_save_optimizer_and_scheduler",
            RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 63104 vs 63056"),
            r"A checkpoint could not be written .* make room, and .* again\. checkpoint-2 is whole\.",
        ),
        (
            "log",
            OSError(28, "No space left on device"),
            r"The training stopped, .*No space left.* checkpoint-2 is whole\.",
        ),
    ],
)
def test_a_full_disk_is_told_wherever_it_strikes(recipe_file, tmp_path, monkeypatch, broken, error, message):
    done = getattr(Trainer, broken)

    def full(trainer, *given, **named):
        if trainer.state.global_step > 2:
            raise error
        return done(trainer, *given, **named)

    monkeypatch.setattr(Trainer, broken, full)
    with pytest.raises(ItamedError, match=message):
        train(load_recipe(str(recipe_file)), tmp_path / "out")
    monkeypatch.undo()
    assert (train(load_recipe(str(recipe_file)), tmp_path / "out") / "model.safetensors").is_file()


def test_the_first_checkpoint_may_be_the_one_that_finds_no_room(recipe_file, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Trainer, "_save_optimizer_and_scheduler", full)
    with pytest.raises(ItamedError, match=r"give the same command again\.$"):
        train(load_recipe(str(recipe_file)), tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("max_length: 8000", "max_length: 20"), r"No example fits: raise sft\.max_length"),
        (("pack: 4000", "weights: {itamed_ner_drugtemist: 2}"), r"sft\.weights names tasks that are not trained on"),
        (("epochs: 3", "epochs: 0.001"), r"comes to no step: \d+ examples, .* Raise optimizer\.epochs, or weights"),
        (("pack: 4000", f"weights: {{{TASKS[0]}: 0, {TASKS[1]}: 0}}"), r"comes to no step: .* or weights"),
        (("itamed-mini-qa-casimedicos", "itamed-mini-qa-ssm"), "itamed-mini-qa-ssm has no train rows"),
        (("epochs: 3", "epochs: 3, weight_decay: -1"), r"sft\.optimizer\.weight_decay must be at least 0"),
        (("itamed-mini-qa-casimedicos", "itamed_qa_casimedicos"), "not built: run `itamed data build"),
        (
            ("learning_rate: 1e-2", "learning_rate: 1e+30"),
            r"The .*(loss|norm) of step \d is nan.* lower optimizer.learning_rate",
        ),
        (("base: ", "base: /no/such"), "The base model /no/such.* cannot be loaded"),
    ],
)
def test_what_cannot_be_trained_is_said(recipe_file, tmp_path, change, message):
    text = recipe_file.read_text()
    assert change[0] in text
    recipe_file.write_text(text.replace(*change))
    with pytest.raises(ItamedError, match=message):
        train(load_recipe(str(recipe_file)), tmp_path / "out")


def test_more_tokens_than_a_model_has_positions_for(recipe_file, base, tmp_path):
    short = shutil.copytree(base, tmp_path / "short")
    config = json.loads((short / "config.json").read_text()) | {"max_position_embeddings": 50}
    (short / "config.json").write_text(json.dumps(config))
    recipe_file.write_text(recipe_file.read_text().replace(str(base), str(short)))
    with pytest.raises(ItamedError, match=r"tokens, the model reads 50: lower sft\.max_length"):
        train(load_recipe(str(recipe_file)), tmp_path / "out")


def test_tasks_are_looked_at_before_a_model_is_loaded(recipe_file, tmp_path, monkeypatch):
    monkeypatch.setattr("itamed.training.train.load_base", None)
    text = recipe_file.read_text()
    for task in ("itamed-mini-qa-ssm", "itamed-mini-ner-drugtemis"):
        recipe_file.write_text(text.replace(TASKS[0], task))
        with pytest.raises(ItamedError, match=task):
            train(load_recipe(str(recipe_file)), tmp_path / "out")


def test_a_model_without_chat_template_is_told(recipe_file, base, tmp_path):
    recipe_file.write_text(recipe_file.read_text().replace("  batch: 4", "  batch: 4\n  chat: true"))
    (base / "chat_template.jinja").rename(base / "kept")
    try:
        with pytest.raises(ItamedError, match=r"no chat template: set sft\.chat to false"):
            train(load_recipe(str(recipe_file)), tmp_path / "out")
    finally:
        (base / "kept").rename(base / "chat_template.jinja")


def test_running_out_of_memory_names_what_to_lower(recipe_file, tmp_path, monkeypatch):
    def fail(*_):
        raise torch.OutOfMemoryError("no more")

    with monkeypatch.context() as patched:
        patched.setattr("itamed.training.trainer.pack_loss", fail)
        with pytest.raises(ItamedError, match="Out of memory: lower pack"):
            train(load_recipe(str(recipe_file)), tmp_path / "out")
    recipe_file.write_text(recipe_file.read_text().replace("pack: 4000", "pack: 2000"))
    assert train(load_recipe(str(recipe_file)), tmp_path / "out").is_dir(), "as the message says"
