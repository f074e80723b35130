"""What decides the answers beside model and prompt, in a few letters."""

from __future__ import annotations

import hashlib
from functools import cache

from .decoding.grammar import grammar_of
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
            digest.update(grammar_of(doc).encode())
    return digest.hexdigest()[:16]
