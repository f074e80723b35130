"""Whether two runs on the same notes differ by more than chance: approximate randomisation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .bootstrap import RESAMPLES, Array, Counts, Drawn, Table, stderr

_ROUNDING = 1e-9
"""Gains that differ by less are the same, computed in another order."""


def swaps(notes: int, resamples: int = RESAMPLES, seed: int | np.random.Generator = 0) -> Array:
    """Return for which notes two runs change places, (resamples, notes) of 0 and 1, as a fair coin has it."""
    return np.random.default_rng(seed).integers(0, 2, (resamples, notes)).astype(np.float64)


def swapped(
    first: Sequence[Counts], second: Sequence[Counts], places: Array
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the summed counts of two runs after they have changed places for some notes.

    Args:
        first: additive counts of one run, one mapping a note.
        second: those of the other, of the same notes in the same order.
        places: what `swaps` returns.

    Returns:
        The sums of either run by name, (resamples,) each.
    """
    excess = [
        {name: b.get(name, 0) - a.get(name, 0) for name in {**a, **b}} for a, b in zip(first, second, strict=True)
    ]
    moved, all_notes = Table(excess).sums(places), np.ones((1, len(excess)))
    one, other = (Table(counts).sums(all_notes) for counts in (first, second))
    return (
        {name: one.get(name, 0) + change for name, change in moved.items()},
        {name: other.get(name, 0) - change for name, change in moved.items()},
    )


def chance(gain: float, without: Array) -> float:
    """Return the two-sided p-value of a gain: how often one as large comes about without any reason.

    If it does not matter which run an answer is from, every swap was as likely as what was found, so that the test
    holds its level exactly, for any metric and any number of notes (Noreen 1989; for F1, Yeh 2000).

    Args:
        gain: what was found.
        without: the gains under random swaps, (resamples,); a nan among them counts as none.

    Raises:
        ValueError: all are nan, so that nothing is known.
    """
    if np.isnan(without).all():
        raise ValueError("there are no swaps to compare with")
    as_large = np.abs(np.nan_to_num(without)) >= abs(gain) - _ROUNDING
    return float((np.count_nonzero(as_large) + 1) / (len(without) + 1))


def student(gain: Drawn) -> float:
    """Return the two-sided p-value of a gain by Student's test, which agrees with its interval; 1 where none varies."""
    from scipy.special import stdtr

    error = stderr(gain.draws)
    return float(2 * stdtr(gain.freedom, -abs(gain.value) / error)) if error else 1.0


def detectable(gain: Drawn) -> float:
    """Return the minimum detectable effect: the least true gain that is found in 80 % of such comparisons.

    To find is to reach p < 0.05, two-sided. With many notes that takes 1.96 + 0.84 = 2.8 standard errors; Student's
    quantiles make it more with few. Where the standard error is 0, nothing is known, and the result is nan.
    """
    from scipy.special import stdtrit

    error = stderr(gain.draws)
    return float(stdtrit(gain.freedom, [0.975, 0.8]).sum() * error) if error else math.nan
