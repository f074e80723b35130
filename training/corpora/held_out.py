"""What is tested, as n-grams that no document to train on may hold."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from string import ascii_uppercase
from typing import Any

import numpy as np
from huggingface_hub.errors import RepositoryNotFoundError
from itamed.benchmark.data.record import FILE
from itamed.benchmark.docs import task_rows
from itamed.benchmark.errors import DataMissingError
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.rows import ChoiceRow, Row
from itamed.benchmark.sources.registry import source_of
from itamed.benchmark.suite import suite
from itamed.benchmark.text import NGRAM, words

from .shingles import Hashes, shingles

HELD_OUT = ("dev", "test")
_NAMES = frozenset({"id", "doc_id", "split"})
_LEAST = 5
"""Words of a row below which nothing tells it from any other text."""


class HeldOut:
    """The n-grams of all held-out rows: their texts, options, components, whatever a model would read.

    A row without any n-gram is one itself, with all its words, if it has five at least.
    `tasks` were looked at, the data of `missing` are not here: what they hold cannot be kept out. Nor can rows
    of fewer words, which `unprotected` counts by task. `sizes` are the lengths of the n-grams, in words.
    """

    def __init__(self, rows: Iterable[tuple[str, Row]], missing: Iterable[str] = ()) -> None:
        self.tasks: set[str] = set()
        self.missing = tuple(missing)
        self.unprotected: Counter[str] = Counter()
        self._rows: list[tuple[str, str]] = []
        sizes, parts = {NGRAM}, [np.zeros(0, np.int64)]
        for task, row in rows:
            self.tasks.add(task)
            found, size = _ngrams(row)
            self.unprotected.update([task] if not len(found) else [])
            sizes.add(size)
            parts.append(found)
            self._rows.append((task, row.id))
        owners = np.repeat(np.arange(-1, len(self._rows)), [len(part) for part in parts])
        self.hashes, first = np.unique(np.concatenate(parts), return_index=True)
        self._owners = owners[first]
        self.sizes = tuple(sorted(sizes))

    @classmethod
    def of_suite(cls) -> HeldOut:
        """Collect the held-out rows of all tasks whose data are here.

        Raises:
            DataMissingError: data that were built are of another version or damaged, or the Hub cannot be reached.
        """
        rows: list[tuple[str, Row]] = []
        missing = []
        for name in suite():
            try:
                by_split = task_rows(name, HELD_OUT, mini=False)
            except DataMissingError as error:
                if not _is_absent(name, error):
                    raise
                missing.append(name)
                continue
            rows += [(name, row) for split in HELD_OUT for row in by_split.get(split, ())]
        return cls(rows, missing)

    @cached_property
    def digest(self) -> str:
        """Return a hash of what is kept out, and of what cannot be."""
        known = [sorted(self.tasks), sorted(self.missing), sorted(self.unprotected.items()), self.sizes]
        return hashlib.sha256(json.dumps(known).encode() + self.hashes.tobytes()).hexdigest()

    def place(self, ngram: int) -> tuple[str, str]:
        """Return the task and the row that first hold an n-gram."""
        return self._rows[int(self._owners[np.searchsorted(self.hashes, ngram)])]


def _is_absent(task: str, error: DataMissingError) -> bool:
    """Tell whether nobody has built a task's data here, nor the Hub shows them to this user."""
    built = (datasets_dir() / source_of(task).name / FILE).exists()
    return not built and isinstance(error.__cause__, RepositoryNotFoundError | None)


def _ngrams(row: Row) -> tuple[Hashes, int]:
    """Return the hashes of a row's n-grams, and the length of these; there are none of a row of few words."""
    texts = [words(text) for text in (*_strings(row.to_dict()), *_as_asked(row))]
    found = np.concatenate([shingles(text) for text in texts])
    if len(found):
        return found, NGRAM
    longest = max(texts, key=len)
    return (shingles(longest, (len(longest),)), len(longest)) if len(longest) >= _LEAST else (found, NGRAM)


def _as_asked(row: Row) -> Iterator[str]:
    """Yield a question with its options, plain and lettered: short ones have n-grams together alone."""
    if isinstance(row, ChoiceRow):
        yield " ".join([row.text, *row.options])
        lettered = (f"{letter} {text}" for letter, text in zip(ascii_uppercase, row.options, strict=False))
        yield " ".join([row.text, *lettered])


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
