"""What decides answers and stands in no name, in a few letters: grammars, and the weights in a folder."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import get_args

from .decoding.grammar import Reasoning, grammar_of
from .docs import task_docs
from .suite import suite


@cache
def grammar_fingerprint() -> str:
    """Return a hash of the grammars of the embedded set: it holds rows of every kind, task and trap.

    Whatever changes grammars, be it bounds, labels or rules, changes those of these rows.
    """
    digest = hashlib.sha256()
    for name in suite():
        for doc in task_docs(name, mini=True)["test"]:
            digest.update("".join(grammar_of(doc, reasoning) for reasoning in get_args(Reasoning)).encode())
    return digest.hexdigest()[:16]


def weights_fingerprint(name: str) -> str:
    """Return a hash of the files of a model in a local folder, which may be trained anew; of others their name."""
    folder = Path(name)
    if not name or not folder.is_dir():
        return name
    found = ((path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file())
    return hashlib.sha256(repr([(file, stat.st_size, stat.st_mtime_ns) for file, stat in found]).encode()).hexdigest()
