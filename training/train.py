"""A training from recipe to checkpoint: resumes where it was cut off, refuses another recipe in the same folder."""

from __future__ import annotations

import gc
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from itamed.benchmark.engines.hf.memory import is_out_of_memory
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import require_folder
from itamed.benchmark.files import write_text
from itamed.benchmark.trained import MANIFEST

from .checkpoints import last_whole, remove_checkpoints
from .corpora.prepare import prepare
from .cpt import cpt_stage
from .encoder.train import train_encoder
from .examples import require_rows
from .model import load_base, loaded_dtype, training_dtype, with_adapters
from .output import Outcome, done, manifest_of, save, stages_of
from .recipe import Cpt, Recipe, Sft, without_memory
from .sft import sft_stage, trained_tasks
from .stage import engine, run

_log = logging.getLogger(__name__)
_RECIPE = "recipe.json"
_OF_FINE_TUNING = ("name", "sft")
"""Settings that say nothing of the pre-training before it."""


def train(recipe: Recipe, output: Path, pretrained: Path | None = None) -> Path:
    """Train as a recipe says: its stages one after the other; return the folder to evaluate.

    Args:
        recipe: what to do.
        output: a folder of its own; an interrupted training of the same recipe goes on there.
        pretrained: the folder of a finished training whose continual pre-training is that of the recipe, too:
            fine-tuning starts from its model.

    Raises:
        ItamedError: the folder holds another training or cannot be written, the pre-training is another one or
            not finished, or training fails.
    """
    if pretrained:
        _require_pretrained(pretrained, recipe)
    elif recipe.cpt and recipe.sft and last_whole(output / "checkpoints") and not (output / "cpt" / MANIFEST).is_file():
        raise ItamedError(f"The training in {output} fine-tunes what another has pre-trained: say --pretrained again.")
    require_folder(output)
    _claim(output, recipe)
    try:
        return _stages(recipe, output, pretrained or output / "cpt")
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise ItamedError(
            "Out of memory: lower pack (tokens of a forward) or set gradient_checkpointing, and give the same command "
            "again. Where one example alone is too much (max_length; length of cpt), or the model: lower that, take "
            "dtype: bfloat16, or adapters (lora), in another --output; where it was development rows that were being "
            "answered, with all weights on each GPU, dev_score: false. Of an encoder lower batch, likewise in another."
        ) from error


def _stages(recipe: Recipe, output: Path, first: Path) -> Path:
    if recipe.encoder:
        return train_encoder(recipe, recipe.encoder, output)
    history: list[dict[str, Any]] = []
    base = recipe.base
    if recipe.cpt and recipe.sft:
        # Adapters name the weights that they are of: a path that is right wherever they are loaded.
        base = str(_stage("cpt", recipe, base, first, history).resolve())
        # The model of a stage would stay beside the next one: it holds on to itself.
        gc.collect()
        torch.cuda.empty_cache()
    return _stage("sft" if recipe.sft else "cpt", recipe, base, output, history)


def _stage(name: str, recipe: Recipe, base: str, output: Path, history: list[dict[str, Any]]) -> Path:
    """Run a stage from a base model, unless it is finished; what it did goes to `history`."""
    if (output / MANIFEST).is_file():
        if not recipe.keep_checkpoints:
            # Killed while it removed them.
            remove_checkpoints(output / "checkpoints")
        history += stages_of(output)
        return output / "model"
    started = time.time()
    revision = recipe.revision if base == recipe.base else ""
    section: Sft | Cpt | None = recipe.sft if name == "sft" else recipe.cpt
    assert section is not None
    dtype = training_dtype(recipe.dtype)
    # What is wrong with a corpus or a task, or takes its time, is seen before a model is loaded.
    text = prepare(section) if isinstance(section, Cpt) else None
    if isinstance(section, Sft):
        require_rows(trained_tasks(section), "train")
    model, tokenizer = load_base(base, revision, loaded_dtype(recipe.dtype, section.lora))
    lm = engine(model, tokenizer)

    def fresh() -> Any:
        # Beside its shards a GPU may have no room for a whole model; its precision is not the processor's.
        precision = str(model.dtype).removeprefix("torch.")
        return with_adapters(load_base(base, revision, precision, "cpu")[0], section.lora, recipe.seed)

    if isinstance(section, Sft):
        stage = sft_stage(section, recipe.seed, lm)
    else:
        assert text is not None
        stage = cpt_stage(section, text, lm, output)
    trainer = run(stage, recipe, lm, output / "checkpoints")
    begun_from = {"dtype": dtype, "base_commit": getattr(model.config, "_commit_hash", None)}
    history.append(done(trainer, name, time.time() - started) | begun_from)
    saved = save(trainer, Outcome(tokenizer, recipe, output, history, dtype, base if history[1:] else ""), fresh)
    trainer.accelerator.free_memory()
    return saved


def _require_pretrained(folder: Path, recipe: Recipe) -> None:
    """Check that a folder holds the finished pre-training of a recipe, and nothing more."""
    if not (recipe.cpt and recipe.sft):
        raise ItamedError("--pretrained is for recipes with both a cpt and an sft section.")
    manifest = manifest_of(folder)
    if [stage["stage"] for stage in manifest["stages"]] != ["cpt"]:
        raise ItamedError(f"{folder} is no pre-training alone: name the folder of one, or cpt/ in that of a training.")
    mine, theirs = (
        {key: each for key, each in without_memory(settings).items() if key not in _OF_FINE_TUNING}
        for settings in (_plain(recipe), manifest.get("recipe") or {})
    )
    if differing := list(_differing(mine, theirs)):
        raise ItamedError(
            f"{folder} holds another pre-training ({', '.join(differing)} differ): leave --pretrained out, or name the "
            "right one."
        )


def _plain(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe's settings as they are read from JSON."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))
    return plain


def _claim(output: Path, recipe: Recipe) -> None:
    """Write the recipe into its folder, or check that what was begun there is the same training."""
    mine = _plain(recipe)
    path = output / _RECIPE
    begun = any(output.rglob("checkpoint-*")) or any(output.rglob(MANIFEST))
    if not begun or not path.is_file():
        write_text(path, json.dumps(mine, indent=2) + "\n")
        return
    try:
        theirs = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ItamedError(f"{path} is damaged ({error}): delete {output}, or choose another --output.") from error
    if differing := list(_differing(without_memory(mine), without_memory(theirs))):
        raise ItamedError(
            f"{output} holds a training of another recipe ({', '.join(differing)} differ): choose another --output."
        )


def _differing(mine: Any, theirs: Any, place: str = "") -> list[str]:
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return [] if mine == theirs else [place or "all"]
    return [
        found
        for key in {**mine, **theirs}
        for found in _differing(mine.get(key), theirs.get(key), f"{place}.{key}" if place else key)
    ]
