"""A training from recipe to checkpoint: resumes where it was cut off, refuses another recipe in the same folder."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import require_folder
from itamed.benchmark.files import write_text

from .model import load_base
from .output import save
from .recipe import Recipe
from .sft import fine_tune

_log = logging.getLogger(__name__)
_RECIPE = "recipe.json"


def train(recipe: Recipe, output: Path) -> Path:
    """Train as a recipe says; return the folder to evaluate.

    Args:
        recipe: what to do.
        output: a folder of its own; an interrupted training of the same recipe goes on there.

    Raises:
        ItamedError: the folder holds another training or cannot be written, or training fails.
    """
    require_folder(output)
    _claim(output, recipe)
    started = time.time()
    base = load_base(recipe, "cuda" if torch.cuda.is_available() else "cpu")
    trainer = fine_tune(recipe, base, output / "checkpoints")
    return save(trainer, base[1], recipe, output, time.time() - started)


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
