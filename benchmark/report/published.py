"""The founding paper's result table, shown beside ours as what it is: reported by others."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from .sheet import NONE, Section, Sheet

_TEXT = (
    "These figures were measured by others, with other prompts, splits and metrics, and have no intervals: they are "
    "no baseline of the runs here; p is as they mark it. Two of the rows are alike in the source, so that one of them "
    "must be damaged."
)


def published_table() -> Mapping[str, Any]:
    """Return the table as published.yaml has it: "source", "header" and "rows"."""
    text = files(__package__).joinpath("published.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


def published() -> Section:
    """Return the table as a part of a report."""
    data = published_table()
    rows = [[model, method, *map(_cell, figures)] for model, method, *figures in data["rows"]]
    title = f"Reported by others, not re-scored ({data['source']}; %)"
    return Section("Reported by others", _TEXT, [Sheet(title, data["header"], rows)])


def _cell(figure: float | str | None) -> str:
    return NONE if figure is None else figure if isinstance(figure, str) else f"{figure:.1f}"
