"""Choose few-shot examples: fixed by a seed, balanced, one a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from .families import family_of
from .families.family import Family
from .rows import Row
from .text import stable_order

POOL = 32
_FILLED_PER_EMPTY = 3
_EMPTY_AT = 1


def choose_shots(rows: Sequence[Row], seed: int = 0, size: int = POOL) -> list[Row]:
    """Return up to `size` examples in the order in which prompts use them.

    Of every four examples, the second has an empty answer where the rows have any: a model that
    never sees one invents entities. Questions differ in the right letter. Examples come from
    different documents and are no longer than the median row, to keep prompts short. The first k of
    the list are the k-shot prompt.

    Args:
        rows: the candidate rows, all of one task.
        seed: another seed gives another choice and order.
        size: the most examples to return.
    """
    if not rows:
        return []
    by_id = {row.id: row for row in rows}
    limit = median(len(row.text) for row in rows)
    ordered = [by_id[key] for key in stable_order(by_id, f"shots-{seed}")]
    ordered.sort(key=lambda row: len(row.text) > limit)
    family = family_of(type(rows[0]))
    empty = [row for row in ordered if family.is_empty(row)]
    filled = _varied([row for row in ordered if not family.is_empty(row)], family)
    return _interleave(filled, empty, size)


def _varied(rows: list[Row], family: Family[Any, Any]) -> list[Row]:
    """Put the first row of every variety before the second of any, otherwise keeping the order."""
    seen: Counter[str] = Counter()
    rounds = []
    for row in rows:
        rounds.append(seen[family.variety(row)])
        seen[family.variety(row)] += 1
    return [row for _, row in sorted(zip(rounds, rows, strict=True), key=lambda pair: pair[0])]


def _interleave(filled: list[Row], empty: list[Row], size: int) -> list[Row]:
    """Draw from both lists in the fixed rhythm, skipping documents that were used already."""
    chosen: list[Row] = []
    used: set[str] = set()
    queues = {True: iter(empty), False: iter(filled)}
    for number in range(size):
        wants_empty = number % (_FILLED_PER_EMPTY + 1) == _EMPTY_AT
        for kind in (wants_empty, not wants_empty):
            row = next((row for row in queues[kind] if row.doc_id not in used), None)
            if row:
                chosen.append(row)
                used.add(row.doc_id)
                break
    return chosen
