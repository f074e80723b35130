"""Scores of a trained model, put into its card."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.report.finding import find_runs
from itamed.benchmark.report.markdown import sheets
from itamed.benchmark.report.report import headline
from itamed.benchmark.report.run import Run
from itamed.benchmark.trained import MANIFEST

from .card import model_card
from .fields import read
from .output import ADAPTER, stages_of
from .recipe import Recipe


def write_scores(folder: Path, results: Iterable[Path]) -> list[Path]:
    """Write the cards of a training anew, with the scores of runs of its model; returns the cards.

    Args:
        folder: of a training.
        results: folders or files of `itamed eval`.

    Raises:
        ItamedError: the folder holds no finished training, a run is of another model, or a card cannot be written.
    """
    stages = stages_of(folder)
    runs = find_runs(results)
    for run in runs:
        _require_model(run, folder / "model")
    settings: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["recipe"]
    recipe, tables = read(Recipe, settings), sheets(headline(runs))
    cards = [path / "README.md" for path in (folder / "model", folder / ADAPTER) if path.is_dir()]
    for card in cards:
        write_text(card, model_card(recipe, stages, tables, adapter=card.parent.name == ADAPTER))
    return cards


def _require_model(run: Run, model: Path) -> None:
    if Path(run.model).resolve() != model.resolve():
        raise ItamedError(f"{run.path} has the scores of {run.model}, not of {model}: name runs of that one.")
