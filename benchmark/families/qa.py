"""Multiple-choice questions: `{"answer": "B"}`, scored by accuracy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from ..decoding.lark import Bounds, one_of, shape
from ..rows import ChoiceRow
from ..scoring.bootstrap import Array
from ..scoring.normal import loose
from ..scoring.ratios import ratio, total
from .family import Family, Read

# "B", "B)", "Risposta: B. Emofilia"; not "A mio parere", where the letter is a word.
_LETTER = re.compile(r"\W*(?:risposta\W*)?([a-z])(?:\W*$|[).:])", re.IGNORECASE)


class Qa(Family[ChoiceRow, int | None]):
    """One option of a question."""

    shown = ("score",)

    def gold(self, row: ChoiceRow) -> dict[str, Any]:
        """Return the letter of the right option."""
        return {"answer": ascii_uppercase[row.answer]}

    def is_empty(self, row: ChoiceRow) -> bool:
        """Return False: every question has an answer."""
        return False

    def variety(self, row: ChoiceRow) -> str:
        """Return the right letter: small models answer the letter that the examples repeat."""
        return ascii_uppercase[row.answer]

    def grammar(self, row: ChoiceRow, labels: Sequence[str], bounds: Bounds) -> list[str]:
        """Return a rule for the letters of the options that this question has."""
        return ["answer: " + shape('{"answer":"@"}', one_of(ascii_uppercase[: len(row.options)]))]

    def read(self, value: Any, row: ChoiceRow, labels: Sequence[str]) -> Read[int | None]:
        """Read the index of the chosen option, from its letter or its text; None where there is none."""
        clean = isinstance(value, dict) and set(value) == {"answer"}
        if isinstance(value, dict):
            only = next(iter(value.values())) if len(value) == 1 else None
            value = value.get("answer", only)
        if not isinstance(value, str):
            return Read(None, clean=False)
        letters = ascii_uppercase[: len(row.options)]
        if value in letters and len(value) == 1:
            return Read(letters.index(value), clean)
        return Read(_option(value, row.options, letters), clean=False)

    def count(self, row: ChoiceRow, answer: int | None) -> dict[str, float]:
        """Count one question; no answer is a wrong answer."""
        return {"tp": float(answer == row.answer), "gold": 1.0}

    def metrics(self, sums: Mapping[str, Array]) -> dict[str, Array]:
        """Return accuracy."""
        return {"score": ratio(total(sums, "tp"), total(sums, "gold"))}


def _option(value: str, options: Sequence[str], letters: str) -> int | None:
    """Find the option that a loosely written answer names: its whole text, or its letter first.

    An answer that lists several options has chosen none: base models copy the question.
    """
    texts, said = [loose(option) for option in options], loose(value)
    if said in texts:
        return texts.index(said)
    listed = (
        re.search(rf"(?<!\w){letter}\s*[).:-]\s*{re.escape(text)}(?!\w)", said)
        for letter, text in zip(letters.lower(), texts, strict=True)
    )
    if sum(map(bool, listed)) > 1:
        return None
    match = _LETTER.match(value)
    letter = match.group(1).upper() if match else ""
    return letters.index(letter) if letter and letter in letters else None
