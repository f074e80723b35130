"""What of a text is worth training on: cleaned, whole, Italian, and said for the first time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from .language import is_foreign
from .shingles import Hashes, Mask, inside, of_the_eighth

_COPIED = 0.5
"""Share of a document's n-grams that kept ones hold already, from which on it is a copy."""
_ENOUGH = 24
"""N-grams of the eighth that long documents leave, below which they say too little of a short one."""
_BROKEN = 0.001
"""Share of undecodable characters from which on a document is dropped."""
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


def fault(text: str, found: Sequence[str], least_words: int, *, italian: bool) -> str:
    """Return why a cleaned text is not worth training on; empty if it is.

    Args:
        text: the text.
        found: its words, in lower case.
        least_words: with fewer it is too short.
        italian: whether one that is clearly of another language is left out.
    """
    if len(found) < least_words:
        return "short"
    if text.count("\ufffd") > _BROKEN * len(text):
        return "undecodable"
    return "not Italian" if italian and is_foreign(found) else ""


class Copies:
    """Tells documents that repeat what others said before them, such as leaflets of one substance."""

    def __init__(self) -> None:
        # Numbers in a set take eight times the memory of sorted ones, which cannot be added to one by one.
        self._sorted: Hashes = np.zeros(0, np.int64)
        self._recent: set[int] = set()

    def is_copy(self, sample: Sequence[int], whole: int) -> bool:
        """Return whether a text is mostly a copy; what is not is remembered.

        A text of up to about 200 words whose words stand in a much longer one is not found.

        Args:
            sample: the hashes of its n-grams that `sampled` chooses.
            whole: the hash of all its words: a text that is too short for n-grams may be repeated, too.
        """
        numbers = np.asarray([*sample, whole], np.int64)
        known = inside(numbers, self._sorted) | np.array([each in self._recent for each in numbers.tolist()])
        # Of long texts an eighth is remembered: only that part of a short one can be looked for in them.
        ngrams, eighth = known[:-1], known[:-1][of_the_eighth(numbers[:-1])]
        if known[-1] or _mostly(ngrams) or (len(eighth) >= _ENOUGH and _mostly(eighth)):
            return True
        self._recent.update(numbers[~known].tolist())
        if len(self._recent) >= _RECENT:
            self._sorted = np.union1d(self._sorted, np.fromiter(self._recent, np.int64, len(self._recent)))
            self._recent.clear()
        return False


def _mostly(known: Mask) -> bool:
    return len(known) > 0 and bool(known.mean() >= _COPIED)
