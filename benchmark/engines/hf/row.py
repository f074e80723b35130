"""One answer in the making: what to feed next, what to make of the model's choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from .drafts import LONGEST, Guesser
from .matcher import Allowed, GrammarError, Matcher
from .slots import Ids


@dataclass(frozen=True, eq=False)
class Request:
    """A prompt to be answered.

    `grammar` is Lark text (None: free), `budget` the most new tokens, `stops` the strings that end a
    free answer, `task` what shares habits; messages call the request by its `name`.
    """

    prompt: Ids
    budget: int
    grammar: str | None = None
    stops: tuple[str, ...] = ()
    task: str = ""
    name: str = "A request"


@dataclass(frozen=True)
class Answer:
    """What was answered: tokens without the end token, and whether the budget cut them off, or a failing grammar."""

    tokens: tuple[int, ...]
    cut: bool


@dataclass(eq=False)
class Row:
    """State of one request between forwards.

    All prompts of its task begin with the same `shared` tokens. `tokens` are prompt and answer; the
    keys and values of the first `fed` are in `slot`, `reused` of them from other prompts. `feeding`
    goes into the present forward and ends with `guesses`, which are not in `tokens`; `places` are the
    indices into it after which a token is to be chosen. Of the answer's tokens, `decided` were the
    model's choice, `confirmed` were fed as guesses. Where its grammar failed, the answer is cut off
    and `failure` says why.
    """

    request: Request
    number: int
    matcher: Matcher
    guesser: Guesser | None
    ends: frozenset[int]
    piece: Callable[[int], bytes]
    shared: int = 0
    slot: int = -1
    fed: int = 0
    reused: int = 0
    tokens: list[int] = field(default_factory=list)
    guesses: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    feeding: list[int] = field(default_factory=list)
    text: bytes = b""
    done: bool = False
    cut: bool = False
    failure: str = ""
    decided: int = 0
    confirmed: int = 0

    def __post_init__(self) -> None:
        self.tokens = [int(token) for token in self.request.prompt]
        try:
            self._extend(self.matcher.forced())
        except GrammarError as error:
            self._fail(error)

    @property
    def answer(self) -> list[int]:
        """Return the answer's tokens so far."""
        return self.tokens[len(self.request.prompt) :]

    @property
    def reading(self) -> bool:
        """Return whether part of the prompt is still to be fed."""
        return self.fed < len(self.request.prompt)

    @property
    def result(self) -> Answer:
        """Return the finished answer."""
        return Answer(tuple(self.answer), self.cut)

    def plan(self, room: int, worth: float) -> list[int]:
        """Return the tokens to feed now, at most about `room`, and set the places to choose at.

        A prompt that does not fit is fed in parts; only with its last part come guesses and choices.
        Guesses go on as long as they are likely enough (see `drafts.worth`).
        """
        waiting = self.tokens[self.fed :]
        self.guesses, self.places = [], []
        if len(waiting) > room:
            self.feeding = waiting[:room]
        else:
            self.places.append(len(waiting) - 1)
            if self.guesser:
                try:
                    self._guess(self.guesser, min(LONGEST, self._left() - 1), worth)
                except GrammarError:
                    self._stop_guessing()
                    self.places.append(len(waiting) - 1)
            self.feeding = waiting + self.guesses
        return self.feeding

    def _left(self) -> int:
        return self.request.budget - len(self.answer)

    def _guess(self, guesser: Guesser, room: int, worth: float) -> None:
        """Set `guesses` and `places`; the matcher is left where it was."""
        base = self.places[0]
        chance, answer, text = 1.0, self.answer, self.text
        while True:
            found = guesser.guess(answer, text)
            if found is None or chance * found[1] < worth or not self._possible(found[0]):
                break
            chance *= found[1]
            self.matcher.consume([found[0]])
            run = [found[0], *self.matcher.forced()]
            self.matcher.consume(run[1:])
            if self.matcher.finished or len(self.guesses) + len(run) > room:
                self.matcher.rollback(len(run))
                break
            self.guesses += run
            answer = answer + run
            text += b"".join(map(self.piece, run))
            self.places.append(base + len(self.guesses))
        self.matcher.rollback(len(self.guesses))

    def _possible(self, token: int) -> bool:
        return token not in self.ends and self.matcher.accepts(token)

    def candidates(self) -> list[Allowed]:
        """Return what may come next at each place; to be called while the model runs, before `places` is used."""
        found: list[Allowed] = []
        reached = 0
        try:
            for place in self.places:
                run = self.guesses[reached : place - self.places[0]]
                self.matcher.consume(run)
                reached += len(run)
                found.append(self.matcher.allowed())
            self.matcher.rollback(reached)
        except GrammarError as error:
            found = []
            if self.guesses:
                self._stop_guessing()
            else:
                self._fail(error)
        return found

    def _stop_guessing(self) -> None:
        """Take back what is being fed, after a guess, right or wrong, under which the grammar failed."""
        self.matcher, self.guesser = self.matcher.again(self.answer), None
        self.feeding, self.guesses, self.places = [], [], []

    def _fail(self, error: GrammarError) -> None:
        """End the answer where its grammar fails: the run's other answers can do without it."""
        self.failure = str(error)
        self.done = self.cut = True
        self.guesses, self.places = [], []

    def accept(self, chosen: Sequence[int]) -> None:
        """Take the model's choices at `places`, as far as they follow from each other.

        Guesses are right as long as each choice is what was guessed there; the first that is not
        replaces the rest of them.
        """
        self.fed += len(self.feeding) - len(self.guesses)
        try:
            self._take(chosen)
        except GrammarError as error:
            self._fail(error)

    def _take(self, chosen: Sequence[int]) -> None:
        bounds = [place - self.places[0] for place in self.places]
        for begin, end, token in zip_longest(bounds, bounds[1:], chosen):
            if self.guesser:
                self.guesser.learn(self.answer, self.text, token)
            self.decided += 1
            if token in self.ends:
                self.done = True
                break
            self.matcher.consume([token])
            self._extend([token, *self.matcher.forced()], consumed=1)
            if self.done or end is None or token != self.guesses[begin]:
                break
            self.fed += end - begin
            self.confirmed += end - begin

    def _extend(self, tokens: Sequence[int], consumed: int = 0) -> None:
        """Append tokens within the budget; tell whether the answer ends with them."""
        kept = list(tokens[: self._left()])
        self.matcher.consume(kept[consumed:])
        self.tokens += kept
        added = b"".join(map(self.piece, kept))
        self.text += added
        self.done = self.matcher.finished or self._stopped(len(added))
        if not self.done and self._left() <= 0:
            self.done = self.cut = True

    def _stopped(self, added: int) -> bool:
        """Return whether a stop string ends in the last `added` bytes."""
        stops = [stop.encode() for stop in self.request.stops]
        return any(self.text.find(stop, max(0, len(self.text) - added - len(stop) + 1)) >= 0 for stop in stops)
