"""What is tested, as n-grams that no document to train on may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from itamed.benchmark.docs import task_rows
from itamed.benchmark.errors import DataMissingError
from itamed.benchmark.rows import Row
from itamed.benchmark.suite import suite
from itamed.benchmark.text import words

from .shingles import Hashes, shingles

HELD_OUT = ("dev", "test")
_NAMES = frozenset({"id", "doc_id", "split"})


class HeldOut:
    """The n-grams of all held-out rows: their texts, options, components, whatever a model would read.

    `tasks` were looked at, the data of `missing` are not built: what they hold cannot be kept out.
    """

    def __init__(self, rows: Iterable[tuple[str, Row]], missing: Iterable[str] = ()) -> None:
        self.tasks: set[str] = set()
        self.missing = tuple(missing)
        self._places: dict[int, tuple[str, str]] = {}
        for task, row in rows:
            self.tasks.add(task)
            for text in _strings(row.to_dict()):
                for found in shingles(words(text)).tolist():
                    self._places.setdefault(found, (task, row.id))

    @classmethod
    def of_suite(cls) -> HeldOut:
        """Collect the held-out rows of all tasks whose data are built."""
        rows: list[tuple[str, Row]] = []
        missing = []
        for name in suite():
            try:
                by_split = task_rows(name, HELD_OUT, mini=False)
            except DataMissingError:
                missing.append(name)
                continue
            rows += [(name, row) for split in HELD_OUT for row in by_split.get(split, ())]
        return cls(rows, missing)

    @cached_property
    def hashes(self) -> Hashes:
        """Return the n-grams' hashes, sorted."""
        return np.sort(np.fromiter(self._places, np.int64, len(self._places)))

    def place(self, ngram: int) -> tuple[str, str]:
        """Return the task and the row that first hold an n-gram."""
        return self._places[ngram]


def _strings(value: Any) -> Iterator[str]:
    """Yield the strings of plain data, but not the names of rows and documents."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _NAMES:
                yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
