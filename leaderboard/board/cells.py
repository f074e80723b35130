"""Cells of tables as markup, for pages without scripts: they say what table.js draws, and a test compares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from itamed.benchmark.report.sheet import NONE
from markupsafe import Markup

from .entry import BADGES, Badge, Span

if TYPE_CHECKING:
    from .columns import Column

SIGNS: Mapping[Badge, str] = dict(zip(BADGES, "○◐●", strict=True))
RULE = "rule"
"""The method of what is no model, and has no weights that a badge could say something of."""


def small_print(facts: Mapping[str, Any]) -> str:
    """Return what stands under a model's name: its badge, how it was asked, what tells it apart, the day of its run."""
    badge = "" if facts["method"] == RULE else f"{SIGNS[facts['badge']]} {facts['badge']}"
    told, day = facts.get("told", ""), facts["created"]
    dated = "" if day in told else f"run of {day}"
    return ", ".join(filter(None, (badge, facts["method"], facts["mode"], told, dated, facts.get("aside"))))


def cell(row: Mapping[str, Any], column: Column, root: str) -> Markup:
    """Return the cell of a row; `root` leads from the page to the site's first folder."""
    value = row.get(column.key)
    if column.kind == "model":
        link = Markup('<a href="{}entries/{}.html">{}</a>').format(root, row["key"], value)
        return Markup('<th scope="row">{} <small>{}</small></th>').format(link, row["small"])
    if value is None:
        reason = row.get(column.key.replace("rank", "unranked"), "") if column.kind == "rank" else ""
        return Markup("<td>{} <small>{}</small></td>").format(NONE, reason) if reason else Markup(f"<td>{NONE}</td>")
    if column.kind == "rank":
        return Markup("<td>{} <small>group {}</small></td>").format(value.shown(), value.group)
    if column.kind == "score":
        return Markup("<td>{}</td>").format(score(value))
    return Markup("<td>{}</td>").format(size(value) if column.kind == "count" else f"{value:.2f}")


def score(span: Span) -> Markup:
    """Return a score with its interval, in per cent."""
    return Markup(f"{100 * span[0]:.1f} <small>{100 * span[1]:.1f}–{100 * span[2]:.1f}</small>")


def size(count: int) -> str:
    """Return a number of parameters: "270 M", "1.2 B"."""
    return f"{count / 1e9:.1f} B" if count >= 1e9 else f"{count / 1e6:.0f} M"
