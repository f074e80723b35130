"""Marked text: spans that may nest and overlap, cut into segments that do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from .items import Judged, Kind

Side: TypeAlias = Literal["gold", "answer", "both"]

SYMBOLS: Mapping[Kind, str] = {
    "right": "✓",
    "type": "≠",
    "direction": "⇄",
    "boundary": "~",
    "boundary and type": "~≠",
    "one side": "½",
    "wrong value": "≠",
    "missed": "−",
    "unparseable": "?",
    "invented": "!",
    "repeated": "×",
    "spurious": "+",
}
"""One sign a kind, so that no mark needs a colour to be told apart."""


@dataclass(frozen=True)
class Mark:
    """A marked stretch of a text: whose span it is, what became of it, and its type."""

    start: int
    end: int
    side: Side
    kind: Kind
    type: str


@dataclass(frozen=True)
class Segment:
    """A stretch of text under the same marks: those that begin with it, cover it and end with it.

    `inside` and `opening` list the mark that began first first, `closing` the one that ends it last.
    """

    text: str
    opening: tuple[Mark, ...]
    inside: tuple[Mark, ...]
    closing: tuple[Mark, ...]


def marks_of(items: Iterable[Judged], sides: Sequence[Side] = ("gold", "answer", "both")) -> list[Mark]:
    """Return the marks of judged items, those of some sides; what is repeated has none of its own.

    Gold and answer at the same places share a mark of "both".
    """
    found: dict[Mark, None] = {}
    for item in items:
        for side, kind, places in _places(item):
            if side in sides and item.kind != "repeated":
                found |= dict.fromkeys(Mark(start, end, side, item.kind, kind) for start, end in places)
    return list(found)


def gold_marks(items: Iterable[Judged]) -> list[Mark]:
    """Return the marks of the gold alone, as if all of it were right."""
    parts = [item.gold for item in items if item.gold]
    return [Mark(*place, "gold", "right", part.type) for part in parts for place in part.places]


def _places(item: Judged) -> list[tuple[Side, str, tuple[tuple[int, int], ...]]]:
    gold, answer = item.gold, item.answer
    if gold and answer and gold.places == answer.places:
        kind = gold.type if gold.type == answer.type else f"{gold.type} → {answer.type}"
        return [("both", kind, gold.places)]
    found: list[tuple[Side, str, tuple[tuple[int, int], ...]]] = []
    if gold:
        found.append(("gold", gold.type, gold.places))
    if answer:
        found.append(("answer", answer.type, answer.places))
    return found


def cut(text: str, marks: Iterable[Mark]) -> list[Segment]:
    """Cut a text at the ends of all marks; the segments make up the text again, whatever overlaps."""
    kept = sorted((m for m in marks if 0 <= m.start < m.end <= len(text)), key=lambda m: (m.start, -m.end))
    ends = sorted({0, len(text), *(m.start for m in kept), *(m.end for m in kept)})
    return [
        Segment(
            text[start:end],
            tuple(m for m in kept if m.start == start),
            tuple(m for m in kept if m.start <= start and end <= m.end),
            tuple(m for m in reversed(kept) if m.end == end),
        )
        for start, end in pairwise(ends)
    ]
