"""From a model's raw response to a JSON value and a verdict on its form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .tolerant import Broken, read_value, without_repeats

Status: TypeAlias = Literal["valid", "repaired", "truncated", "unparseable"]
STATUSES: tuple[Status, ...] = ("valid", "repaired", "truncated", "unparseable")
MAX_CHARS = 100_000
"""Longer responses are read up to here: no right answer comes near it."""

COT_OPENING = "Ragioniamo passo per passo.\n"
"""How reasoning in a grammar begins: no prompt asks for it, and is the same with and without."""
ANSWER_HEADING = "\n## Risposta finale\n"
"""Parts an answer from the reasoning before it; compact JSON cannot hold it, nor does it end a generation."""

_OPEN = re.compile(r"[{\[]")
_OBJECTS = re.compile(r"\[\s*{")
_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_REASONING_ENDS = ("</think>", ANSWER_HEADING)
_REASONING_BEGINS = ("<think>", COT_OPENING.strip())
_STRAY = 20
"""Brackets before an answer that are passed over: each is read, which takes time."""


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

    Reasoning, up to the end of a thinking block or the answer's heading, is not part of the answer; one that is cut
    off has none.
    """
    found = _whole(response[:MAX_CHARS]) or _after_reasoning(response)
    return Reading(_storable(found.value), found.status) if _HALF.search(response) else found


def _after_reasoning(response: str) -> Reading:
    text = response[-MAX_CHARS:] if any(end in response for end in _REASONING_ENDS) else response[:MAX_CHARS]
    for end in _REASONING_ENDS:
        text = text.rpartition(end)[2]
    text = text.strip().lstrip("\ufeff")
    if text.startswith(_REASONING_BEGINS):
        return Reading(None, "truncated")
    return _whole(text) or _mend(text)


def _whole(text: str) -> Reading | None:
    """Read a text that is one value of JSON and nothing else."""
    try:
        value = json.loads(text.strip().lstrip("\ufeff"), object_pairs_hook=without_repeats)
    except (ValueError, RecursionError):
        return None
    return Reading(value, "valid") if isinstance(value, dict | list) else None


def _storable(value: Any) -> Any:
    """Put "?" for halves of characters, which JSON can name and no file can hold."""
    try:
        return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except RecursionError:
        return None


def _mend(text: str) -> Reading:
    """Read from the first bracket; a list without objects, "[1]" or "[JSON]", only if nothing better comes after it."""
    first: Reading | None = None
    at = 0
    for _ in range(_STRAY + 1):
        if (match := _OPEN.search(text, at)) is None:
            break
        found, at = _read_from(text, match.start())
        objects = _OBJECTS.match(text, match.start()) or any(isinstance(each, dict) for each in found.value or ())
        if objects or not isinstance(found.value, list):
            return found if first is None or found.value or found.status == "repaired" else first
        first = first or found
    return first or Reading(None, "unparseable")


def _read_from(text: str, at: int) -> tuple[Reading, int]:
    """Read what begins with the bracket at `at`; return it and where to look on: behind it, or inside the broken."""
    try:
        value, end = read_value(text, at)
        return Reading(value, "repaired"), end
    except Broken as broken:
        if not broken.partial:
            return (Reading(broken.partial, "truncated") if broken.cut else Reading(None, "unparseable")), at + 1
        return Reading(broken.partial, "truncated" if broken.cut else "repaired"), at + 1
