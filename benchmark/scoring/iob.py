"""Spans as IOB2 tags, and the strict entity counts of seqeval on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    tokens = [match.span() for match in _TOKEN.finditer(text)]
    tags = ["O"] * len(tokens)
    for start, end, kind in spans:
        inside = [i for i, (left, right) in enumerate(tokens) if left < end and start < right and tags[i] == "O"]
        for position, i in enumerate(inside):
            tags[i] = f"{'I' if position else 'B'}-{kind}"
    return tags


def strict_counts(text: str, gold: Sequence[Located], predicted: Sequence[Located]) -> tuple[int, int, int]:
    """Return (true positives, predicted, gold) entities as seqeval counts them in strict IOB2.

    Args:
        text: the passage.
        gold: flat gold spans.
        predicted: any spans; overlapping ones are flattened first, as IOB2 cannot hold them.
    """
    truth, guess = (
        {entity.to_tuple()[1:] for entity in Entities([iob2(text, spans)], IOB2).entities[0]} if spans else set()
        for spans in (gold, flatten(predicted))
    )
    return len(truth & guess), len(guess), len(truth)
