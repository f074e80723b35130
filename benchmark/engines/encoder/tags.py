"""Words, and spans as tags of words: a BIO layer holds spans that do not overlap, the next one those that overlap them.

Overlaps are between spans of one type in the suite's data (disorders of E3C), so a layer for each type would not hold
them; and types of a task exclude each other where they do not nest, so all of them share a layer's softmax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ...scoring.align import Located

_WORD = re.compile(r"\w+|[^\w\s]")
_OUT = 0


@dataclass(frozen=True)
class Head:
    """The tags of one task: of every word and layer O, or B or I of a type, numbered 0, 1 + 2 t, 2 + 2 t."""

    task: str
    types: tuple[str, ...]
    layers: int = 1

    @property
    def width(self) -> int:
        """Return the number of tags of a layer."""
        return 1 + 2 * len(self.types)

    @property
    def size(self) -> int:
        """Return the number of outputs of all layers."""
        return self.layers * self.width

    @property
    def labels(self) -> list[str]:
        """Return a name for each output."""
        tags = ["O", *(f"{tag}-{kind}" for kind in self.types for tag in "BI")]
        return [f"{self.task}/{layer} {tag}" for layer in range(1, self.layers + 1) for tag in tags]


def words(text: str) -> list[tuple[int, int]]:
    """Return where words and symbols start and end, in code points, end exclusive."""
    return [match.span() for match in _WORD.finditer(text)]


def layered(spans: Iterable[Located]) -> list[list[Located]]:
    """Return spans in layers without overlaps: each in the first that has room, the outermost first."""
    layers: list[list[Located]] = []
    for span in sorted(spans, key=lambda s: (s[0], -s[1], s[2])):
        room = next((layer for layer in layers if layer[-1][1] <= span[0]), None)
        if room is None:
            layers.append([span])
        else:
            room.append(span)
    return layers


def tags_of(spans: Iterable[Located], places: Sequence[tuple[int, int]], head: Head) -> np.ndarray:
    """Return the tags of words, of shape (words, layers); a word that a span touches belongs to it.

    Args:
        spans: of the head's types; those that need a further layer are left out.
        places: of the words, see `words`.
        head: the tags there are.
    """
    found = np.full((len(places), head.layers), _OUT, np.int64)
    starts, ends = np.array(places, np.int64).reshape(-1, 2).T
    for layer, members in enumerate(layered(spans)[: head.layers]):
        for start, end, kind in members:
            touched = np.flatnonzero((starts < end) & (ends > start))
            begin = 1 + 2 * head.types.index(kind)
            found[touched, layer] = begin + 1
            found[touched[:1], layer] = begin
    return found


def spans_of(tags: np.ndarray, places: Sequence[tuple[int, int]], head: Head) -> list[Located]:
    """Return the spans that tags hold, each once, in text order; an I that continues nothing begins a span.

    Args:
        tags: of shape (words, layers).
        places: of the words.
        head: the tags there are.
    """
    found: dict[Located, None] = {}
    for layer in range(tags.shape[1]):
        first: int | None = None
        column = tags[:, layer].tolist()
        for at, tag in enumerate([*column, _OUT]):
            # An I goes on with the B or I of its type before it.
            if first is not None and not (tag and tag % 2 == 0 and column[at - 1] in (tag - 1, tag)):
                kind = head.types[(column[first] - 1) // 2]
                found[places[first][0], places[at - 1][1], kind] = None
                first = None
            if tag and first is None:
                first = at
    return sorted(found, key=lambda s: (s[0], -s[1], s[2]))


def best_tags(scores: np.ndarray) -> np.ndarray:
    """Return the most probable tags of a layer in which every I follows a B or I of its type (Viterbi).

    Args:
        scores: logarithms of probabilities, of shape (words, tags).
    """
    size, width = scores.shape
    inside = np.arange(width) % 2 == 0
    inside[_OUT] = False
    allowed = np.where(inside[None, :], -np.inf, 0.0).repeat(width, axis=0)
    for tag in np.flatnonzero(inside):
        allowed[[tag - 1, tag], tag] = 0.0
    total = np.where(inside, -np.inf, scores[0]) if size else np.zeros(width)
    back = np.zeros((size, width), np.int64)
    for at in range(1, size):
        paths = total[:, None] + allowed
        back[at] = paths.argmax(axis=0)
        total = paths.max(axis=0) + scores[at]
    tags = np.zeros(size, np.int64)
    if size:
        tags[-1] = total.argmax()
        for at in range(size - 1, 0, -1):
            tags[at - 1] = back[at, tags[at]]
    return tags
