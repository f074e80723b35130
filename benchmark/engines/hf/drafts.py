"""Guesses at the next tokens, so that one forward can confirm several: they never change an answer.

Two sources know an extraction well: the note, from which the answer is copied, and the answers
already given to other notes of the task (the empty value of a form, the label after a drug's name).
A third knows how small models run on without a grammar: they repeat themselves. Each guess carries
the rate at which guesses of its kind came true so far.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

_FREE = {"cpu": 12}
_FREE_ELSEWHERE = 256
"""Tokens of a forward, by device, whose arithmetic takes about as long as what a forward costs with any number of them
(reading the weights, calling the kernels)."""
_TRUSTED = (0.3, 0.8)
"""Beyond these, chances are known too badly to go by them."""
LONGEST = 24
"""Guesses in a row, at most."""
_CONTEXTS = (4, 2, 1)
_ECHOED = 6
"""So many tokens must have stood before: of what followed then, 98 % followed again (measured)."""
_STREAKS = 6
"""Repetitions are told apart by their length so far, in powers of two: an answer that loops goes on."""


def worth(rows: int, device: str) -> float:
    """Return how often a guess, with those before it, must come true to be worth its arithmetic.

    One that comes true spares its answer a later forward: a token's arithmetic, and this answer's part
    of what every forward costs. With few answers in progress that part is large, with many it is not.

    Args:
        rows: answers in progress.
        device: type of the device.
    """
    least, most = _TRUSTED
    return min(most, max(least, 1 / (1 + _FREE.get(device, _FREE_ELSEWHERE) / max(1, rows))))


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


class Echo:
    """What followed the last tokens where they stood before in the same answer: small models loop."""

    def __init__(self) -> None:
        self._next: dict[tuple[int, ...], int] = {}
        self._read = 0

    def read(self, tokens: Sequence[int]) -> None:
        """Take in what was added to the answer, `tokens` being all of it."""
        for at in range(max(self._read, _ECHOED), len(tokens)):
            self._next[tuple(tokens[at - _ECHOED : at])] = tokens[at]
        self._read = len(tokens)

    def after(self, tokens: Sequence[int]) -> int | None:
        """Return what followed the last of `tokens` the last time that they were read."""
        return self._next.get(tuple(tokens[-_ECHOED:]))


@dataclass
class Rate:
    """How often guesses of a kind came true; one of two before anything is known."""

    right: int = 1
    tried: int = 2

    @property
    def chance(self) -> float:
        """Return the share of right ones."""
        return self.right / self.tried

    def learn(self, guess: int | None, chosen: int) -> None:
        """Take note of a guess, if there was one, and of what was chosen."""
        if guess is not None:
            self.right += guess == chosen
            self.tried += 1


class Habits:
    """What the answers of one task have in common, learned while it runs: what followed what, and which guesses do."""

    def __init__(self) -> None:
        self._next: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        self.copying = Rate()
        self._echoing = [Rate() for _ in range(_STREAKS)]

    def echoing(self, streak: int) -> Rate:
        """Return the rate at which an answer went on repeating itself that had done so for `streak` tokens."""
        return self._echoing[min(streak.bit_length(), _STREAKS - 1)]

    def usual(self, tokens: Sequence[int]) -> tuple[int, float] | None:
        """Return what usually follows the last tokens, and its chance."""
        for size in _CONTEXTS:
            if seen := self._next.get(tuple(tokens[-size:])):
                token, count = seen.most_common(1)[0]
                return token, count / (seen.total() + 1)
        return None

    def learn(self, tokens: Sequence[int], chosen: int) -> None:
        """Take note of what was chosen after `tokens`."""
        for context in {tuple(tokens[-size:]) for size in _CONTEXTS}:
            self._next[context][chosen] += 1


class Guesser:
    """Guesses at one answer, from its note, from itself and from the habits of its task."""

    def __init__(self, note: Note, habits: Habits) -> None:
        self._note, self._habits = note, habits
        self._echo, self._streak = Echo(), 0

    def guess(self, tokens: Sequence[int], text: bytes) -> tuple[int, float] | None:
        """Return the likeliest next token and its chance; None without any ground for one.

        Args:
            tokens: the answer so far.
            text: the same as bytes.
        """
        usual = self._habits.usual(tokens)
        found = [usual] if usual else []
        for token, rate in (
            (self._copy(text), self._habits.copying),
            (self._echo.after(tokens), self._habits.echoing(self._streak)),
        ):
            if token is not None:
                found.append((token, rate.chance))
        return max(found, key=lambda guess: guess[1], default=None)

    def learn(self, tokens: Sequence[int], text: bytes, chosen: int) -> None:
        """Take note of what was chosen after an answer so far."""
        self._echo.read(tokens)
        self._habits.copying.learn(self._copy(text), chosen)
        echoed = self._echo.after(tokens)
        self._habits.echoing(self._streak).learn(echoed, chosen)
        self._streak = self._streak + 1 if echoed == chosen else 0
        self._habits.learn(tokens, chosen)

    def _copy(self, text: bytes) -> int | None:
        """Return the token that goes on copying from the note, inside a string that has begun."""
        before, quote, begun = text.rpartition(b'"')
        return self._note.after(begun) if quote and before.count(b'"') % 2 == 0 else None
