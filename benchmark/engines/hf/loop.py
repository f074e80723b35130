"""The decode loop: answers many prompts greedily with as little forward work as the answers need.

Sequences enter and leave between forwards; a prompt shares the computed prefix of any other; tokens
that a grammar forces are fed without being chosen, and guesses are confirmed several at a time. The
answers are those of one-by-one greedy decoding with the grammar's mask.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import torch

from ...errors import ItamedError
from ..work import Work
from .attention import Packed, Piece, Prefix
from .choice import choose
from .drafts import worth
from .memory import is_out_of_memory
from .model import Model
from .row import Answer, Request, Row
from .slots import Ids, Slots, common
from .waiting import Waiting

_log = logging.getLogger(__name__)
ROOM = 2048
"""Tokens of one forward, about: bounds the memory of activations."""
SHARED = 256
"""So many tokens that prompts share are worth attending to together."""
WAIT = 32
"""A prompt waits one forward for another one that is about to compute so many of its tokens."""


@dataclass
class Loop:
    """Answers requests in the order in which they finish.

    Args:
        model: see `Model`.
        width: sequences in progress at a time; halved when memory runs out.
        guess: whether to try guesses (they never change an answer).
        work: counts what the answers cost.
    """

    model: Model
    width: int
    guess: bool = True
    work: Work = field(default_factory=Work)

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        """Answer requests; yields (index in `requests`, answer) as they finish.

        Raises:
            ItamedError: a grammar does not compile, a request is longer than the model is answered
                rightly for, or a single prompt does not fit into memory.
        """
        length = max((len(request.prompt) + request.budget for request in requests), default=0)
        self.model.require_length(length)
        slots = Slots(min(self.width, len(requests)), length)
        active: list[Row] = []
        with ThreadPoolExecutor(1) as masks, ThreadPoolExecutor(1) as compiler:
            waiting = Waiting(requests, self.model, self.guess, compiler)
            while waiting or active:
                try:
                    self._admit(waiting, active, slots)
                    self._forward(active, slots, masks)
                except (RuntimeError, MemoryError) as error:
                    # What was in progress begins anew, fewer at a time: its answers will be the same.
                    slots = self._smaller(slots, error)
                    waiting.put_back(active)
                    active.clear()
                for row in [row for row in active if row.done]:
                    active.remove(row)
                    slots.free.append(row.slot)
                    self._count(row)
                    yield row.number, row.result

    def _smaller(self, slots: Slots, error: RuntimeError | MemoryError) -> Slots:
        """Return half as many slots after running out of memory; other errors are raised again."""
        if not is_out_of_memory(error):
            raise error
        if slots.count == 1:
            raise ItamedError(
                "Memory is too small for a single prompt: use a smaller dtype (dtype=bfloat16), fewer examples "
                "(--num_fewshot) or a smaller model."
            ) from error
        self.width = slots.count // 2
        _log.warning("Out of memory with %d answers in progress; going on with %d.", slots.count, self.width)
        return Slots(self.width, slots.length)

    def _admit(self, waiting: Waiting, active: list[Row], slots: Slots) -> None:
        """Give free slots to waiting requests, unless the next one had better wait for a prefix."""
        coming: list[Ids] = [row.request.prompt for row in active if row.reading]
        while waiting and slots.free:
            known = slots.shared(waiting.prompt)
            if any(common(prompt, waiting.prompt) > known + WAIT for prompt in coming):
                return
            row = waiting.take()
            # Before anything else: a row in progress is put back when memory runs out.
            active.append(row)
            row.slot, row.fed = slots.take(row.request.prompt)
            row.reused = row.fed
            coming.append(row.request.prompt)

    def _forward(self, active: Sequence[Row], slots: Slots, masks: Executor) -> None:
        """Feed the rows once and take the choices; masks are computed while the model runs."""
        weight = self.model.head.weight
        rows, pieces, ids = _layout([row for row in active if not row.done], weight.device.type)
        if not rows:
            return
        candidates = masks.submit(lambda: [row.candidates() for row in rows])
        with torch.inference_mode():
            packed = Packed(pieces, slots, weight)
            hidden = self.model.backbone(torch.tensor([ids], device=weight.device), packed)[0]
            allowed = [found for of_row in candidates.result() for found in of_row]
            places = [piece.offset + place for piece, row in zip(pieces, rows, strict=True) for place in row.places]
            chosen = iter(choose(hidden[places], self.model.head, allowed))
        self.work.forwards += 1
        self.work.fed += len(ids)
        for row in rows:
            self.work.guessed += len(row.guesses)
            row.accept([next(chosen) for _ in row.places])
            slots.ids[row.slot] = row.request.prompt[: row.fed]

    def _count(self, row: Row) -> None:
        self.work.prompt += len(row.request.prompt)
        self.work.reused += row.reused
        self.work.answered += len(row.answer)
        self.work.decided += row.decided
        self.work.confirmed += row.confirmed
        self.work.cut += row.cut
        if row.failure:
            self.work.failed += 1
            _log.warning("%s: the answer ends after %d tokens. %s.", row.request.name, len(row.answer), row.failure)


def _layout(active: Sequence[Row], device: str) -> tuple[list[Row], list[Piece], list[int]]:
    """Choose what to feed: every answer in progress, and prompts as far as there is room."""
    rows: list[Row] = []
    pieces: list[Piece] = []
    ids: list[int] = []
    least = worth(sum(not row.reading for row in active), device)
    for row in sorted(active, key=lambda row: row.reading):
        if row.reading and len(ids) >= ROOM:
            break
        fed = row.plan(ROOM - len(ids) if row.reading else ROOM, least)
        pieces.append(Piece(row.slot, row.fed, len(fed), len(ids)))
        rows.append(row)
        ids += fed
    return rows, _with_prefixes(rows, pieces), ids


def _with_prefixes(rows: Sequence[Row], pieces: list[Piece]) -> list[Piece]:
    """Let rows of a task that are beyond what its prompts begin with attend to that together."""
    beyond: dict[str, list[int]] = defaultdict(list)
    for number, (row, piece) in enumerate(zip(rows, pieces, strict=True)):
        if SHARED <= row.shared <= piece.start:
            beyond[row.request.task].append(number)
    for numbers in beyond.values():
        prefix = Prefix(pieces[numbers[0]].slot, rows[numbers[0]].shared)
        for number in numbers if len(numbers) > 1 else ():
            pieces[number] = replace(pieces[number], prefix=prefix)
    return pieces
