"""The founding paper's result table, shown beside ours as what it is: reported by others."""

from __future__ import annotations

from importlib.resources import files

import yaml

from .sheet import NONE, Section, Sheet

_TEXT = (
    "These figures were measured by others, with other prompts, splits and metrics, and have no intervals: they are "
    "no baseline of the runs here. Two of the rows are alike in the source, so that one of them must be damaged."
)


def published() -> Section:
    """Return the rows of published.yaml as a part of a report."""
    data = yaml.safe_load(files(__package__).joinpath("published.yaml").read_text(encoding="utf-8"))
    rows = [[model, method, *map(_cell, figures)] for model, method, *figures in data["rows"]]
    title = f"Reported by others, not re-scored ({data['source']}; %)"
    return Section("Reported by others", _TEXT, [Sheet(title, data["header"], rows)])


def _cell(figure: float | None) -> str:
    return NONE if figure is None else f"{figure:.1f}"
