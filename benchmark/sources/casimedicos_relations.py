"""Argument relations of CasiMedicos: annotated on the English text, carried over to the Italian components.

The publisher also projects them, but onto whole Italian sentences: only 56 % of its test pairs name
two single components, and one in eight relates a sentence to itself. Both languages hold the same
documents in the same order, sentence by sentence, so a component is found by its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from ..errors import SchemaError
from ..rows import Span
from ..text import words
from .casimedicos_text import Place

RELATIONS = {"Support": "supporto", "Attack": "attacco"}

Pairs: TypeAlias = list[tuple[str, str, str]]
"""(head text, tail text, relation) as published, texts in English."""
Placed: TypeAlias = Sequence[tuple[Place, Span]]
"""Components and their places, in order of text."""


def read_pairs(content: str, origin: str) -> dict[str, Pairs]:
    """Return the annotated pairs by case id; cases without any are not annotated, and not returned.

    Args:
        content: one JSON object a line, case id to list of pairs; some lines wrap it in a list.
        origin: the file's name, for messages.

    Raises:
        SchemaError: a line is no such object, or a relation is unknown.
    """
    found: dict[str, Pairs] = {}
    for case_id, value in read_objects(content, origin):
        try:
            pairs = [(head, tail, RELATIONS[kind]) for head, tail, kind in value]
        except (KeyError, TypeError, ValueError) as error:
            message = f"{origin}, case {case_id}: wanted [head, tail, {' or '.join(RELATIONS)}], found {value!r:.80}"
            raise SchemaError(f"{message}: the publisher's file has changed.") from error
        if pairs:
            found[case_id] = pairs
    return found


def read_objects(content: str, origin: str) -> Iterator[tuple[str, Any]]:
    """Yield key and value of every JSON object, one a line, also of those wrapped in a list.

    Raises:
        SchemaError: a line is not JSON, or something else.
    """
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            yield from _items(line, f"{origin}, line {number}")


def _items(line: str, origin: str) -> list[tuple[str, Any]]:
    try:
        value = json.loads(line)
        return [item for entry in (value if isinstance(value, list) else [value]) for item in entry.items()]
    except (json.JSONDecodeError, AttributeError) as error:
        message = f"{origin}: wanted a JSON object by case id, found {line[:60]!r}: download the source again."
        raise SchemaError(message) from error


def project(pairs: Pairs, english: Placed, italian: Placed) -> list[tuple[int, int, str]]:
    """Return the pairs as (head, tail, relation), by place in the list of Italian components.

    A pair is dropped where an English text is no component, or stands at places that lead to
    different Italian ones, or where head and tail lead to the same; repeated pairs are taken once.
    """
    places: dict[str, list[Place]] = {}
    for place, span in english:
        places.setdefault(_key(span.text), []).append(place)
    targets = {place: _counterpart(place, english, italian) for place, _ in english}

    def resolve(text: str) -> int | None:
        candidates = {targets[place] for place in places.get(_key(text), [])}
        return candidates.pop() if len(candidates) == 1 else None

    edges = dict.fromkeys((resolve(head), resolve(tail), kind) for head, tail, kind in pairs)
    return [(h, t, kind) for h, t, kind in edges if h is not None and t is not None and h != t]


def _counterpart(place: Place, english: Placed, italian: Placed) -> int | None:
    """Return the Italian component of the same rank in the same sentence, or the only one there."""
    source = [span.type for other, span in english if other[:2] == place[:2]]
    target = {index: span.type for index, (other, span) in enumerate(italian) if other[:2] == place[:2]}
    if source == list(target.values()):
        return list(target)[place[2]]
    return next(iter(target)) if len(target) == 1 else None


def _key(text: str) -> str:
    return " ".join(words(text))
