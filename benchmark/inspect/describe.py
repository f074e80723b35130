"""Rows, prompts and judged items in words, for the terminal and for pages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from os.path import commonprefix
from typing import NamedTuple

from ..rows import ChoiceRow, GraphRow, Row
from .cells import option
from .items import Judged, Kind, Part


class Line(NamedTuple):
    """Judged items that read alike, and how many there are; "" where a side is missing."""

    kind: Kind
    type: str
    gold: str
    answer: str
    times: int


def lines(items: Iterable[Judged]) -> list[Line]:
    """Return one line for all items that read alike, in their order; white space does not count."""
    counted = Counter((item.kind, _types(item), _text(item.gold), _text(item.answer)) for item in items)
    return [Line(*words, times) for words, times in counted.items()]


def _text(part: Part | None) -> str:
    return " ".join(part.text.split()) if part else ""


def _types(item: Judged) -> str:
    found = dict.fromkeys(part.type for part in (item.gold, item.answer) if part and part.type)
    return " → ".join(found)


def given(row: Row) -> list[str]:
    """Return what a row gives beside its text: the options of a question, the components of a graph."""
    match row:
        case ChoiceRow():
            return [option(row, number) for number in range(len(row.options))]
        case GraphRow():
            return [f"{each.id} ({each.type}): {each.text}" for each in row.components]
    return []


def readable(prompt: str) -> str:
    """Return a prompt as sent; of a chat that was sent as JSON, each message under its role."""
    try:
        return "\n\n".join(f"[{each['role']}]\n{each['content']}" for each in json.loads(prompt))
    except (ValueError, TypeError, KeyError):
        return prompt


def shared_beginning(prompts: Sequence[str]) -> str:
    """Return the whole lines with which all of some prompts begin: instruction and examples; "" of one alone."""
    beginning = commonprefix(prompts) if len(prompts) > 1 else ""  # noqa: RUF071 (characters are meant)
    return beginning[: beginning.rfind("\n") + 1]


def per_cent(share: float) -> str:
    """Return a share in per cent, "12.5 %"."""
    return f"{100 * share:.1f}\u00a0%"
