"""Precision, recall and F1 on arrays of counts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .bootstrap import Array


def total(sums: Mapping[str, Array], name: str) -> Array:
    """Return the sums of one count; zeros where no note has it."""
    if name in sums:
        return sums[name]
    size = len(next(iter(sums.values()))) if sums else 1
    return np.zeros(size)


def ratio(top: Array, bottom: Array) -> Array:
    """Return top / bottom, nan where the bottom is 0."""
    return np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=bottom != 0)


def prf(sums: Mapping[str, Array], suffix: str = "") -> tuple[Array, Array, Array]:
    """Return micro precision, recall and F1 from the counts tp, pred and gold with a suffix.

    With nothing predicted, or no gold, the one undefined ratio is 0; with neither, all are nan.
    """
    hits, predicted, gold = (total(sums, name + suffix) for name in ("tp", "pred", "gold"))
    f1 = ratio(2 * hits, predicted + gold)
    undefined = np.isnan(f1)
    precision, recall = (np.where(undefined, np.nan, np.nan_to_num(ratio(hits, n))) for n in (predicted, gold))
    return precision, recall, f1
