"""Parts that the list-shaped families share: reading lists of records, counts and metrics by type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..scoring.bootstrap import Array
from ..scoring.match import exact_matches
from ..scoring.ratios import prf
from .family import Read


def read_records(value: Any, root: str, keys: tuple[str, ...]) -> Read[list[tuple[str, ...]]]:
    """Read `{root: [{key: string, ...}, ...]}`.

    A bare list, or an object whose only list has another name, is taken too, but is not clean. A
    record that lacks a key or has another type there keeps an empty string in its place: it stays
    an item, and a wrong one.

    Returns:
        One tuple of strings a record, in the order of `keys`.
    """
    records = _records(value, root)
    if records is None:
        return Read([], clean=False)
    items = [tuple(_string(record, key) for key in keys) for record in records]
    clean = isinstance(value, dict) and set(value) == {root} and all(_is_record(record, keys) for record in records)
    return Read(items, clean)


def _records(value: Any, root: str) -> list[Any] | None:
    if isinstance(value, dict):
        lists = [value[root]] if root in value else [each for each in value.values() if isinstance(each, list)]
        value = lists[0] if len(lists) == 1 else None
    return value if isinstance(value, list) else None


def _is_record(record: Any, keys: tuple[str, ...]) -> bool:
    return isinstance(record, dict) and set(record) == set(keys) and all(isinstance(record[key], str) for key in keys)


def _string(record: Any, key: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, str) else ""


def item_counts(gold: Iterable[Hashable], predicted: Iterable[Hashable], suffix: str = "") -> dict[str, float]:
    """Return the counts tp, pred and gold of exact one-to-one matching, named with `suffix`."""
    truth, guess = list(gold), list(predicted)
    hits = sum(exact_matches(truth, guess).values())
    return {"tp" + suffix: hits, "pred" + suffix: len(guess), "gold" + suffix: len(truth)}


def typed_counts(gold: Sequence[tuple[Hashable, str]], predicted: Sequence[tuple[Hashable, str]]) -> dict[str, float]:
    """Return `item_counts` overall, and by type under the suffix ":<type>".

    Args:
        gold: (item, type) pairs.
        predicted: (item, type) pairs.
    """
    counts = item_counts(gold, predicted)
    by_type: Counter[str] = Counter(kind for _, kind in [*gold, *predicted] if kind)
    for kind in sorted(by_type):
        mine, theirs = ([item for item in side if item[1] == kind] for side in (gold, predicted))
        counts |= item_counts(mine, theirs, f":{kind}")
    return counts


def typed_metrics(sums: Mapping[str, Array]) -> dict[str, Array]:
    """Return score (micro F1), precision, recall, macro_f1 over gold types, and "f1:<type>" each."""
    precision, recall, score = prf(sums)
    found = {"score": score, "precision": precision, "recall": recall}
    kinds = sorted(name.partition(":")[2] for name in sums if name.startswith("gold:"))
    # A type that only the answers invent has no gold to be measured against.
    by_type = {f"f1:{kind}": prf(sums, f":{kind}")[2] for kind in kinds if sums[f"gold:{kind}"].any()}
    found["macro_f1"] = _mean(list(by_type.values())) if by_type else score
    return found | by_type


def _mean(arrays: list[Array]) -> Array:
    """Return the mean over types, of those that are defined in a resample."""
    stacked = np.stack(arrays)
    known = ~np.isnan(stacked)
    size = known.sum(axis=0)
    return np.divide(np.nansum(stacked, axis=0), size, out=np.full(size.shape, np.nan), where=size != 0)
