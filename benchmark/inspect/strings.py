"""How two strings relate that are compared without a place in the text."""

from __future__ import annotations

import re

from ..scoring.align import occurrences
from ..scoring.normal import normal


def nearness(first: str, second: str) -> float:
    """Return 1 for equal strings, the share of the longer that the shorter makes up if it is whole words of it, or 0.

    A number is one word: "9,2" holds no "2".
    """
    if first == second:
        return 1.0
    short, long = sorted((first, second), key=len)
    inside = short and re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(short)}(?!\w|[.,]\d)", long)
    return len(short) / len(long) if inside else 0.0


def first_place(string: str, text: str) -> tuple[tuple[int, int], ...]:
    """Return where a string stands first in a text, as whole words if it does so anywhere; nothing if nowhere."""
    return tuple(occurrences(normal(string), text)[:1])
