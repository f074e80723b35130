"""Ordered grammar of pairs of copied strings: an answer lists them in text order and repeats none.

A string means its first place in the text: however often its words return, one place alone stays
open when it has been read. The parameter of the rules holds the places of the last pair, and every
alternative tests that it comes after them. Starts are alternatives of one rule, and not a chain of
rules as those of flat spans: a chain would be walked again for every pair, and llguidance keeps
all that was walked open to the end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from .lark import ALWAYS, Bounds, literal
from .units import Units, glued_ends, new_ends, reach, terminals

SAME_FIRST = 9
"""How many pairs may have the same first string: half as many again as the most in training and development."""

# Fields of the parameter. The first units of both strings, counted from 1; zero before they are chosen.
_FIRST, _SECOND, _SECOND_BIT = "[0:10]", "[10:20]", 10
# The end of the last second string.
_END, _END_BIT = "[20:30]", 20
# The ends that both strings must reach, because shorter ones stand earlier in the text.
_NEW_FIRST, _NEW_FIRST_BIT, _NEW_SECOND, _NEW_SECOND_BIT = "[30:40]", 30, "[40:50]", 40
# Whether the word that the first string begins with returns, and whether the last pair is no repetition.
_AGAIN, _RETURNS, _FRESH = "[50:52]", 1 << 50, 1 << 51
# Pairs of this first string, pairs so far.
_SAME, _ITEMS = "[52:56]", "[56:64]"
_FIELD, _ALL, _ITEMS_MASK = 0x3FF, (1 << 64) - 1, 0xFF << 56
_NO_NEW_FIRST = _ALL ^ _FIELD << _NEW_FIRST_BIT
_NO_END = _ALL ^ (_FIELD << _END_BIT | _FRESH)
_NO_SECOND = _NO_END ^ (_FIELD << _SECOND_BIT | _FIELD << _NEW_SECOND_BIT)


def ordered_pairs(text: str, keys: tuple[str, str], bounds: Bounds) -> list[str]:
    """Return rules for `{"relations":[{<key>:...,<key>:...}]}`, where both strings are stretches of `text`.

    Pairs come in the text order of their first strings; those that begin with one place, at most
    `SAME_FIRST`, have second strings of which each starts after the end of the one before. Two, and
    no more, may start at the same place if the word that begins the first string returns. With
    `bounds.one_word` no first string holds a blank.

    Args:
        text: at least one unit, at most `MAX_UNITS`.
        keys: of the first and the second string.
        bounds: see `Bounds`; at most 255 items.
    """
    found, least = terminals(text), reach(text, bounds.max_chars)
    new, far = new_ends(found), [bisect_right(least, start) for start in range(len(found))]
    glued = [not bounds.one_word or word == unit for word, unit in found]
    near = glued_ends(found) if bounds.one_word else far
    firsts = [i for i in range(len(found)) if new[i] <= min(near[i], far[i])]
    seconds = [i for i in range(len(found)) if new[i] <= far[i]]
    root, start, between, end = '{"relations":[', f'{{"{keys[0]}":"', f'","{keys[1]}":"', '"}'
    same = f"and(lt({_SAME},{SAME_FIRST}),or(lt({_END},{seconds[-1] + 1}),eq({_AGAIN},3)))"
    more = f"and(lt({_ITEMS},{bounds.max_items - 1}),or(lt({_FIRST},{firsts[-1] + 1}),{same}))"
    return [
        f"answer: {literal(root + ']}')} | {literal(root + start)} p::0 {literal(']}')}",
        f's::_: "" %if {same}',
        *_first(found, firsts, new, least, glued),
        f"n::_: {literal(between)} q::incr({_SAME})",
        *_second(found, seconds, new, least),
        f"e::_: {literal(end)} {ALWAYS}|{literal(end + ',' + start)} p::incr({_ITEMS})%if {more}",
    ]


def _first(found: Units, starts: list[int], new: list[int], least: list[int], glued: list[bool]) -> Iterator[str]:
    """Yield p, a start; f<i>, the start at unit i; r<i>, what follows before unit i: units that are `glued` alone."""
    glued = [*glued, False]
    times = Counter(word for word, _ in found)
    # Where none can follow there is nothing to reach.
    rest = {i: (f"r{i + 1}", new[i] << _NEW_FIRST_BIT) if glued[i + 1] else ("n", 0) for i in starts}
    yield "p::_:" + "|".join(
        f"{found[i][0]} f{i}::bit_and({_ITEMS_MASK})%if lt({_FIRST},{i + 1})"
        f"|s::_ {found[i][0]} {rule}::bit_or({reached})%if eq({_FIRST},{i + 1})"
        for i, (rule, reached) in rest.items()
    )
    for i, (rule, reached) in rest.items():
        returns = _RETURNS if times[found[i][0]] > 1 else 0
        yield f"f{i}::_:{rule}::bit_or({i + 1 | reached | returns}){ALWAYS}"
    for i in range(1, len(found) + 1):
        if glued[i] or glued[i - 1]:
            on = f"{found[i][1]} r{i + 1}::_%if gt({_FIRST},{least[i]})|" if glued[i] else ""
            yield f"r{i}::_:{on}n::bit_and({_NO_NEW_FIRST})%if lt({_NEW_FIRST},{i + 1})"


def _second(found: Units, starts: list[int], new: list[int], least: list[int]) -> Iterator[str]:
    """Yield q, a start; h<i>, the start at unit i; w<i>, what follows before unit i."""
    yield "q::_:" + "|".join(
        f"{found[i][0]} h{i}::bit_and({_NO_SECOND})%if lt({_END},{i + 1})"
        f"|{found[i][0]} w{i + 1}::bit_and({_NO_END})%if and(eq({_SECOND},{i + 1}),eq({_AGAIN},3))"
        for i in starts
    )
    for i in starts:
        yield f"h{i}::_:w{i + 1}::bit_or({(i + 1) << _SECOND_BIT | new[i] << _NEW_SECOND_BIT | _FRESH}){ALWAYS}"
    for i in range(1, len(found) + 1):
        on = f"{found[i][1]} w{i + 1}::_%if gt({_SECOND},{least[i]})|" if i < len(found) else ""
        yield f"w{i}::_:{on}e::bit_or({i << _END_BIT})%if lt({_NEW_SECOND},{i + 1})"
