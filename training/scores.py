"""Scores of a trained model, put into its card."""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from itamed.benchmark.console import say_notice
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.report.finding import find_runs
from itamed.benchmark.report.markdown import sheets
from itamed.benchmark.report.report import headline
from itamed.benchmark.report.run import Run
from itamed.benchmark.trained import MANIFEST

from .card import model_card
from .fields import read
from .output import ADAPTER, ADAPTER_SETTINGS, stages_of
from .recipe import Recipe


def write_scores(folder: Path, results: Iterable[Path]) -> list[Path]:
    """Write the cards of a training anew, with the scores of runs of its model; returns the cards.

    Args:
        folder: of a training.
        results: folders or files of `itamed eval`.

    Raises:
        ItamedError: the folder holds no finished training, no run is of its model, or a card cannot be written.
    """
    stages = stages_of(folder)
    model = folder / "model"
    runs = list(_of_model(find_runs(results), model))
    settings: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["recipe"]
    recipe, tables = read(Recipe, settings), sheets(headline(runs))
    cards = {model: model_card(recipe, stages, tables)}
    if (folder / ADAPTER).is_dir():
        settings = json.loads((folder / ADAPTER / ADAPTER_SETTINGS).read_text(encoding="utf-8"))
        tuned = str(settings["base_model_name_or_path"]) if len(stages) > 1 else recipe.base
        cards[folder / ADAPTER] = model_card(recipe, stages, tables, adapter_of=tuned)
    for path, card in cards.items():
        write_text(path / "README.md", card)
    return [path / "README.md" for path in cards]


def _of_model(runs: Iterable[Run], model: Path) -> Iterator[Run]:
    """Yield the runs of a model; others are named and left out.

    Raises:
        ItamedError: there is none.
    """
    found = False
    for run in runs:
        if _is_of(run, model):
            found = True
            yield run
        else:
            say_notice(f"Left out: {run.path} has the scores of {run.model}, not of {model}.")
    if not found:
        raise ItamedError(f"No run there has the scores of {model}: name results of `itamed eval` of that folder.")


def _is_of(run: Run, model: Path) -> bool:
    """Return whether a run is of the model in a folder, wherever this command is called.

    Where a run was begun is not known: of a path that was relative there its end must fit, and one that
    says nothing ("model") is that of the training in whose folder the results lie.
    """
    named = Path(run.model)
    if named.is_absolute():
        return named.resolve() == model.resolve()
    end = [part for part in Path(os.path.normpath(named)).parts if part != os.pardir]
    if len(end) < 2:
        return model.resolve().parent in run.path.resolve().parents and end == ["model"]
    return any(list(place.parts[-len(end) :]) == end for place in (model.absolute(), model.resolve()))
