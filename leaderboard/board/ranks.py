"""Ranks as ranges: how many others are surely better, how many surely worse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from itamed.benchmark.scoring.bootstrap import Array
from numpy.typing import NDArray

LEVEL = 0.05
_ROUNDING = 1e-8
"""A smaller variance of a gain is that of equal draws, kept in single precision."""


class Rank(NamedTuple):
    """The best and the worst rank that the notes leave open, and the number of the tie group, from 1."""

    best: int
    worst: int
    group: int

    def shown(self) -> str:
        """Return it as a range, "2–5", or one number."""
        return f"{self.best}–{self.worst}" if self.best < self.worst else str(self.best)


def rank(values: Sequence[float], draws: Array, freedom: float) -> list[Rank]:
    """Rank entries that answered the same notes.

    An entry is surely better than another if the paired interval of their difference is above 0. Each entry is
    compared with all others at once, so that intervals are of 1 - 0.05 / (number of others): a range then holds the
    entry's true rank with 95 % at least (Mogstad, Romano, Shaikh and Wilhelm 2024).

    A tie group goes from its best entry down to the last that this one is not surely better than.

    Args:
        values: the scores, one an entry.
        draws: the scores under common resamples, (entries, resamples).
        freedom: degrees of freedom of a difference.
    """
    from scipy.special import stdtrit

    scores = np.asarray(values, dtype=np.float64)
    others = max(1, len(scores) - 1)
    critical = float(stdtrit(freedom, 1 - LEVEL / (2 * others)))
    gains = scores[:, None] - scores[None, :]
    error = _errors(draws)
    # Where no resample tells two entries apart, nothing is known of what other notes would.
    better = (gains > critical * error) & (error > 0)
    best, worst = 1 + better.sum(axis=0), len(scores) - better.sum(axis=1)
    groups = _groups(scores, better)
    return [Rank(int(top), int(bottom), group) for top, bottom, group in zip(best, worst, groups, strict=True)]


def _errors(draws: Array) -> Array:
    """Return the standard error of the difference of every two entries, (entries, entries)."""
    # The mean of all entries is taken off: what moves all alike would cost digits.
    centred = np.asarray(draws, dtype=np.float32) - draws.mean(axis=0, dtype=np.float32)
    centred -= centred.mean(axis=1, keepdims=True)
    covariance = (centred @ centred.T).astype(np.float64) / draws.shape[1]
    variance = covariance.diagonal()[:, None] + covariance.diagonal()[None, :] - 2 * covariance
    found: Array = np.sqrt(np.where(variance > _ROUNDING, variance, 0.0))
    return found


def _groups(scores: Array, better: NDArray[np.bool_]) -> list[int]:
    groups, number, leader = [0] * len(scores), 0, -1
    for place in np.argsort(-scores, kind="stable"):
        if number == 0 or better[leader, place]:
            number, leader = number + 1, int(place)
        groups[place] = number
    return groups
