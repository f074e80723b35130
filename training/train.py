"""A training from recipe to checkpoint: resumes where it was cut off, refuses another recipe in the same folder."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import require_folder
from itamed.benchmark.files import write_text

from .cpt import cpt_stage
from .model import load_base
from .output import MANIFEST, done, save
from .recipe import Cpt, Recipe, Sft
from .sft import sft_stage
from .stage import engine, run

_log = logging.getLogger(__name__)
_RECIPE = "recipe.json"


def train(recipe: Recipe, output: Path) -> Path:
    """Train as a recipe says: its stages one after the other; return the folder to evaluate.

    Args:
        recipe: what to do.
        output: a folder of its own; an interrupted training of the same recipe goes on there.

    Raises:
        ItamedError: the folder holds another training or cannot be written, or training fails.
    """
    require_folder(output)
    _claim(output, recipe)
    history: list[dict[str, Any]] = []
    base = recipe.base
    if recipe.cpt and recipe.sft:
        base = str(_stage("cpt", replace(recipe, merge=True), base, output / "cpt", history))
    return _stage("sft" if recipe.sft else "cpt", recipe, base, output, history)


def _stage(name: str, recipe: Recipe, base: str, output: Path, history: list[dict[str, Any]]) -> Path:
    """Run a stage from a base model, unless it is finished; what it did goes to `history`."""
    finished = output / MANIFEST
    if recipe.cpt and name == "cpt" and finished.is_file():
        history += json.loads(finished.read_text(encoding="utf-8"))["stages"]
        return output / "model"
    started = time.time()
    revision = recipe.revision if base == recipe.base else ""
    section: Sft | Cpt | None = recipe.sft if name == "sft" else recipe.cpt
    assert section is not None
    # Whole weights are kept in float32: steps are smaller than what less precise ones can hold.
    dtype = recipe.dtype if section.lora else "float32"
    model, tokenizer = load_base(base, revision, dtype, "cuda" if torch.cuda.is_available() else "cpu")
    lm = engine(model, tokenizer)
    stage = sft_stage(section, recipe.seed, lm) if isinstance(section, Sft) else cpt_stage(section, lm, output)
    trainer = run(stage, recipe, lm, output / "checkpoints")
    history.append(done(trainer, name, time.time() - started))
    return save(trainer, tokenizer, recipe, output, history)


def _claim(output: Path, recipe: Recipe) -> None:
    """Write the recipe into its folder, or check that the one there is the same."""
    mine: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))
    path = output / _RECIPE
    if not path.is_file():
        write_text(path, json.dumps(mine, indent=2) + "\n")
        return
    try:
        theirs = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ItamedError(f"{path} is damaged ({error}): delete {output}, or choose another --output.") from error
    if differing := _differing(mine, theirs):
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
