"""The founding paper's result table, shown beside ours as what it is: reported by others."""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

import yaml

from .sheet import FAMILY_NAMES, NONE, Section, Sheet

_TEXT = (
    "These figures were measured by others, with other prompts, splits and metrics, and have no intervals: they are "
    "no baseline of the runs here, and do not compare with them. Whether they are in-distribution, out-of-distribution "
    "or both is unknown, so that they stand against neither of our means. Two of the rows are alike in the source, so "
    "that one of them must be damaged. Gain is the mean less that of the row marked as their baseline; p is as they "
    "mark it, with more stars for a smaller one."
)
_GAIN = "gain"


class Published(NamedTuple):
    """A table of others as texts, families in the order of ours, and what has to be known to read it."""

    source: str
    text: str
    header: list[str]
    rows: list[list[str]]


def published_table() -> Published:
    """Return the table of published.yaml."""
    data = yaml.safe_load(files(__package__).joinpath("published.yaml").read_text(encoding="utf-8"))
    families = [name for name in FAMILY_NAMES.values() if name in data["header"]]
    places = iter(families)
    header = [next(places) if name in families else name for name in data["header"]]
    rows = [dict(zip(data["header"], row, strict=True)) for row in data["rows"]]
    return Published(data["source"], _TEXT, header, [[_cell(name, row[name]) for name in header] for row in rows])


def published() -> Section:
    """Return the table as a part of a report."""
    table = published_table()
    title = f"Reported by others, not re-scored ({table.source}; %)"
    return Section("Reported by others", _TEXT, [Sheet(title, table.header, table.rows)])


def _cell(name: str, figure: float | str | None) -> str:
    if figure is None or isinstance(figure, str):
        return figure or NONE
    return f"{figure:+.1f}" if name == _GAIN else f"{figure:.1f}"
