"""A report on runs: its parts, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Sequence

from ..suite import ROLES
from .costs import costs
from .gained import gained, grammars
from .gains import baseline_of
from .plot import method_plot
from .published import published
from .run import Run
from .runs import settings
from .sameness import require_same
from .sections import details, families, forms, tasks, types
from .series import Series, series_of
from .sheet import ROLE_NAMES, Section, Sheet
from .wordings import wordings


def report(runs: Sequence[Run], baseline: str = "", *, others: bool = False) -> list[Section]:
    """Return all parts of a report.

    Args:
        runs: at least one; those that differ in their seed alone are shown as one.
        baseline: label, or a part of it, of the run on which the others' gains are shown; empty: none.
        others: show the founding paper's table, too.

    Raises:
        ItamedError: the runs were not asked the same, or none is the baseline.
    """
    series = lines(runs)
    return parts(series, baseline_of(series, baseline) if baseline else None, others=others)


def lines(runs: Sequence[Run]) -> list[Series]:
    """Return the lines of a report: what is drawn for one part of it serves all others.

    Raises:
        ItamedError: the runs were not asked the same.
    """
    require_same(runs)
    return series_of(runs)


def parts(series: Sequence[Series], base: Series | None, *, others: bool) -> list[Section]:
    """Return all parts of a report on its lines, of which `base` is one; see `report`."""
    found = [
        families(series),
        *([gained(series, base)] if base else []),
        *([published()] if others else []),
    ]
    found += [_methods(series), grammars(series), wordings(series), tasks(series), costs(series)]
    found += [types(series), forms(series), *(details(each) for each in series), settings(series)]
    return [part for part in found if part.sheets or part.figures or part.text]


def headline(runs: Sequence[Run]) -> list[Sheet]:
    """Return the tables that say what runs score: means, tasks, and how well-formed the answers were.

    Raises:
        ItamedError: the runs were not asked the same.
    """
    series = lines(runs)
    return [sheet for part in (families(series), tasks(series), forms(series)) for sheet in part.sheets]


def _methods(series: Sequence[Series]) -> Section:
    figures = [(f"Settings by family, {ROLE_NAMES[role]}.", method_plot(series, role)) for role in ROLES]
    return Section("Settings", "", figures=[(caption, picture) for caption, picture in figures if picture])
