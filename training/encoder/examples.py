"""Training rows as windows of tokens with the tags of their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from itamed.benchmark.docs import task_rows
from itamed.benchmark.engines.encoder.settings import Settings, span_tasks
from itamed.benchmark.engines.encoder.tagger import padded
from itamed.benchmark.engines.encoder.tags import Head, layered, spans_of, tags_of, words
from itamed.benchmark.engines.encoder.windows import Reader, Window
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.rows import SpanRow
from itamed.benchmark.scoring.align import Located
from itamed.benchmark.suite import MINI_PREFIX, task_of
from torch.utils.data import Dataset

from ..examples import has_rows, task_names

IGNORED = -100
"""Stands for words without a tag to learn, as in torch."""
_BLOCK = 32
"""Batches whose windows are sorted by length together."""


@dataclass(frozen=True)
class Tagged:
    """A window of a row, and the tags of the words that it decides, of shape (words, layers of the task's head)."""

    task: str
    window: Window
    tags: np.ndarray

    @property
    def bytes(self) -> bytes:
        """Return tokens and tags, to be told from others."""
        return np.asarray(self.window.ids).tobytes() + b"|" + self.tags.tobytes()


def tagged_tasks(wanted: Iterable[str]) -> list[str]:
    """Return the tasks that names of tasks and groups stand for; of groups those that can be trained.

    Raises:
        ItamedError: a task that is named itself asks for no spans, or has no training rows.
    """
    able = {name for task in span_tasks() for name in (task.name, task.mini_name) if task.role == "id"}
    found: dict[str, None] = {}
    for name in wanted:
        members = task_names([name])
        if name in members and name not in able:
            raise ItamedError(f"{name} has no training rows with spans: leave it out of encoder.tasks.")
        found |= dict.fromkeys(member for member in members if member in able)
    if not found:
        raise ItamedError("encoder.tasks names no task with spans to learn: take itamed-ner, itamed-arg or itamed-id.")
    if len({task_of(name).name for name in found}) < len(found):
        raise ItamedError("encoder.tasks names a task and its mini version: they would share their tags.")
    return list(found)


def training_rows(name: str) -> list[SpanRow]:
    """Return the training rows of a task.

    Raises:
        ItamedError: there are none, or its data are not built.
    """
    if not has_rows(name, "train"):
        raise ItamedError(f"{name} has no train rows: leave it out of encoder.tasks.")
    rows = task_rows(task_of(name).name, {"train"}, mini=name.startswith(MINI_PREFIX))["train"]
    return cast(list[SpanRow], rows)


def located(row: SpanRow) -> list[Located]:
    """Return the gold spans of a row."""
    return [(span.start, span.end, span.type) for span in row.spans]


def head_for(name: str, rows: Sequence[SpanRow]) -> Head:
    """Return the tags of a task: its types, in as many layers as its training spans overlap, two if spans may nest."""
    task = task_of(name)
    least = 2 if task.bounds.nested else 1
    return Head(task.name, tuple(task.labels), max([least, *(len(layered(located(row))) for row in rows)]))


def lost(row: SpanRow, head: Head) -> int:
    """Return how many gold spans of a row its tags cannot express."""
    gold, places = located(row), words(row.text)
    back = spans_of(tags_of(gold, places, head), places, head)
    return len(gold) - len(set(back) & set(gold))


def tagged(name: str, rows: Sequence[SpanRow], head: Head, reader: Reader) -> list[Tagged]:
    """Return all windows of some rows of a task with their tags."""
    places = [words(row.text) for row in rows]
    strings = [[row.text[slice(*place)] for place in found] for row, found in zip(rows, places, strict=True)]
    examples = []
    for row, found, windows in zip(rows, places, reader.windows(strings), strict=True):
        tags = tags_of(located(row), found, head)
        examples += [Tagged(name, window, tags[window.own.start : window.own.stop]) for window in windows]
    return examples


class Ordered(Dataset[Tagged]):
    """Examples in the order in which they are trained on, those of a batch about equally long.

    Args:
        examples: all of them.
        order: their numbers, shuffled.
        batch: examples a step.
        seed: of the order of batches.
    """

    def __init__(self, examples: Sequence[Tagged], order: np.ndarray, batch: int, seed: int) -> None:
        self._examples = examples
        lengths = np.array([len(each.window.ids) for each in examples])
        random = np.random.default_rng(seed)
        parts: list[np.ndarray] = []
        for start in range(0, len(order), _BLOCK * batch):
            block = order[start : start + _BLOCK * batch]
            block = block[np.argsort(lengths[block], kind="stable")]
            batches = [block[at : at + batch] for at in range(0, len(block), batch)]
            # A batch that is not full must stay the last one of all.
            full = [each for each in batches if len(each) == batch]
            parts += [full[at] for at in random.permutation(len(full))] + batches[len(full) :]
        self._order = np.concatenate(parts) if parts else order

    def __len__(self) -> int:
        """Return how many examples are passed."""
        return len(self._order)

    def passed(self) -> dict[str, int]:
        """Return by task how many examples are trained on; some come again, and some never."""
        return dict(Counter(self._examples[number].task for number in np.unique(self._order)))

    def __getitem__(self, place: int) -> Tagged:
        """Return an example by its place in the order."""
        return self._examples[self._order[place]]


class Collator:
    """Makes batches: tokens, their mask, and "labels" of shape (windows, tokens, layers of all heads).

    Args:
        settings: of the tagger.
        pad: the token that fills up.
    """

    def __init__(self, settings: Settings, pad: int) -> None:
        self._pad, self._layers = pad, len(settings.layers)
        self._places: dict[str, list[int]] = {}
        for number, (head, _) in enumerate(settings.layers):
            self._places.setdefault(head.task, []).append(number)

    def __call__(self, examples: Sequence[Tagged]) -> dict[str, torch.Tensor]:
        """Return a batch."""
        inputs = padded([each.window for each in examples], self._pad, torch.device("cpu"))
        labels = torch.full((*inputs["input_ids"].shape, self._layers), IGNORED)
        for at, each in enumerate(examples):
            places = self._places[task_of(each.task).name]
            labels[at, each.window.first[:, None], places] = torch.from_numpy(each.tags)
        return {**inputs, "labels": labels}
