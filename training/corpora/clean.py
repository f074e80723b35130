"""What of a text is worth training on: cleaned, whole, Italian, and said for the first time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from itamed.benchmark.text import words

from .shingles import Hashes, shared

_LEAST_WORDS = 20
_COPIED = 0.5
"""Share of a document's n-grams that kept ones hold already, from which on it is a copy."""
_BROKEN = 0.001
"""Share of undecodable characters from which on a document is dropped."""
_ITALIAN = frozenset(words("di che è e la il un a per non una con del della sono le in si da i al nel gli alla dei"))
_ENGLISH = frozenset(words("the of and to in is that for it with as was on are be this by or from at which have"))
_RECENT = 2**20
"""Numbers that are remembered one by one until they are sorted in."""
_BLANKS = re.compile(r"[ \t\u00a0]+")
_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """Return a text with composed accents, plain blanks and no control characters, lines kept."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    # Few texts hold any, and to look at each kind of character once is fast.
    controls = {ord(char): None for char in set(text) - {"\n", "\t"} if unicodedata.category(char)[0] == "C"}
    text = text.translate(controls) if controls else text
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()


def fault(text: str, found: Sequence[str]) -> str:
    """Return why a cleaned text with these words is not worth training on; empty if it is."""
    if len(found) < _LEAST_WORDS:
        return "short"
    if text.count("\ufffd") > _BROKEN * len(text):
        return "undecodable"
    if sum(word in _ITALIAN for word in found) <= sum(word in _ENGLISH for word in found):
        return "not Italian"
    return ""


class Copies:
    """Tells documents that repeat what others said before them, such as leaflets of one substance."""

    def __init__(self) -> None:
        # Numbers in a set take eight times the memory of sorted ones, which cannot be added to one by one.
        self._sorted: Hashes = np.zeros(0, np.int64)
        self._recent: set[int] = set()

    def is_copy(self, sample: Sequence[int]) -> bool:
        """Return whether a text is mostly a copy; what is not is remembered.

        Args:
            sample: the hashes of its n-grams that `sampled` chooses.
        """
        old = shared(np.asarray(sample, np.int64), self._sorted).tolist()
        known = len(old) + sum(each in self._recent for each in sample)
        if sample and known >= _COPIED * len(sample):
            return True
        self._recent.update(set(sample) - set(old))
        if len(self._recent) >= _RECENT:
            self._sorted = np.union1d(self._sorted, np.fromiter(self._recent, np.int64, len(self._recent)))
            self._recent.clear()
        return False
