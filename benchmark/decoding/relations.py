"""Ordered grammar of relations between given components: an answer repeats none.

Heads, tails and types are numbered; the parameter that llguidance's rules may carry holds the
numbers of the last relation, and every alternative tests that it comes after them.
"""

from __future__ import annotations

from collections.abc import Sequence

from .lark import ALWAYS, Bounds, escaped, literal

MAX_CHOICES = 255
"""More tails times types need another grammar: compiling takes about 60 microseconds a choice."""

# Fields of the parameter: the last tail and type, items so far, the head. Numbers start from 1.
_CHOICE, _ITEMS, _HEAD, _HEAD_BIT = "[0:16]", "[16:32]", "[32:48]", 32
_ITEMS_MASK, _NOT_CHOICE_MASK = 0xFFFF << 16, 0xFFFFFFFF << 16

_EMPTY, _FIRST = literal('{"relations":[]}'), literal('{"relations":[{"head":"')
_NEXT, _END = literal(',{"head":"'), literal("]}")


def ordered_relations(ids: Sequence[str], labels: Sequence[str], bounds: Bounds) -> list[str]:
    """Return rules for `{"relations":[{"head":...,"tail":...,"type":...}]}`.

    Heads come in the given order, tails of a head in the given order, types of a pair in
    alphabetical order; no component relates to itself.

    Args:
        ids: at least two.
        labels: at least one type; tails times types are at most `MAX_CHOICES`.
        bounds: see `Bounds`.
    """
    heads = range(1, len(ids) + 1)
    choices = list(enumerate(((tail, kind) for tail in heads for kind in sorted(labels)), 1))
    # The last choice of each head: without it, a head would be offered that no tail can follow.
    last = {head: max(number for number, (tail, _) in choices if tail != head) for head in heads}
    more = f"and(lt({_ITEMS},{bounds.max_items - 1}),or(lt({_HEAD},{len(ids)}),lt({_CHOICE},{last[len(ids)]})))"
    same_head = [f"{_head(ids[i - 1])} t::_%if and(eq({_HEAD},{i}),lt({_CHOICE},{last[i]}))" for i in heads]
    later_head = [f"{_head(ids[i - 1])} h{i}::bit_and({_ITEMS_MASK})%if lt({_HEAD},{i})" for i in heads]
    return [
        f"answer: {_EMPTY} | {_FIRST} g::0 {_END}",
        "g::_: " + "\n | ".join([*same_head, *later_head]),
        *(f"h{i}::_:t::bit_or({i << _HEAD_BIT}){ALWAYS}" for i in heads),
        "t::_: " + "\n | ".join(_choice(ids[tail - 1], kind, number, tail) for number, (tail, kind) in choices),
        *(f"c{number}::_:n::bit_or({number}){ALWAYS}" for number, _ in choices),
        f'n::_: "" | {_NEXT} g::incr({_ITEMS})%if {more}',
    ]


def _head(name: str) -> str:
    return literal(escaped(name) + '","tail":"')


def _choice(tail: str, kind: str, number: int, component: int) -> str:
    text = literal(f'{escaped(tail)}","type":"{escaped(kind)}"}}')
    return f"{text} c{number}::bit_and({_NOT_CHOICE_MASK})%if and(lt({_CHOICE},{number}),ne({_HEAD},{component}))"
