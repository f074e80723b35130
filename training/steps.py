"""Which examples a step takes: a function of the seed alone, so that a resumed run goes on where it was."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress

import numpy as np
from torch.utils.data import Dataset

from .encode import Encoded, Examples
from .packing import Pack, packs


class Steps(Dataset[list[Pack]]):
    """The packs of each step of a run: an item is the share of one process, those of a step follow each other.

    All processes have a share of every step, and whatever their number a step takes the same examples.

    Args:
        examples: all training examples.
        weights: how often a task's examples are passed an epoch, where not once.
        batch: examples a step, of all processes together.
        processes: among which a step is shared.
        room: tokens of a pack.
        epochs: how often all are passed.
        seed: of the order, and of the choice where a weight is no whole number.
        most: at most so many steps; 0: no limit.
    """

    def __init__(  # noqa: PLR0913 - each is named by the caller
        self,
        examples: Examples,
        weights: Mapping[str, float],
        *,
        batch: int,
        room: int,
        processes: int = 1,
        epochs: float = 1,
        seed: int = 0,
        most: int = 0,
    ) -> None:
        self._examples, self._batch, self._room, self._processes = examples, batch, room, processes
        # Not left to the trainer, which takes one step more when it resumes at its last one.
        self._order = order_of([each.task for each in examples], weights, epochs, seed)[: most * batch or None]

    def __len__(self) -> int:
        """Return the number of shares; the last step may be smaller than others."""
        return math.ceil(len(self._order) / self._batch) * self._processes

    def __getitem__(self, share: int) -> list[Pack]:
        """Return the packs of a share."""
        if chosen := self.examples(share):
            return list(packs(chosen, self._room))
        # Fewer examples than processes are left: this one takes part all the same, and learns nothing.
        (pack,) = packs([self._examples[self._order[-1]]], self._room)
        nothing = {name: getattr(pack, name)[:0] for name in ("predict", "targets", "weights")}
        return [replace(pack, **nothing, unshared=0)]

    def passed(self) -> Iterator[Encoded]:
        """Yield all examples that are trained on, each once; read in turn, as there may be more than memory holds."""
        taken = np.zeros(len(self._examples), bool)
        taken[self._order] = True
        return compress(self._examples, taken)

    def examples(self, share: int) -> list[Encoded]:
        """Return the examples of a share."""
        step, process = divmod(share, self._processes)
        chosen = self._order[step * self._batch : (step + 1) * self._batch]
        return [self._examples[number] for number in chosen[process :: self._processes]]


def order_of(tasks: Sequence[str], weights: Mapping[str, float], epochs: float, seed: int) -> np.ndarray:
    """Return the numbers of examples in the order in which they are trained on.

    Args:
        tasks: of each example.
        weights: see `Steps`.
        epochs: likewise.
        seed: likewise.
    """
    order = [_epoch(tasks, weights, np.random.default_rng([seed, epoch])) for epoch in range(math.ceil(epochs))]
    size = sum(map(len, order)) / max(1, len(order))
    return np.concatenate(order)[: round(size * epochs)] if order else np.zeros(0, np.int64)


def _epoch(tasks: Sequence[str], weights: Mapping[str, float], random: np.random.Generator) -> np.ndarray:
    """Return the numbers of an epoch's examples in their order."""
    by_task: dict[str, list[int]] = {}
    for number, task in enumerate(tasks):
        by_task.setdefault(task, []).append(number)
    chosen = []
    for task, numbers in by_task.items():
        whole, part = divmod(weights.get(task, 1.0), 1.0)
        chosen += [np.repeat(numbers, int(whole)), random.permutation(numbers)[: round(part * len(numbers))]]
    return random.permutation(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)
