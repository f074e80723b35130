"""Ordered grammars of typed spans: an answer lists them in text order.

The grammar is right-linear with a few rules a unit of text, a unit being a word or a symbol with
the blanks before it. What must be remembered besides the place is counted in the parameter that
llguidance's rules may carry: `rule::_` passes it on, `incr` and `bit_and` change it, `%if` tests it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .lark import Bounds, literal, one_of
from .units import reach, terminals

SAME_START = 3
"""How many nested spans may start at one place; the most in training and development."""

# Fields of the parameter. Flat spans: units of this span so far (all ones between spans), spans so far.
_UNITS, _BETWEEN, _ITEMS = "[0:10]", 0x3FF, "[10:26]"
# Nested spans: where this one starts (zero between spans), where the last one of this start ends (all ones
# before the first), how many more may start here, spans so far.
_START, _STOP, _LEFT, _SPANS = "[0:10]", "[10:20]", "[20:22]", "[22:38]"
_START_MASK, _STOP_MASK, _STOP_BIT, _FRESH = 0x3FF, 0x3FF << 10, 10, 0x3FF << 10 | SAME_START << 20
_ALL = (1 << 64) - 1

_EMPTY, _FIRST = literal('{"entities":[]}'), literal('{"entities":[{"text":"')
_TYPE, _END, _CLOSING = literal('","type":"'), literal('"}'), literal("]}")
_NEXT, _END_AND_NEXT = literal(',{"text":"'), literal('"},{"text":"')


def ordered_spans(text: str, labels: Sequence[str], bounds: Bounds) -> list[str]:
    """Return rules for `{"entities":[{"text":...,"type":...}]}` with spans of `text` in text order.

    A flat span starts after the end of the one before. A nested one starts not before its start; if it
    starts at the same place it is shorter, and at most `SAME_START` do.

    Args:
        text: at least one unit, at most `MAX_UNITS`.
        labels: at least one type.
        bounds: a span may take as many units as stand in the densest stretch of `max_chars` characters.
    """
    longest = max(last - first + 1 for last, first in enumerate(reach(text, bounds.max_chars)))
    # What follows a span up to the end of its item, and the end of the last item.
    item = [f"t: {_TYPE} ({one_of(labels)})", f"d: t {_END}"]
    if bounds.nested:
        return [*item, *_nested(text, bounds.max_items, longest)]
    return [*item, *_flat(text, bounds.max_items, longest)]


def _answer(start: str) -> str:
    """Return the rule of the answer; `start` is the first item and all that follow."""
    return f"answer: {_EMPTY} | {_FIRST} {start} {_CLOSING}"


def _more(condition: str) -> str:
    """Return the rule m: the end of an item, and the beginning of the next one if there may be one."""
    return f"m::_: t {_END_AND_NEXT} %if {condition}"


def _flat(text: str, most: int, longest: int) -> Iterator[str]:
    """Yield p<i>, an item that starts at unit i or later, and r<i>, the rest of an item from unit i on.

    The first unit of a span makes the field of units, all ones, overflow into the number of items.
    """
    found = terminals(text)
    # One more unit in a span that may have it.
    yield f'k::_: "" %if lt({_UNITS},{longest - 1})'
    yield _answer(f"p0::{_BETWEEN}")
    yield _more(f"lt({_ITEMS},{most})")
    for i, (word, unit) in enumerate(found):
        later = f"|p{i + 1}::_" if i + 1 < len(found) else ""
        yield f"p{i}::_:{word} r{i + 1}::incr(_){later}"
        yield f"r{i}::_:k::_ {unit} r{i + 1}::incr(_)|d|m::_ p{i}::bit_or({_BETWEEN})"
    # A rule with a parameter must use it.
    yield f"r{len(found)}::_:d%if ge(_,0)"


def _nested(text: str, most: int, longest: int) -> Iterator[str]:
    """Yield p<i> and r<i> as above, e<i>, the end of a span before unit i, and g, which goes back to its start.

    A span that starts where the last one did ends before it: without this, small models repeat one
    span until no more may start there.
    """
    found = terminals(text)
    size = len(found)
    yield _answer(f"p0::{_FRESH}")
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
    yield "g::_:" + "|".join(f"{_NEXT} p{i}::bit_and({_ALL ^ _START_MASK})%if eq({_START},{i})" for i in range(size))
