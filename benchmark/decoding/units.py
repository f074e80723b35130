"""The units that ordered grammars copy from a text: a word or a symbol, with the blanks before it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from .lark import escaped, literal

MAX_UNITS = 300
"""Longer passages need another grammar: compiling takes about 50 microseconds a unit, and llguidance
refuses rows of more than 2,000 items, which about 900 units make."""

Units: TypeAlias = list[tuple[str, str]]
"""Words and symbols in their order, each alone and with the blanks before it; or terminals for these."""

_UNIT = re.compile(r"\s*(\w+|[^\w\s])")


def units(text: str) -> Units:
    """Return the words and symbols of `text`, each alone and with the blanks before it."""
    return [(match[1], match[0]) for match in _UNIT.finditer(text)]


def terminals(text: str) -> Units:
    """Return `units` as terminals of a grammar."""
    return [(literal(escaped(word)), literal(escaped(unit))) for word, unit in units(text)]


def reach(text: str, max_chars: int) -> list[int]:
    """Return for each unit the first one from which a stretch up to its end takes at most `max_chars` characters.

    No unit alone is too long.
    """
    first, found = 0, []
    places = [match.span(1) for match in _UNIT.finditer(text)]
    for number, (_, end) in enumerate(places):
        while first < number and end - places[first][0] > max_chars:
            first += 1
        found.append(first)
    return found


def first_places(text: str) -> Callable[[str], int]:
    """Return what gives the first place of a string among whole units of `text`; its length where there is none."""
    starts, ends = zip(*(match.span(1) for match in _UNIT.finditer(text)), strict=True) if text.strip() else ((), ())
    borders = set(ends)

    def place(string: str) -> int:
        found = (at for at in starts if text.startswith(string, at) and at + len(string) in borders)
        return next(found, len(text))

    return place


def new_ends(found: Units) -> list[int]:
    """Return for each unit the first end of a stretch from it that does not stand earlier too.

    Args:
        found: what `units` or `terminals` returns.

    Returns:
        Ends as numbers of units, like those of slices; beyond the last unit where there is none.
    """
    earlier: dict[str, list[int]] = {}
    ends = []
    for start, (word, _) in enumerate(found):
        end = start
        for other in earlier.get(word, ()):
            end = max(end, start + _same(found, other, start))
        ends.append(end + 1)
        earlier.setdefault(word, []).append(start)
    return ends


def _same(found: Units, one: int, other: int) -> int:
    """Return how many units from `one` and `other`, which begin with the same word, are the same."""
    length = 1
    while other + length < len(found) and found[one + length][1] == found[other + length][1]:
        length += 1
    return length


def glued_ends(found: Units) -> list[int]:
    """Return for each unit the end of the stretch from it that holds no blank."""
    ends, last = [], len(found)
    for number, (word, unit) in reversed(list(enumerate(found))):
        ends.append(last)
        if word != unit:
            last = number
    return ends[::-1]
