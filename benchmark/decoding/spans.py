"""Ordered grammars of typed spans, and of pairs that begin with a span: an answer lists them in text order.

The grammar is right-linear with a few rules a unit of text, a unit being a word or a symbol with
the blanks before it. What must be remembered besides the place is counted in the parameter that
llguidance's rules may carry: `rule::_` passes it on, `incr` and `bit_and` change it, `%if` tests it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .lark import Bounds, copied, escaped, literal, one_of

MAX_UNITS = 300
"""Longer passages need another grammar: compiling takes about 50 microseconds a unit, and llguidance
refuses rows of more than 2,000 items, which about 900 units make."""
SAME_START = 3
"""How many nested spans may start at one place; the most in training and development."""
SAME_FIRST = 9
"""How many pairs may have the same first string: half as many again as the most in training and development."""

_UNIT = re.compile(r"\s*(\w+|[^\w\s])")

# Fields of the parameter. Flat spans: units of this span so far (all ones between spans), spans so far.
_UNITS, _BETWEEN, _ITEMS = "[0:10]", 0x3FF, "[10:26]"
# Nested spans: those begun at this place, those of other places so far; rules r count units on their own.
_SAME, _OTHERS, _OTHERS_MASK = "[0:4]", "[4:20]", 0xFFFF << 4

_END = literal("]}")


@dataclass(frozen=True)
class _Shape:
    """How a list is written: `{"<root>":[{"<key>":"SPAN","<other>":"REST"},...]}`, `rest` being an expression."""

    root: str
    key: str
    other: str
    rest: str

    @property
    def rules(self) -> list[str]:
        """Return the rules t, what follows a span up to the end of its item, and d, the end of the last item."""
        between, end = literal('","@":"'.replace("@", self.other)), literal('"}')
        return [f"t: {between} ({self.rest})", f"d: t {end}"]

    def answer(self, start: str) -> str:
        """Return the rule of the answer; `start` is the first item and all that follow."""
        opening = '{"@":['.replace("@", self.root)
        first = opening + '{"@":"'.replace("@", self.key)
        return f"answer: {literal(opening + ']}')} | {literal(first)} {start} {_END}"

    def more(self, condition: str) -> str:
        """Return the rule m: the end of an item, and the beginning of the next one if there may be one."""
        following = literal('"},{"@":"'.replace("@", self.key))
        return f"m::_: t {following} %if {condition}"


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
    written = _Shape("entities", "text", "type", one_of(labels))
    nested = bounds.nested
    items = _nested(text, written, bounds.max_items, SAME_START) if nested else _flat(text, written, bounds.max_items)
    return [*_shared(text, written, bounds), *items]


def ordered_pairs(text: str, keys: tuple[str, str], bounds: Bounds) -> list[str]:
    """Return rules for `{"relations":[{<key>:...,<key>:...}]}`, where both strings are stretches of `text`.

    Pairs come in the text order of their first strings, at most `SAME_FIRST` at one place; the second
    string may stand anywhere.

    Args:
        text: at least one unit, at most `MAX_UNITS`.
        keys: of the first and the second string.
        bounds: see `Bounds`.
    """
    written = _Shape("relations", *keys, "COPY")
    pairs = _nested(text, written, bounds.max_items, SAME_FIRST, bounds.one_word)
    return [*_shared(text, written, bounds), *pairs, *copied(text, bounds.max_chars)]


def first_places(text: str) -> Callable[[str], int]:
    """Return what gives the first place of a string among whole units of `text`; its length where there is none."""
    starts, ends = zip(*(match.span(1) for match in _UNIT.finditer(text)), strict=True) if text.strip() else ((), ())
    borders = set(ends)

    def place(string: str) -> int:
        found = (at for at in starts if text.startswith(string, at) and at + len(string) in borders)
        return next(found, len(text))

    return place


def _shared(text: str, written: _Shape, bounds: Bounds) -> list[str]:
    """Return t, d and k: k allows one more unit in a span, of which the longest has those of the densest stretch."""
    return [*written.rules, f'k::_: "" %if lt({_UNITS},{_densest(text, bounds.max_chars) - 1})']


def _literals(text: str) -> list[tuple[str, str]]:
    return [(literal(escaped(word)), literal(escaped(unit))) for word, unit in units(text)]


def _flat(text: str, written: _Shape, most: int) -> Iterator[str]:
    """Yield p<i>, an item that starts at unit i or later, and r<i>, the rest of an item from unit i on.

    The first unit of a span makes the field of units, all ones, overflow into the number of items.
    """
    found = _literals(text)
    yield written.answer(f"p0::{_BETWEEN}")
    yield written.more(f"lt({_ITEMS},{most})")
    for i, (word, unit) in enumerate(found):
        later = f"|p{i + 1}::_" if i + 1 < len(found) else ""
        yield f"p{i}::_:{word} r{i + 1}::incr(_){later}"
        yield f"r{i}::_:k::_ {unit} r{i + 1}::incr(_)|d|m::_ p{i}::bit_or({_BETWEEN})"
    # A rule with a parameter must use it.
    yield f"r{len(found)}::_:d%if ge(_,0)"


def _nested(text: str, written: _Shape, most: int, same: int, one_word: bool = False) -> Iterator[str]:
    """Yield p<i> as above, n<i>, what follows a span from unit i, and r<i>, the units of a span from i on.

    At most `same` spans start at one place. With `one_word` none holds a blank, and none starts where it
    would repeat an earlier one.
    """
    found = _literals(text)
    starts = _new_words(text) if one_word else range(len(found))
    following = dict(pairwise(starts))
    yield written.answer("p0::0")
    yield written.more(f"lt({_OTHERS},{most - 1})")
    yield f's::_: "" %if lt({_SAME},{same})'
    for i in starts:
        later = f"|p{following[i]}::bit_and({_OTHERS_MASK})" if i in following else ""
        yield f"p{i}::_:s::_ {found[i][0]} r{i + 1}::0 n{i}::incr(_){later}"
        # From the last start there is no later one to go on to.
        yield f"n{i}::_:d|{'' if i in following else 's::_ '}m::_ p{i}::incr({_OTHERS})"
    for i, (word, unit) in enumerate(found):
        ends_here = one_word and unit != word
        yield f'r{i}::_:""%if ge(_,0)' if ends_here else f'r{i}::_:k::_ {unit} r{i + 1}::incr(_)|""'
    yield f'r{len(found)}::_:""%if ge(_,0)'


def _new_words(text: str) -> list[int]:
    """Return the units from which a stretch without blanks begins that does not stand earlier, whole units each.

    Without it a frequent word, as an examination, would keep all its places open at once: llguidance
    refuses so many.
    """
    seen: set[tuple[str, ...]] = set()
    starts = []
    words, begins = zip(*units(text), strict=True)
    for i in range(len(words)):
        end = next((j for j in range(i + 1, len(words)) if begins[j] != words[j]), len(words))
        if words[i:end] not in seen:
            starts.append(i)
            seen.update(words[i:stop] for stop in range(i + 1, end + 1))
    return starts


def _densest(text: str, max_chars: int) -> int:
    """Return how many units at most begin and end within `max_chars` characters of `text`."""
    places = [match.span(1) for match in _UNIT.finditer(text)]
    most = first = 0
    for number, (_, end) in enumerate(places):
        while first < number and end - places[first][0] > max_chars:
            first += 1
        most = max(most, number - first + 1)
    return most
