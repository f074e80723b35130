"""Ordered grammar of typed spans: an answer lists them in text order and repeats none.

The grammar is right-linear with a few rules a unit of text, a unit being a word or a symbol with
the blanks before it. What must be remembered besides the place is counted in the parameter that
llguidance's rules may carry: `rule::_` passes it on, `incr` and `bit_and` change it, `%if` tests it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .lark import Bounds, escaped, literal, one_of

MAX_UNITS = 300
"""Longer passages need another grammar: compiling takes about 50 microseconds a unit, and llguidance
refuses rows of more than 2,000 items, which about 900 units make."""
SAME_START = 3
"""How many nested spans may start at one place; the most in training and development."""

_UNIT = re.compile(r"\s*(\w+|[^\w\s])")

# Fields of the parameter. Flat spans: units of this span so far (all ones between spans), spans so far.
_UNITS, _BETWEEN, _ITEMS = "[0:10]", 0x3FF, "[10:26]"
# Nested spans: those begun at this place, those of other places so far; rules r count units on their own.
_SAME, _OTHERS, _OTHERS_MASK = "[0:2]", "[2:18]", 0xFFFF << 2

_EMPTY, _FIRST = literal('{"entities":[]}'), literal('{"entities":[{"text":"')
_TYPE, _NEXT, _DONE, _END = literal('","type":"'), literal('"},{"text":"'), literal('"}'), literal("]}")


def units(text: str) -> list[tuple[str, str]]:
    """Return the words and symbols of `text`, each alone and with the blanks before it."""
    return [(match[1], match[0]) for match in _UNIT.finditer(text)]


def ordered_spans(text: str, labels: Sequence[str], bounds: Bounds) -> list[str]:
    """Return rules for `{"entities":[{"text":...,"type":...}]}` with spans of `text` in text order.

    A flat span starts after the end of the one before. A nested one starts not before its start, and
    at most `SAME_START` start at one place.

    Args:
        text: at least one unit, at most `MAX_UNITS`.
        labels: at least one type.
        bounds: a span may take as many units as stand in the densest stretch of `max_chars` characters.
    """
    found = [(literal(escaped(word)), literal(escaped(unit))) for word, unit in units(text)]
    longest = _densest(text, bounds.max_chars)
    # d ends the last item, m any other, if there may be one more; k allows one more unit in a span.
    shared = [
        f"t: {_TYPE} ({one_of(labels)})",
        f"d: t {_DONE}",
        f'k::_: "" %if lt({_UNITS},{longest - 1})',
    ]
    return [*shared, *(_nested if bounds.nested else _flat)(found, bounds.max_items)]


def _flat(found: Sequence[tuple[str, str]], most: int) -> Iterator[str]:
    """Yield p<i>, an item that starts at unit i or later, and r<i>, the rest of an item from unit i on.

    The first unit of a span makes the field of units, all ones, overflow into the number of items.
    """
    yield f"answer: {_EMPTY} | {_FIRST} p0::{_BETWEEN} {_END}"
    yield f"m::_: t {_NEXT} %if lt({_ITEMS},{most})"
    for i, (word, unit) in enumerate(found):
        later = f"|p{i + 1}::_" if i + 1 < len(found) else ""
        yield f"p{i}::_:{word} r{i + 1}::incr(_){later}"
        yield f"r{i}::_:k::_ {unit} r{i + 1}::incr(_)|d|m::_ p{i}::bit_or({_BETWEEN})"
    # A rule with a parameter must use it.
    yield f"r{len(found)}::_:d%if ge(_,0)"


def _nested(found: Sequence[tuple[str, str]], most: int) -> Iterator[str]:
    """Yield p<i> as above, n<i>, what follows a span from unit i, and r<i>, the units of a span from i on."""
    yield f"answer: {_EMPTY} | {_FIRST} p0::0 {_END}"
    yield f"m::_: t {_NEXT} %if lt({_OTHERS},{most - 1})"
    yield f's::_: "" %if lt({_SAME},{SAME_START})'
    for i, (word, unit) in enumerate(found):
        last = i + 1 == len(found)
        later = "" if last else f"|p{i + 1}::bit_and({_OTHERS_MASK})"
        yield f"p{i}::_:s::_ {word} r{i + 1}::0 n{i}::incr(_){later}"
        # From the last unit there is no later start to go on to.
        yield f"n{i}::_:d|{'s::_ ' if last else ''}m::_ p{i}::incr({_OTHERS})"
        yield f'r{i}::_:k::_ {unit} r{i + 1}::incr(_)|""'
    yield f'r{len(found)}::_:""%if ge(_,0)'


def _densest(text: str, max_chars: int) -> int:
    """Return how many units at most begin and end within `max_chars` characters of `text`."""
    places = [match.span(1) for match in _UNIT.finditer(text)]
    most = first = 0
    for number, (_, end) in enumerate(places):
        while first < number and end - places[first][0] > max_chars:
            first += 1
        most = max(most, number - first + 1)
    return most
