"""Word n-grams of texts as numbers: fast enough for a corpus, exact enough to say what two texts share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from itamed.benchmark.text import NGRAM, stable_hash
from numpy.typing import NDArray

Hashes = NDArray[np.int64]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SAMPLED = 8


@lru_cache(maxsize=2**20)
def _word(word: str) -> int:
    return stable_hash(word)


def shingles(tokens: Sequence[str], n: int = NGRAM) -> Hashes:
    """Return a 63-bit hash of every n-gram of a text's words, in their order; a shorter text has none."""
    if len(tokens) < n:
        return np.zeros(0, np.int64)
    ids = np.fromiter(map(_word, tokens), np.uint64, len(tokens))
    total = np.zeros(len(tokens) - n + 1, np.uint64)
    for place in range(n):
        total = total * _FACTOR + ids[place : place + len(total)]
    # Bits are mixed once more: sampling looks at few of them. Tables hold no numbers of 64 bits.
    return (((total ^ (total >> np.uint64(31))) * _FACTOR) >> np.uint64(1)).astype(np.int64)


def sampled(hashes: Hashes) -> Hashes:
    """Return an eighth of some hashes, the same ones in every text."""
    return hashes[(hashes >> 40) % _SAMPLED == 0]


def shared(hashes: Hashes, known: Hashes) -> Hashes:
    """Return those hashes, in their order, that are among some sorted ones."""
    places = np.searchsorted(known, hashes)
    inside = places < len(known)
    inside[inside] = known[places[inside]] == hashes[inside]
    return hashes[inside]
