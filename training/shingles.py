"""Word n-grams of texts as numbers: fast enough for a corpus, exact enough to say what two texts share."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from itamed.benchmark.text import NGRAM, stable_hash, words
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SAMPLED = np.uint64(8)


@lru_cache(maxsize=2**20)
def _word(word: str) -> int:
    return stable_hash(word)


def shingles(text: str, n: int = NGRAM) -> Hashes:
    """Return a 64-bit hash of every n-gram of words, in their order; a shorter text has none."""
    tokens = words(text)
    if len(tokens) < n:
        return np.zeros(0, np.uint64)
    ids = np.fromiter(map(_word, tokens), np.uint64, len(tokens))
    total = np.zeros(len(tokens) - n + 1, np.uint64)
    for place in range(n):
        total = total * _FACTOR + ids[place : place + len(total)]
    # Bits are mixed once more: sampling looks at the lowest ones.
    return (total ^ (total >> np.uint64(31))) * _FACTOR


def sampled(hashes: Hashes) -> Hashes:
    """Return an eighth of some hashes, the same ones in every text."""
    return hashes[(hashes >> np.uint64(40)) % _SAMPLED == 0]
