"""Judged items: each gold item and each answered one, paired where the answer meant that gold item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "right",
    "type",
    "direction",
    "boundary",
    "boundary and type",
    "one side",
    "wrong value",
    "missed",
    "unparseable",
    "invented",
    "repeated",
    "spurious",
]
KINDS: Mapping[Kind, str] = {
    "right": "as in the gold",
    "type": "the gold's place, another type",
    "direction": "the gold's relation, head and tail exchanged",
    "boundary": "the gold's type, more or less of its text",
    "boundary and type": "more or less of the gold's text, another type",
    "one side": "one string of the gold pair, with another partner",
    "wrong value": "another value or option than the gold's",
    "missed": "gold that nothing in the answer stands for",
    "unparseable": "gold that was lost because the answer could not be read",
    "invented": "neither in the text nor among what was offered",
    "repeated": "said more often than it can be right",
    "spurious": "in the text, but no gold stands for it",
}
"""What each kind means, the best first: an answer that could be two of them is the first."""
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}


def errors(kinds: Mapping[Kind, int]) -> int:
    """Return how many items are not right, of the numbers of each kind."""
    return sum(number for kind, number in kinds.items() if kind != "right")


@dataclass(frozen=True)
class Part:
    """One side of a judged item, the gold's or the answer's.

    `text` is what is shown: a string, "exam → result", "head → tail", a value, an option; `type` is
    its type, or the name of a form's cell. `places` are (start, end) offsets into the row's text, as
    the score takes them; for strings that are scored without a place, where they stand first.
    """

    text: str
    type: str = ""
    places: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Judged:
    """A gold item, an answered one, or both where one stands for the other."""

    kind: Kind
    gold: Part | None
    answer: Part | None


Rate: TypeAlias = Callable[[int, int], tuple[Kind, float] | None]
"""Says for a gold and an answered item, by number, what the answer is of that gold and how near; None for nothing."""


def paired(gold: Sequence[Part], answers: Sequence[Part], rate: Rate, stray: Sequence[Kind]) -> tuple[Judged, ...]:
    """Pair gold and answered items one to one, the best kinds first, then the nearest.

    Args:
        gold: the gold items.
        answers: the answered items.
        rate: see `Rate`.
        stray: what each answered item is if no gold item is left for it.

    Returns:
        The gold items in their order, each with its partner or as "missed", then the other answers.
    """
    rated = [(*found, g, a) for g in range(len(gold)) for a in range(len(answers)) if (found := rate(g, a))]
    partner: dict[int, tuple[int, Kind]] = {}
    taken: set[int] = set()
    for kind, _, g, a in sorted(rated, key=lambda each: (_RANK[each[0]], -each[1], *each[2:])):
        if g not in partner and a not in taken:
            partner[g] = (a, kind)
            taken.add(a)
    judged = [
        Judged(partner[g][1], part, answers[partner[g][0]]) if g in partner else Judged("missed", part, None)
        for g, part in enumerate(gold)
    ]
    judged += [Judged(stray[a], None, part) for a, part in enumerate(answers) if a not in taken]
    return tuple(judged)
