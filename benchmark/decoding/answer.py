"""From a model's raw response to a JSON value and a verdict on its form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .tolerant import Broken, read_value

Status: TypeAlias = Literal["valid", "repaired", "truncated", "unparseable"]
STATUSES: tuple[Status, ...] = ("valid", "repaired", "truncated", "unparseable")
MAX_CHARS = 100_000
"""Longer responses are read up to here: no right answer comes near it."""

ANSWER_HEADING = "\n## Risposta finale\n"
"""Parts an answer from the reasoning before it; compact JSON cannot hold it, nor does it end a generation."""

_OPEN = re.compile(r"[{\[]")
_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_REASONING_ENDS = ("</think>", ANSWER_HEADING)


@dataclass(frozen=True)
class Reading:
    """A JSON value read from a response, and how it was come by.

    "valid": the whole response is one JSON value; "repaired": a value was found after dropping
    fences or surrounding text, or mending its syntax; "truncated": the response ends inside the
    value, the complete items are kept; "unparseable": no value (then `value` is None).
    """

    value: Any
    status: Status


def read_answer(response: str) -> Reading:
    """Read the JSON answer in `response`; never raises.

    Reasoning, up to the end of a thinking block or the answer's heading, is not part of the answer.
    """
    text = response[-MAX_CHARS:] if any(end in response for end in _REASONING_ENDS) else response[:MAX_CHARS]
    for end in _REASONING_ENDS:
        text = text.rpartition(end)[2]
    text = text.strip().lstrip("\ufeff")
    try:
        value = json.loads(text)
        found = Reading(value, "valid") if isinstance(value, dict | list) else _mend(text)
    except (ValueError, RecursionError):
        found = _mend(text)
    return Reading(_storable(found.value), found.status) if _HALF.search(text) else found


def _storable(value: Any) -> Any:
    """Put "?" for halves of characters, which JSON can name and no file can hold."""
    try:
        return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        return None


def _mend(text: str) -> Reading:
    """Find the first bracket and read from there; prefer an object to a stray list."""
    match = _OPEN.search(text)
    if match is None:
        return Reading(None, "unparseable")
    try:
        return Reading(read_value(text, match.start()), "repaired")
    except Broken as broken:
        if not broken.partial:
            return Reading(broken.partial, "truncated") if broken.cut else Reading(None, "unparseable")
        return Reading(broken.partial, "truncated" if broken.cut else "repaired")
