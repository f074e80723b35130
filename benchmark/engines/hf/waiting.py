"""Requests that wait for their turn, and what they need when it comes, made ahead in another thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from ...errors import ItamedError
from .drafts import Guesser, Habits, Note
from .matcher import Free, Grammar, GrammarError, Matcher
from .model import Model
from .row import Request, Row
from .slots import Ids, common

_AHEAD = 8
"""So many grammars are compiled ahead of their turn: each takes milliseconds, and memory."""


@dataclass(frozen=True)
class _Task:
    """What the requests of a task share: learned habits, and the first `shared` tokens of their prompts."""

    shared: int
    habits: Habits


class Waiting:
    """Requests in the order in which neighbours share the longest prefixes.

    Args:
        requests: all requests of a run; rows carry the index of theirs.
        model: what will answer them.
        guess: whether rows guess.
        pool: where grammars are compiled.
    """

    def __init__(self, requests: Sequence[Request], model: Model, guess: bool, pool: Executor) -> None:
        self._requests, self._model, self._guess, self._pool = requests, model, guess, pool
        # Big-endian bytes sort like the ids, in a tenth of the memory of lists.
        keys = [(request.task, request.prompt.astype(">u4").tobytes()) for request in requests]
        self._order = sorted(range(len(requests)), key=keys.__getitem__)
        self._tasks = _tasks(requests)
        self._compiled: dict[int, Future[Matcher]] = {}

    def __len__(self) -> int:
        """Return how many requests wait."""
        return len(self._order)

    @property
    def prompt(self) -> Ids:
        """Return the prompt of the next request."""
        return self._requests[self._order[0]].prompt

    def take(self) -> Row:
        """Return the next request as a row.

        Raises:
            ItamedError: its grammar does not compile.
        """
        for number in self._order[:_AHEAD]:
            if number not in self._compiled:
                self._compiled[number] = self._pool.submit(self._matcher, self._requests[number])
        number = self._order[0]
        request, compiled = self._requests[number], self._compiled.pop(number)
        try:
            matcher = compiled.result()
        except GrammarError as error:
            raise ItamedError(f"{request.name}: {error}") from error
        shared = self._tasks[request.task].shared
        row = Row(request, number, matcher, self._guesser(request), self._model.ends, self._model.piece, shared)
        # Only now: where memory runs out on the way it waits on.
        self._order.pop(0)
        return row

    def put_back(self, rows: Sequence[Row]) -> None:
        """Let rows wait again, before all others; they will begin anew."""
        self._order[:0] = [row.number for row in rows]

    def _matcher(self, request: Request) -> Matcher:
        if request.grammar is None:
            return Free()
        return Grammar(self._model.vocabulary(), request.grammar, self._model.head.weight.shape[0])

    def _guesser(self, request: Request) -> Guesser | None:
        if not self._guess:
            return None
        task = self._tasks[request.task]
        own = request.prompt[task.shared :].tolist()
        return Guesser(Note(own, [self._model.piece(token) for token in own]), task.habits)


def _tasks(requests: Sequence[Request]) -> dict[str, _Task]:
    prompts: dict[str, list[Ids]] = defaultdict(list)
    for request in requests:
        prompts[request.task].append(request.prompt)
    return {
        task: _Task(min(common(own[0], prompt) for prompt in own) if len(own) > 1 else 0, Habits())
        for task, own in prompts.items()
    }
