"""From the strings of an answer to spans of the note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from .normal import normal, normal_map

Mention: TypeAlias = tuple[str, str]
"""An extracted string and its type, as answered."""
Located: TypeAlias = tuple[int, int, str]
"""Start, end (code points, exclusive) and type."""


def align(mentions: Sequence[Mention], text: str, gold: Sequence[Located]) -> list[Located | None]:
    """Give every answered string an occurrence in `text`; each occurrence serves once per type.

    An answer names no position, so two mentions of one string cannot be told apart: occurrences
    that are gold go first (the maximum one-to-one matching on exact spans), the others are taken
    from left to right, whole words before parts of words.

    Args:
        mentions: answered (string, type) pairs, in any order; the order does not change the score.
        text: the note or passage.
        gold: the gold spans of the same passage.

    Returns:
        One entry per mention: its span, or None where the string has no free occurrence left
        (an invented or repeated string: a false positive).
    """
    wanted: dict[Mention, list[int]] = {}
    for number, (string, kind) in enumerate(mentions):
        wanted.setdefault((normal(string), kind), []).append(number)
    right: dict[Mention, list[tuple[int, int]]] = {}
    for start, end, kind in gold:
        right.setdefault((normal(text[start:end]), kind), []).append((start, end))
    spans: list[Located | None] = [None] * len(mentions)
    for (string, kind), numbers in wanted.items():
        first = right.get((string, kind), [])
        places = [*first, *(place for place in occurrences(string, text) if place not in first)]
        for number, place in zip(numbers, places, strict=False):
            spans[number] = (*place, kind)
    return spans


def occurrences(string: str, text: str) -> list[tuple[int, int]]:
    """Return the non-overlapping places of a normal string in `text`, whole words first.

    Args:
        string: a normal form, as `normal` gives it.
        text: any text; the places are offsets into it, not into its normal form.
    """
    if not string:
        return []
    haystack, offsets = normal_map(text)
    whole: list[tuple[int, int]] = []
    parts: list[tuple[int, int]] = []
    at = haystack.find(string)
    while at >= 0:
        end = at + len(string)
        place = (offsets[at], _end(offsets, end))
        (whole if _is_whole(haystack, at, end) else parts).append(place)
        at = haystack.find(string, end)
    return whole + parts


def _end(offsets: Sequence[int], end: int) -> int:
    """Return the end in the source of a match that ends at `end`, without a following blank run."""
    return offsets[end] if end >= len(offsets) - 1 or offsets[end] > offsets[end - 1] else offsets[end] + 1


def _is_whole(text: str, start: int, end: int) -> bool:
    before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    return not (before or after)
