"""Spans as IOB2 tags, and the strict entity counts of seqeval on them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from seqeval.scheme import IOB2, Entities

from .align import Located

_TOKEN = re.compile(r"\w+|[^\w\s]")


def is_flat(spans: Sequence[Located]) -> bool:
    """Return whether no two spans overlap, so that one IOB sequence can hold them all."""
    ordered = sorted(spans)
    return all(left[1] <= right[0] for left, right in pairwise(ordered))


def flatten(spans: Sequence[Located]) -> list[Located]:
    """Return spans that do not overlap: from left to right, the longest first."""
    kept: list[Located] = []
    for span in sorted(set(spans), key=lambda s: (s[0], -s[1], s[2])):
        if not kept or kept[-1][1] <= span[0]:
            kept.append(span)
    return kept


def iob2(text: str, spans: Sequence[Located]) -> list[str]:
    """Return one IOB2 tag a token; a token that a span touches belongs to it."""
    starts, ends = _tokens(text)
    tags = ["O"] * len(starts)
    for start, end, kind in spans:
        touched = range(bisect_right(ends, start), bisect_left(starts, end))
        for position, i in enumerate(i for i in touched if tags[i] == "O"):
            tags[i] = f"{'I' if position else 'B'}-{kind}"
    return tags


@lru_cache(maxsize=64)
def _tokens(text: str) -> tuple[list[int], list[int]]:
    """Return where the tokens start and end; a passage is tagged for gold and answer, strict and repaired."""
    spans = [match.span() for match in _TOKEN.finditer(text)]
    return [start for start, _ in spans], [end for _, end in spans]


def strict_counts(text: str, gold: Sequence[Located], predicted: Sequence[Located]) -> tuple[int, int, int]:
    """Return (true positives, predicted, gold) entities as seqeval counts them in strict IOB2.

    Args:
        text: the passage.
        gold: flat gold spans.
        predicted: any spans; overlapping ones are flattened first, as IOB2 cannot hold them.
    """
    truth, guess = (_entities(iob2(text, spans)) if spans else set() for spans in (gold, flatten(predicted)))
    return len(truth & guess), len(guess), len(truth)


def _entities(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """Return (type, first token, last token) as seqeval reads them, which need not see the tokens between entities."""
    kept = [i for i, tag in enumerate(tags) if tag != "O" or (i and tags[i - 1] != "O")]
    found = Entities([[tags[i] for i in kept]], IOB2).entities[0]
    return {(entity.tag, kept[entity.start], kept[entity.end - 1]) for entity in found}
