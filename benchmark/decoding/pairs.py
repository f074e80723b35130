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

from .lark import Bounds, literal
from .units import glued_ends, new_ends, reach, terminals, units

SAME_FIRST = 9
"""How many pairs may have the same first string: half as many again as the most in training and development."""

# Fields of the parameter. The first units of both strings, counted from 1; zero before they are chosen.
_FIRST, _SECOND, _SECOND_BIT = "[0:10]", "[10:20]", 10
# The end that the present string must reach, because shorter ones stand earlier in the text.
_NEW, _NEW_BIT = "[20:30]", 20
# Whether the word that the first string begins with returns, and whether the last pair is written again.
_AGAIN, _RETURNS, _REPEATED = "[30:32]", 1 << 30, 1 << 31
# Pairs of this first string, pairs so far.
_SAME, _ITEMS = "[32:36]", "[36:52]"
_PLACE, _ALL, _ITEMS_MASK = 0x3FF, (1 << 52) - 1, 0xFFFF << 36
_NO_SECOND, _REACHED = _ALL ^ (_PLACE << _SECOND_BIT | _REPEATED), _ALL ^ _PLACE << _NEW_BIT

# It says nothing, but llguidance forgets a change that a rule without a condition makes alone.
_ALWAYS = "%if ge(_,0)"


def ordered_pairs(text: str, keys: tuple[str, str], bounds: Bounds) -> list[str]:
    """Return rules for `{"relations":[{<key>:...,<key>:...}]}`, where both strings are stretches of `text`.

    Pairs come in the text order of their first strings; those of one first string, at most
    `SAME_FIRST`, in that of their second ones. Two pairs, and no more, may begin at the same two
    places if the word that begins the first string returns. With `bounds.one_word` no first string
    holds a blank.

    Args:
        text: at least one unit, at most `MAX_UNITS`.
        keys: of the first and the second string.
        bounds: see `Bounds`.
    """
    found, least = units(text), reach(text, bounds.max_chars)
    new, far = new_ends(found), [bisect_right(least, start) for start in range(len(found))]
    glued = [not bounds.one_word or word == unit for word, unit in found]
    near = glued_ends(found) if bounds.one_word else far
    firsts = [i for i in range(len(found)) if new[i] <= min(near[i], far[i])]
    seconds = [i for i in range(len(found)) if new[i] <= far[i]]
    root, start, between, end = '{"relations":[', f'{{"{keys[0]}":"', f'","{keys[1]}":"', '"}'
    same = f"and(lt({_SAME},{SAME_FIRST}),or(lt({_SECOND},{seconds[-1] + 1}),eq({_AGAIN},1)))"
    more = f"and(lt({_ITEMS},{bounds.max_items - 1}),or(lt({_FIRST},{firsts[-1] + 1}),{same}))"
    return [
        f"answer: {literal(root + ']}')} | {literal(root + start)} p::0 {literal(']}')}",
        f's::_: "" %if {same}',
        *_first(text, firsts, new, least, glued),
        f"n::_: {literal(between)} q::incr({_SAME})",
        *_second(text, seconds, new, least),
        f"e::_: {literal(end)} {_ALWAYS}|{literal(end + ',' + start)} p::incr({_ITEMS})%if {more}",
    ]


def _first(text: str, starts: list[int], new: list[int], least: list[int], glued: list[bool]) -> Iterator[str]:
    """Yield p, a start; f<i>, the start at unit i; r<i>, what follows before unit i: units that are `glued` alone."""
    found = terminals(text)
    glued = [*glued, False]
    times = Counter(word for word, _ in found)
    # Where none can follow there is nothing to reach.
    rest = {i: (f"r{i + 1}", new[i] << _NEW_BIT) if glued[i + 1] else ("n", 0) for i in starts}
    yield "p::_:" + "|".join(
        f"{found[i][0]} f{i}::bit_and({_ITEMS_MASK})%if lt({_FIRST},{i + 1})"
        f"|s::_ {found[i][0]} {rule}::bit_or({reached})%if eq({_FIRST},{i + 1})"
        for i, (rule, reached) in rest.items()
    )
    for i, (rule, reached) in rest.items():
        returns = _RETURNS if times[found[i][0]] > 1 else 0
        yield f"f{i}::_:{rule}::bit_or({i + 1 | reached | returns}){_ALWAYS}"
    for i in range(1, len(found) + 1):
        if glued[i] or glued[i - 1]:
            unit = found[i][1] if glued[i] else ""
            yield _rest("r", i, unit, _FIRST, least, "n")


def _second(text: str, starts: list[int], new: list[int], least: list[int]) -> Iterator[str]:
    """Yield q, a start; h<i>, the start at unit i; w<i>, what follows before unit i."""
    found = terminals(text)
    yield "q::_:" + "|".join(
        f"{found[i][0]} h{i}::bit_and({_NO_SECOND})%if lt({_SECOND},{i + 1})"
        f"|{found[i][0]} w{i + 1}::bit_or({new[i] << _NEW_BIT | _REPEATED})"
        f"%if and(eq({_SECOND},{i + 1}),eq({_AGAIN},1))"
        for i in starts
    )
    for i in starts:
        yield f"h{i}::_:w{i + 1}::bit_or({(i + 1) << _SECOND_BIT | new[i] << _NEW_BIT}){_ALWAYS}"
    for i in range(1, len(found) + 1):
        yield _rest("w", i, found[i][1] if i < len(found) else "", _SECOND, least, "e")


def _rest(name: str, i: int, unit: str, field: str, least: list[int], after: str) -> str:
    """Return the rule of a string that goes on with unit i, if there is one and it began late enough, or ends here."""
    on = f"{unit} {name}{i + 1}::_%if gt({field},{least[i]})|" if unit else ""
    return f"{name}{i}::_:{on}{after}::bit_and({_REACHED})%if lt({_NEW},{i + 1})"
