"""What decides answers and scores and stands in no name, in a few letters: grammars, tasks, weights in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .data.record import read_record
from .decoding.grammar import grammar_of, reasoning_rules
from .docs import task_docs
from .paths import datasets_dir
from .sources.registry import source_of
from .suite import suite, task_of

_TEXTS = ("README.md", "training.json")
"""Files beside a model that say what it is, and do not make it."""


@cache
def grammar_fingerprint() -> str:
    """Return a hash of the grammars of the embedded set: it holds rows of every kind, task and trap.

    Whatever changes grammars, be it bounds, labels or rules, changes those of these rows.
    """
    return hashlib.sha256("".join([reasoning_rules(), *map(grammars, suite())]).encode()).hexdigest()[:16]


def grammars(name: str) -> str:
    """Return the grammars of the answers to a task's embedded rows, one after the other."""
    return "".join(grammar_of(doc) for doc in task_docs(name, mini=True)["test"])


def data_fingerprint(tasks: Iterable[str]) -> str:
    """Return a hash of the built data of some tasks; data that come from the Hub, or along, add nothing."""
    digest = hashlib.sha256()
    for name in tasks:
        task = task_of(name)
        record = read_record(datasets_dir() / source_of(task.name).name) if name == task.name else None
        digest.update(repr(record.tasks.get(name) if record else None).encode())
    return digest.hexdigest()[:16]


def weights_fingerprint(name: str) -> str:
    """Return a hash of the files of a model in a local folder, which may be trained anew; of others their name."""
    folder = Path(name)
    if not name or not folder.is_dir():
        return name
    found = (
        (path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file() and path.name not in _TEXTS
    )
    return hashlib.sha256(repr([(file, stat.st_size, stat.st_mtime_ns) for file, stat in found]).encode()).hexdigest()
