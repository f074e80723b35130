"""One-to-one matching between gold and predicted items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from .align import Located


def exact_matches(gold: Iterable[Hashable], predicted: Iterable[Hashable]) -> Counter[Hashable]:
    """Return the multiset of items that both sides have: the maximum one-to-one exact matching."""
    return Counter(gold) & Counter(predicted)


def relaxed_matches(gold: Sequence[Located], predicted: Sequence[Located | None]) -> int:
    """Return the size of a maximum one-to-one matching of overlapping spans of one type.

    Augmenting paths (Kuhn) on the overlap graph: optimal, unlike a greedy left-to-right scan, and
    therefore independent of the order of the answer.
    """
    edges = [
        [
            g
            for g, (start, end, kind) in enumerate(gold)
            if span and span[2] == kind and span[0] < end and start < span[1]
        ]
        for span in predicted
    ]
    owner: dict[int, int] = {}
    return sum(_augment(p, edges, owner, set()) for p in range(len(edges)))


def _augment(p: int, edges: Sequence[Sequence[int]], owner: dict[int, int], seen: set[int]) -> bool:
    for g in edges[p]:
        if g in seen:
            continue
        seen.add(g)
        if g not in owner or _augment(owner[g], edges, owner, seen):
            owner[g] = p
            return True
    return False
