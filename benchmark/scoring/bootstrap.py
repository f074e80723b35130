"""Intervals for any metric that is a function of summed counts, by resampling notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = Mapping[str, float]
"""Additive counts of a row or note, by name; a name that is absent counts 0."""
Metrics: TypeAlias = Callable[[Mapping[str, Array]], dict[str, Array]]
"""Maps arrays of summed counts (one entry a resample) to arrays of metric values; nan = undefined."""

RESAMPLES = 2000
_ROUNDING = 1e-12
"""A smaller standard error is that of equal values, computed in another order."""


@dataclass(frozen=True)
class Estimate:
    """A metric with its bootstrap standard error and 95 % interval over notes."""

    value: float
    stderr: float
    low: float
    high: float


class Drawn(NamedTuple):
    """A metric with its (resamples,) draws, and the degrees of freedom of their variance.

    `further` is the weight that one note more would have, 1 / (notes + 1): see `summarise`; 0 where there is none.
    """

    value: float
    draws: Array
    freedom: float
    further: float = 0.0


def by_note(records: Iterable[tuple[str, Counts]]) -> dict[str, dict[str, float]]:
    """Sum the counts of rows that belong to one note."""
    notes: dict[str, dict[str, float]] = {}
    for note, counts in records:
        total = notes.setdefault(note, {})
        for name, value in counts.items():
            total[name] = total.get(name, 0.0) + value
    return notes


def estimate(
    notes: Iterable[Counts], metrics: Metrics, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Compute every metric on the summed counts, with an interval.

    Notes, not items, are drawn with replacement: items of one note are not independent. A resample
    in which a metric is undefined (no gold and no answer) is left out of that metric's interval.

    Args:
        notes: additive counts, one mapping a note.
        metrics: see `Metrics`.
        resamples: number of bootstrap resamples.
        seed: of the generator, fixed so that a result can be reproduced to the last digit.

    Returns:
        An estimate a metric; an undefined value is 0.0.
    """
    table = Table(notes)
    values = metrics(table.sums(np.ones((1, len(table)))))
    draws = metrics(table.sums(weights(len(table), resamples, seed)))
    return {
        name: summarise(Drawn(float(values[name][0]), draws[name], *table.size(count=_gold(name)))) for name in values
    }


def _gold(metric: str) -> str:
    """Return the count of what a metric is about: F1 of a type stands on the gold items of that type."""
    return f"gold:{metric[3:]}" if metric.startswith("f1:") else "gold"


class Table:
    """Counts of notes as a matrix, notes by names."""

    def __init__(self, notes: Iterable[Counts]) -> None:
        rows = list(notes)
        self.names = sorted({name for counts in rows for name in counts})
        cells = [[counts.get(name, 0.0) for name in self.names] for counts in rows]
        self._cells: Array = np.array(cells, dtype=np.float64).reshape(len(rows), len(self.names))

    def __len__(self) -> int:
        return len(self._cells)

    def sums(self, drawn: Array) -> dict[str, Array]:
        """Return the weighted sums by name, for (resamples, notes) weights."""
        sums = drawn @ self._cells
        return {name: sums[:, column] for column, name in enumerate(self.names)}

    def size(self, mine: Array | None = None, count: str = "gold") -> tuple[float, float]:
        """Return what notes tell about a metric: the degrees of freedom of its variance, and `Drawn.further`.

        Notes with unequal numbers of gold items tell as much about a variance as fewer equal ones (Kish's effective
        sample size); the degrees are one less, at least 1. One note more is one beside those that have gold items.

        Args:
            mine: 1 for the notes that count, 0 for others, (notes,); all of them if left out.
            count: the name of the gold items.
        """
        chosen = np.ones(len(self)) if mine is None else mine
        gold = chosen * self._cells[:, self.names.index(count)] if count in self.names else chosen
        sizes = gold if gold.any() else chosen
        kish = float(sizes.sum() ** 2 / max(1.0, sizes @ sizes))
        return max(1.0, kish - 1), 1 / (1 + int(np.count_nonzero(sizes)))


@lru_cache(maxsize=4)
def weights(notes: int, resamples: int = RESAMPLES, seed: int = 0) -> Array:
    """Return how often each note is drawn, (resamples, notes), read-only and kept for the next to ask.

    One note fewer is drawn than there are, at least one: the variance of the draws is then unbiased, where that of
    full resamples is too small by a share of 1 / notes (Rao and Wu 1988).
    """
    if notes == 0:
        return np.zeros((resamples, 0))
    drawn = np.random.default_rng(seed).integers(0, notes, (resamples, max(1, notes - 1)))
    drawn += notes * np.arange(resamples)[:, None]
    found = np.bincount(drawn.ravel(), minlength=resamples * notes).reshape(resamples, notes).astype(np.float64)
    found.flags.writeable = False
    return found


def drawn_score(metrics: Metrics, table: Table, drawn: Array) -> Drawn:
    """Return the main metric ("score") of the notes of a table, with its draws.

    Args:
        metrics: see `Metrics`.
        table: the counts of the notes.
        drawn: how often each note is drawn, (resamples, notes).
    """
    value, draws = (metrics(table.sums(each))["score"] for each in (np.ones((1, len(table))), drawn))
    return Drawn(float(np.nan_to_num(value[0])), draws, *table.size())


