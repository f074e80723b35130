"""Judge relations: pairs of strings, and edges between given components."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ..families.arg import Relation as Edge
from ..families.re import Relation as Pair
from ..rows import GraphRow, PairRow
from ..scoring.normal import normal
from .items import Judged, Kind, Part, paired
from .strings import first_place, nearness


def judged_pairs(row: PairRow, answer: Sequence[Pair]) -> tuple[Judged, ...]:
    """Judge pairs of an examination and its result; one of which a string is not in the text is "invented"."""
    text = normal(row.text)
    written = [(pair.exam, pair.result) for pair in row.pairs]
    gold, found = ([(normal(exam), normal(result)) for exam, result in pairs] for pairs in (written, answer))
    known = [all(side and side in text for side in pair) for pair in found]

    def rate(g: int, a: int) -> tuple[Kind, float] | None:
        if gold[g] == found[a]:
            return "right", 1.0
        near = [nearness(mine, theirs) for mine, theirs in zip(gold[g], found[a], strict=True)]
        if not known[a] or not any(near):
            return None
        if all(near):
            return "boundary", sum(near)
        return ("one side", 1.0) if 1.0 in near else None

    wanted, given = ([_pair(pair, row.text) for pair in pairs] for pairs in (written, answer))
    return paired(wanted, given, rate, _strays(found, known))


def _pair(pair: Pair, text: str) -> Part:
    return Part(" → ".join(pair), places=tuple(place for side in pair for place in first_place(side, text)))


def judged_edges(row: GraphRow, answer: Sequence[Edge]) -> tuple[Judged, ...]:
    """Judge relations of components; one that names an unknown component is "invented"."""
    gold = [(edge.head, edge.tail, edge.type) for edge in row.relations]
    ids = {component.id for component in row.components}
    known = [{head, tail} <= ids for head, tail, _ in answer]

    def rate(g: int, a: int) -> tuple[Kind, float] | None:
        head, tail, kind = gold[g]
        if answer[a][:2] == (head, tail):
            return "right" if answer[a][2] == kind else "type", 1.0
        return ("direction", 1.0) if answer[a] == (tail, head, kind) else None

    wanted, given = ([Part(f"{head} → {tail}", kind) for head, tail, kind in edges] for edges in (gold, answer))
    return paired(wanted, given, rate, _strays(answer, known))


def _strays(found: Sequence[Hashable], known: Sequence[bool]) -> list[Kind]:
    """Return what each answer is if it is none of the gold: the first of several alike may be merely "spurious"."""
    first = {item: number for number, item in reversed(list(enumerate(found)))}
    return [
        "invented" if not there else "spurious" if first[item] == number else "repeated"
        for number, (item, there) in enumerate(zip(found, known, strict=True))
    ]
