"""Judge typed spans."""

from __future__ import annotations

from collections.abc import Sequence

from ..rows import SpanRow
from ..scoring.align import Located, Mention, align
from ..scoring.normal import normal
from .items import Judged, Kind, Part, paired


def judged_spans(row: SpanRow, answer: Sequence[Mention]) -> tuple[Judged, ...]:
    """Judge entities at the places that the score gives them.

    A string is "repeated" where it was named more often than it stands in the text, "invented"
    where it does not stand there at all.
    """
    gold: list[Located] = [(span.start, span.end, span.type) for span in row.spans]
    found = align(answer, row.text, gold)

    def rate(g: int, a: int) -> tuple[Kind, float] | None:
        place = found[a]
        return _rated(gold[g], place) if place else None

    known = {_key(mention) for mention, place in zip(answer, found, strict=True) if place}
    stray: list[Kind] = [
        "spurious" if place else "repeated" if _key(mention) in known else "invented"
        for mention, place in zip(answer, found, strict=True)
    ]
    wanted = [Part(span.text, span.type, ((span.start, span.end),)) for span in row.spans]
    given = [
        Part(string, kind, (place[:2],) if place else ()) for (string, kind), place in zip(answer, found, strict=True)
    ]
    return paired(wanted, given, rate, stray)


def _key(mention: Mention) -> Mention:
    return normal(mention[0]), mention[1]


def _rated(gold: Located, found: Located) -> tuple[Kind, float] | None:
    shared = min(gold[1], found[1]) - max(gold[0], found[0])
    if shared <= 0:
        return None
    same = gold[2] == found[2]
    if gold[:2] == found[:2]:
        return "right" if same else "type", 1.0
    near = shared / (max(gold[1], found[1]) - min(gold[0], found[0]))
    return "boundary" if same else "boundary and type", near