def gain_of(first: Drawn, second: Drawn) -> Drawn:
    """Return what the second score gains on the first, draw by draw: they are of the same resamples.

    Degrees of freedom are equal for single runs on the same notes; a few seeds leave fewer.
    """
    freedom, further = min(first.freedom, second.freedom), max(first.further, second.further)
    return Drawn(second.value - first.value, second.draws - first.draws, freedom, further)


def average(scores: Sequence[Drawn]) -> Drawn:
    """Return the mean of scores; a resample that lacks one of them is undefined.

    Its degrees of freedom are the mean of theirs, which is right for tasks that share their notes, or those of a sum of
    independent variances (Satterthwaite) if these are fewer, as where a task of few notes decides.
    """
    values, draws, freedom, further = zip(*scores, strict=True)
    apart = satterthwaite([stderr(each) ** 2 for each in draws], freedom)
    return Drawn(
        float(np.mean(values)),
        np.mean(np.stack(draws), axis=0),
        min(float(np.mean(freedom)), apart),
        float(np.mean(further)),
    )


def satterthwaite(variances: Sequence[float], freedom: Sequence[float]) -> float:
    """Return the degrees of freedom of a sum of independent variances (Satterthwaite 1946), infinite if all are 0."""
    parts = np.array(variances)
    return float(parts.sum() ** 2 / (parts**2 / np.array(freedom)).sum()) if parts.any() else np.inf


def stderr(draws: Array) -> float:
    """Return the standard error that draws show; nan counts as undefined."""
    known = draws[~np.isnan(draws)]
    error = float(np.std(known)) if len(known) else 0.0
    return error if error > _ROUNDING else 0.0


def summarise(score: Drawn) -> Estimate:
    """Return the estimate of a metric between 0 and 1, with the interval of survey statistics for such shares.

    It is symmetric on the scale of log odds: the nearer an end, the more it leans away from it. Percentiles of the
    draws lean too little with few notes. Near an end notes differ less than their like elsewhere, in the extreme not
    at all, and tell too little of how far off the score is: the interval then reaches as far as if there were one note
    more, half right (the half that Haldane and Anscombe, 1956, add to both counts of log odds). A metric without any
    draw, whose answers were not kept, has no interval (nan).
    """
    value = 0.0 if np.isnan(score.value) else score.value
    error = stderr(score.draws)
    if np.isnan(score.draws).all() and not np.isnan(score.value):
        return Estimate(value, np.nan, np.nan, np.nan)
    low, high = _shares(value, error, score.freedom)
    if score.further and 0 <= value <= 1:
        weight, half = score.further, value + score.further * (0.5 - value)
        # Notes that are all alike say nothing of how far others are off, wherever they stand.
        off = 0.5 - half if error or value in (0.0, 1.0) else 0.5
        wider = float(np.hypot((1 - weight) * error, weight * off))
        ends = _shares(half, wider, score.freedom)
        low, high = min(low, ends[0]), max(high, ends[1])
    return Estimate(value, error, low, high)


def _shares(value: float, error: float, freedom: float) -> tuple[float, float]:
    """Return the ends of the interval of a share that is symmetric in log odds; a point where nothing varies."""
    from scipy.special import expit, logit

    if error == 0 or not 0 < value < 1:
        return value, value
    margin = _critical(freedom) * error / (value * (1 - value))
    low, high = expit(logit(value) + np.array([-margin, margin]))
    return float(low), float(high)


def summarise_gain(gain: Drawn) -> Estimate:
    """Return the estimate of a difference of two metrics, with Student's interval, which is as wide on both sides.

    Where both differ on few notes alone, these tell too little of how often they would differ on others. The variance
    is then that of two notes more among those that decide, one that either wins (Bonett and Price 2012, for pairs of
    shares); of runs that never differ, that of such two notes alone.
    """
    value = 0.0 if np.isnan(gain.value) else gain.value
    error = stderr(gain.draws)
    wider = error * (1 + 2 * _per_deciding_note(gain.draws)) ** 0.5 if error else 2**0.5 * gain.further
    margin = _critical(gain.freedom) * wider if wider else 0.0
    return Estimate(value, error, max(-1.0, value - margin), min(1.0, value + margin))


def _per_deciding_note(draws: Array) -> float:
    """Return 1 by the number of notes that decide what is drawn, 0 if they are many.

    How often a note is drawn is nearly a Poisson number of mean 1, so that the excess kurtosis of a weighted sum of
    them is sum(w^4) / sum(w^2)^2: 1 by the number of notes, if they weigh alike. Its chance deviations are left out.
    """
    known = draws[~np.isnan(draws)]
    off = known - known.mean()
    excess = float(np.mean(off**4) / np.mean(off**2) ** 2) - 3
    return max(0.0, excess - (24 / len(known)) ** 0.5)


def _critical(freedom: float) -> float:
    """Return how many standard errors an interval of 95 % reaches to either side."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))
