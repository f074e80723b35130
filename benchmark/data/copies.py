"""Find documents that nearly copy a held-out one, in any task: whoever trains on one task is tested on all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..text import near_copies

COPY_SHARE = 0.5
"""Share of the shorter document's word 8-grams from which on two documents are near copies."""

Texts: TypeAlias = Mapping[str, Mapping[str, Mapping[str, str]]]
"""The whole content of each document, by task, split and document."""

_PAIRS = (("test", "train"), ("test", "dev"), ("dev", "train"))


@dataclass(frozen=True)
class Place:
    """Where a document is."""

    task: str
    split: str
    document: str


@dataclass(frozen=True)
class Copy:
    """A document of train or dev, the held-out document that it nearly copies, and how much of it."""

    copy: Place
    kept: Place
    share: float


def find_copies(texts: Texts) -> Iterator[Copy]:
    """Yield the documents of train and dev that nearly copy a test document, and of train that copy dev."""
    for held_out, exposed in _PAIRS:
        found = near_copies(_documents(texts, held_out), _documents(texts, exposed), COPY_SHARE)
        yield from (Copy(copy, kept, share) for kept, copy, share in found)


def _documents(texts: Texts, split: str) -> Iterator[tuple[Place, str]]:
    for task, splits in texts.items():
        for document, text in splits.get(split, {}).items():
            yield Place(task, split, document), text
