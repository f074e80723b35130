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
# Nested spans: where this one starts (zero between spans), where the last one of this start ends (all ones
# before the first), how many more may start here, spans so far.
_START, _STOP, _LEFT, _SPANS = "[0:10]", "[10:20]", "[20:22]", "[22:38]"
_START_MASK, _STOP_MASK, _STOP_BIT, _FRESH = 0x3FF, 0x3FF << 10, 10, 0x3FF << 10 | SAME_START << 20
_ALL = (1 << 64) - 1
# Pairs: those begun at this place, those of other places so far; rules r count units on their own.
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

    @property
    def next(self) -> str:
        """Return what stands between the end of an item and the span of the next one."""
        return ',{"@":"'.replace("@", self.key)

    def more(self, condition: str) -> str:
        """Return the rule m: the end of an item, and the beginning of the next one if there may be one."""
        following = literal('"}' + self.next)
        return f"m::_: t {following} %if {condition}"


def units(text: str) -> list[tuple[str, str]]:
    """Return the words and symbols of `text`, each alone and with the blanks before it."""
    return [(match[1], match[0]) for match in _UNIT.finditer(text)]


def ordered_spans(text: str, labels: Sequence[str], bounds: Bounds) -> list[str]:
    """Return rules for `{"entities":[{"text":...,"type":...}]}` with spans of `text` in text order.

    A flat span starts after the end of the one before. A nested one starts not before its start; if it
    starts at the same place it is shorter, and at most `SAME_START` do.

    Args:
        text: at least one unit, at most `MAX_UNITS`.
        labels: at least one type.
        bounds: a span may take as many units as stand in the densest stretch of `max_chars` characters.
    """
    written = _Shape("entities", "text", "type", one_of(labels))
    longest = _densest(text, bounds.max_chars)
    if bounds.nested:
        return [*written.rules, *_nested(text, written, bounds.max_items, longest)]
    return [*written.rules, _not_longer(longest), *_flat(text, written, bounds.max_items)]


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
    longest = _densest(text, bounds.max_chars)
    pairs = _pairs(text, written, bounds)
    return [*written.rules, _not_longer(longest), *pairs, *copied(text, bounds.max_chars)]


def first_places(text: str) -> Callable[[str], int]:
    """Return what gives the first place of a string among whole units of `text`; its length where there is none."""
    starts, ends = zip(*(match.span(1) for match in _UNIT.finditer(text)), strict=True) if text.strip() else ((), ())
    borders = set(ends)

    def place(string: str) -> int:
        found = (at for at in starts if text.startswith(string, at) and at + len(string) in borders)
        return next(found, len(text))

    return place


def _not_longer(longest: int) -> str:
    """Return the rule k, which allows one more unit in a span that may have `longest`."""
    return f'k::_: "" %if lt({_UNITS},{longest - 1})'


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


def _nested(text: str, written: _Shape, most: int, longest: int) -> Iterator[str]:
    """Yield p<i> and r<i> as above, e<i>, the end of a span before unit i, and g, which goes back to its start.

    A span that starts where the last one did ends before it: without this, small models repeat one
    span until no more may start there.
    """
    found = _literals(text)
    size = len(found)
    yield written.answer(f"p0::{_FRESH}")
    # From the last unit there is no later place, nor a shorter span.
    yield f"m::_: d %if and(lt({_SPANS},{most - 1}),lt({_START},{size - 1}))"
    for i, (word, unit) in enumerate(found):
        later = f"|p{i + 1}::bit_or({_FRESH})" if i + 1 < size else ""
        yield f"p{i}::_:{word} r{i + 1}::bit_or({i})%if gt({_STOP},{i + 1}){later}"
        near = f"gt({_STOP},{i + 1})"
        near = f"and({near},gt({_START},{i - longest}))" if i >= longest else near
        yield f"r{i}::_:{unit} r{i + 1}::_%if {near}|e{i}::bit_and({_ALL ^ _STOP_MASK})"
    yield f"r{size}::_:e{size}::bit_and({_ALL ^ _STOP_MASK})%if ge(_,0)"
    for i in range(size + 1):
        yield f"e{i}::_:d%if ge(_,0)|m::_ s::bit_or({i << _STOP_BIT})"
    yield f"s::_:l::incr({_SPANS})%if ge(_,0)"
    # After the last that may start here no stop is high enough for another one.
    yield f"l::_:g::decr({_LEFT})%if gt({_LEFT},1)|g::bit_and({_ALL ^ _STOP_MASK})%if eq({_LEFT},1)"
    # A terminal must stand here: llguidance refuses alternatives that only change the parameter of another rule.
    comma = literal(written.next)
    yield "g::_:" + "|".join(f"{comma} p{i}::bit_and({_ALL ^ _START_MASK})%if eq({_START},{i})" for i in range(size))


def _pairs(text: str, written: _Shape, bounds: Bounds) -> Iterator[str]:
    """Yield p<i> as above, n<i>, what follows a first string from unit i, and r<i>, its units from i on.

    At most `SAME_FIRST` pairs start at one place. With `bounds.one_word` no first string holds a blank,
    and none starts where it would repeat an earlier one.
    """
    found = _literals(text)
    starts = _new_words(text) if bounds.one_word else range(len(found))
    following = dict(pairwise(starts))
    yield written.answer("p0::0")
    yield written.more(f"lt({_OTHERS},{bounds.max_items - 1})")
    yield f's::_: "" %if lt({_SAME},{SAME_FIRST})'
    for i in starts:
        later = f"|p{following[i]}::bit_and({_OTHERS_MASK})" if i in following else ""
        yield f"p{i}::_:s::_ {found[i][0]} r{i + 1}::0 n{i}::incr(_){later}"
        # From the last start there is no later one to go on to.
        yield f"n{i}::_:d|{'' if i in following else 's::_ '}m::_ p{i}::incr({_OTHERS})"
    for i, (word, unit) in enumerate(found):
        ends_here = bounds.one_word and unit != word
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
