"""Chances of many comparisons of one table, corrected for their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..scoring.bootstrap import RESAMPLES
from .pairing import Difference

_A_LINE = 200
"""Random swaps for each line: the least chance that they can show, corrected for all lines, is then 1/200."""

Key = tuple[str, str]
"""Of a difference of means: (role, family or "mean")."""


def enough_swaps(lines: int) -> int:
    """Return how many random swaps a table of so many lines needs: few cannot show that one of many is no chance."""
    return max(RESAMPLES, _A_LINE * lines)


def corrected(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return differences with chances that are corrected for their number."""
    return tuple(replace(each, p=p) for each, p in zip(found, holm([each.alone for each in found]), strict=True))


def corrected_together(found: Mapping[str, Mapping[Key, Difference]]) -> dict[str, dict[Key, Difference]]:
    """Correct the chances of a table by label and key: those of all means together, and apart from these of families.

    The means are the first question, families the second.
    """
    by_label: dict[str, dict[Key, Difference]] = {label: dict(each) for label, each in found.items()}
    for of_means in (True, False):
        mine = [(label, key) for label, each in found.items() for key in each if (key[1] == "mean") is of_means]
        for (label, key), each in zip(mine, corrected([found[label][key] for label, key in mine]), strict=True):
            by_label[label][key] = each
    return by_label


def holm(chances: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979): none is significant by the company it keeps."""
    corrected, worst = [1.0] * len(chances), 0.0
    for rank, place in enumerate(np.argsort(chances, kind="stable")):
        worst = max(worst, min(1.0, (len(chances) - rank) * chances[place]))
        corrected[place] = worst
    return corrected
