"""Intervals for any metric that is a function of summed counts, by resampling notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = Mapping[str, float]
"""Additive counts of a row or note, by name; a name that is absent counts 0."""
Metrics: TypeAlias = Callable[[Mapping[str, Array]], dict[str, Array]]
"""Maps arrays of summed counts (one entry a resample) to arrays of metric values; nan = undefined."""

RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A metric with its bootstrap standard error and 95 % percentile interval over notes."""

    value: float
    stderr: float
    low: float
    high: float


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
    return {name: summarise(float(values[name][0]), draws[name]) for name in values}


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


def weights(notes: int, resamples: int = RESAMPLES, seed: int = 0) -> Array:
    """Return how often each note is drawn: a (resamples, notes) matrix whose rows sum to `notes`."""
    if notes == 0:
        return np.zeros((resamples, 0))
    drawn = np.random.default_rng(seed).integers(0, notes, (resamples, notes))
    drawn += notes * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * notes).reshape(resamples, notes).astype(np.float64)


def summarise(value: float, draws: Array) -> Estimate:
    """Return the estimate of a value from its resampled draws; nan counts as undefined."""
    value = 0.0 if np.isnan(value) else value
    known = draws[~np.isnan(draws)]
    if len(known) == 0:
        return Estimate(value, 0.0, value, value)
    low, high = np.quantile(known, (0.025, 0.975))
    return Estimate(value, float(np.std(known)), float(low), float(high))
