"""Tables as texts, whatever they are written as."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..scoring.bootstrap import Estimate
from .picture import Picture

FAMILY_NAMES = {"ner": "NER", "re": "RE", "crf": "CRF", "qa": "QA", "arg": "ARG", "mean": "Mean"}
ROLE_NAMES = {"id": "in-distribution", "ood": "out-of-distribution"}
NONE = "–"
"""What stands in a cell without a value."""
EQUAL = "="
"""What stands for a gain where both have the same counts on every note, which is more than a gain of zero."""
INTERVAL = re.compile(r"^([-+]?\d\S*) (\[[-+]?\d[^\]]*\])(.*)$")
"""A figure with its interval and a mark, "-5.0 [-6.0, -4.0] **", in a cell: value, bounds and what follows."""
_LEVELS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
STARS = "* p < .05, ** p < .01, *** p < .001"


class Sheet(NamedTuple):
    """A table of texts: its title, its header and its rows; names on the left, figures on the right.

    `keys` is how many leading columns name a row: where a table is too wide for paper, the columns after them are
    shared out among several, each with these before them; 0: the columns belong together. `folded` is whether a page
    shows the table only when asked to, and the terminal only where it is short.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    keys: int = 0
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """A part of a report: what it is about, its tables, and its pictures as (caption, picture)."""

    heading: str
    text: str = ""
    sheets: Sequence[Sheet] = ()
    figures: Sequence[tuple[str, Picture]] = ()
    folded: bool = False
    """Whether a page shows it only when asked to."""


def percent(estimate: Estimate) -> str:
    """Return a score in per cent with its interval, "58.1 [54.9, 61.0]"; alone where there is none."""
    if math.isnan(estimate.low):
        return f"{100 * estimate.value:.1f}"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def signed(estimate: Estimate, *, equal: bool = False) -> str:
    """Return a gain in points with its interval, "+5.4 [+2.1, +9.3]"; `EQUAL` alone of answers that count the same."""
    if equal:
        return EQUAL
    return f"{100 * estimate.value:+.1f} [{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"


def chance_text(p: float) -> str:
    """Return a p-value for a table."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def stars(p: float) -> str:
    """Return the mark of a p-value (see `STARS`), empty from .05."""
    return next((mark for level, mark in _LEVELS if p < level), "")


def detectable_text(mde: float) -> str:
    """Return a minimum detectable effect in points; nothing where the runs never differ, which tells nothing."""
    if math.isnan(mde):
        return NONE
    # A few notes would find no gain that there can be.
    return f"{100 * mde:.1f}" if mde <= 1 else "> 100"


def filled(sheets: Iterable[Sheet]) -> list[Sheet]:
    """Return the tables that have rows."""
    return [sheet for sheet in sheets if sheet.rows]
