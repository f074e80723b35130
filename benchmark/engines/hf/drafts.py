"""Guesses at the next tokens, so that one forward can confirm several: they never change an answer.

Two sources know an extraction well: the note, from which the answer is copied, and the answers
already given to other notes of the task (the empty value of a form, the label after a drug's name).
Each guess carries the rate at which guesses of its kind came true so far.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

WORTH = 0.4
"""A guess is tried when it and those before it come true at least this often."""
LONGEST = 24
"""Guesses in a row, at most."""
_CONTEXTS = (4, 2, 1)


class Note:
    """The text that an answer copies from, with the tokens that begin at each of its places."""

    def __init__(self, tokens: Sequence[int], pieces: Sequence[bytes]) -> None:
        self._tokens = list(tokens)
        self._starts: dict[int, int] = {}
        place = 0
        for index, piece in enumerate(pieces):
            self._starts[place] = index
            place += len(piece)
        self._text = b"".join(pieces)

    def after(self, copied: bytes) -> int | None:
        """Return the token that follows `copied` in the text, where a token begins there."""
        at = self._text.find(copied) if copied else -1
        while at >= 0:
            index = self._starts.get(at + len(copied))
            if index is not None and index < len(self._tokens):
                return self._tokens[index]
            at = self._text.find(copied, at + 1)
        return None


class Habits:
    """What followed what in the answers of one task, learned while it runs."""

    def __init__(self) -> None:
        self._next: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        self._copied, self._copyable = 1, 2

    @property
    def copying(self) -> float:
        """Return the rate at which a copy from the note went on."""
        return self._copied / self._copyable

    def usual(self, tokens: Sequence[int]) -> tuple[int, float] | None:
        """Return what usually follows the last tokens, and its chance."""
        for size in _CONTEXTS:
            if seen := self._next.get(tuple(tokens[-size:])):
                token, count = seen.most_common(1)[0]
                return token, count / (seen.total() + 1)
        return None

    def learn(self, tokens: Sequence[int], chosen: int, copy: int | None) -> None:
        """Take note of what was chosen after `tokens`, where a copy would have gone on with `copy`."""
        for context in {tuple(tokens[-size:]) for size in _CONTEXTS}:
            self._next[context][chosen] += 1
        if copy is not None:
            self._copied += chosen == copy
            self._copyable += 1


class Guesser:
    """Guesses at one answer, from its note and the habits of its task."""

    def __init__(self, note: Note, habits: Habits) -> None:
        self._note, self._habits = note, habits

    def guess(self, tokens: Sequence[int], text: bytes) -> tuple[int, float] | None:
        """Return the likeliest next token and its chance; None without any ground for one.

        Args:
            tokens: the answer so far.
            text: the same as bytes.
        """
        copy = self._copy(text)
        found = self._habits.usual(tokens)
        if copy is not None and (found is None or found[1] < self._habits.copying):
            return copy, self._habits.copying
        return found

    def learn(self, tokens: Sequence[int], text: bytes, chosen: int) -> None:
        """Take note of what was chosen after an answer so far."""
        self._habits.learn(tokens, chosen, self._copy(text))

    def _copy(self, text: bytes) -> int | None:
        """Return the token that goes on copying from the note, inside a string that has begun."""
        before, quote, begun = text.rpartition(b'"')
        return self._note.after(begun) if quote and before.count(b'"') % 2 == 0 else None
