"""How often intervals hold the truth and tests reject: simulation with the functions that score real runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .bootstrap import (
    Array,
    Counts,
    Drawn,
    Estimate,
    Table,
    average,
    drawn_score,
    estimate,
    gain_of,
    summarise,
    summarise_gain,
    weights,
)
from .paired import chance, detectable, swapped, swaps
from .ratios import prf
from .simulation import Corpus

_SEED = 1
_LEVEL = 0.05
_RESAMPLES = 1000
"""Half of those of real scores, to be fast; more make a result steadier, never worse."""


def coverage(corpus: Corpus, score: float, times: int) -> float:
    """Return the share of made-up corpora whose interval of micro F1 holds the true score.

    Args:
        corpus: what the notes are like.
        score: true micro F1.
        times: number of corpora; the standard error of a share of 95 % is 0.22 / sqrt(times).
    """
    rng = np.random.default_rng(_SEED)
    found = (estimate(corpus.answered(rng, [score])[0], _metrics, _RESAMPLES)["score"] for _ in range(times))
    return float(np.mean([_holds(interval, score) for interval in found]))


def coverage_of_mean(corpus: Corpus, scores: Sequence[float], times: int) -> float:
    """Return the share of corpora whose interval of a mean holds the true one, for tasks that share all notes."""
    rng = np.random.default_rng(_SEED)
    found = (summarise(average([_drawn(task) for task in corpus.answered(rng, scores)])) for _ in range(times))
    return float(np.mean([_holds(interval, float(np.mean(scores))) for interval in found]))


class Compared(NamedTuple):
    """Shares of comparisons with p < 0.05, and with an interval that holds the true gain; the mean of their MDE."""

    rejected: float
    covered: float
    mde: float


def comparisons(corpus: Corpus, scores: tuple[float, float], times: int) -> Compared:
    """Compare two models with these true scores on the same notes, many times.

    The notes that the second answers as the first does gain nothing: the true gain is of the others (nearly, for F1).
    """
    truth = (1 - corpus.alike) * (scores[1] - scores[0])
    rng, places = np.random.default_rng(_SEED), swaps(corpus.notes, _RESAMPLES)
    rejected, covered, least = [], [], []
    for _ in range(times):
        first, second = corpus.answered(rng, scores)
        one, other = _drawn(first), _drawn(second)
        gain = gain_of(one, other)
        before, after = (_metrics(sums)["score"] for sums in swapped(first, second, places))
        rejected.append(chance(gain.value, after - before) < _LEVEL)
        covered.append(_holds(summarise_gain(gain), truth))
        least.append(detectable(gain))
    return Compared(float(np.mean(rejected)), float(np.mean(covered)), float(np.nanmean(least)))


def power_at_mde(corpus: Corpus, score: float, times: int) -> float:
    """Return the share of comparisons that find a true gain as large as the mean MDE of the others like them."""
    # A mean is known from far fewer than a share.
    mde = comparisons(corpus, (score, score), times // 5).mde
    return comparisons(corpus, (score - mde / 2, score + mde / 2), times).rejected


def _metrics(sums: Mapping[str, Array]) -> dict[str, Array]:
    return {"score": prf(sums)[2]}


def _drawn(notes: Sequence[Counts]) -> Drawn:
    return drawn_score(_metrics, Table(notes), weights(len(notes), _RESAMPLES))


def _holds(interval: Estimate, truth: float) -> bool:
    return interval.low <= truth <= interval.high
