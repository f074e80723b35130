"""Word n-grams of texts as numbers: fast enough for a corpus, exact enough to say what two texts share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from itamed.benchmark.text import NGRAM, stable_hash
from numpy.typing import NDArray

Hashes = NDArray[np.int64]
Mask = NDArray[np.bool_]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SAMPLED = 8
_FEW = 300
"""N-grams up to which all of a text are taken: an eighth of fewer says too little of the rest."""


@lru_cache(maxsize=2**20)
def _word(word: str) -> int:
    return stable_hash(word)


def shingles(tokens: Sequence[str], sizes: Iterable[int] = (NGRAM,)) -> Hashes:
    """Return a 63-bit hash of every n-gram of a text's words, in their order; a shorter text has none.

    Args:
        tokens: the words.
        sizes: the lengths of n-grams, at least one; those of one length follow those of the length before.
    """
    ids = np.fromiter(map(_word, tokens), np.uint64, len(tokens))
    return np.concatenate([_ngrams(ids, size) for size in sizes])


def _ngrams(ids: NDArray[np.uint64], n: int) -> Hashes:
    if len(ids) < n:
        return np.zeros(0, np.int64)
    total = np.zeros(len(ids) - n + 1, np.uint64)
    for place in range(n):
        total = total * _FACTOR + ids[place : place + len(total)]
    # Bits are mixed once more: sampling looks at few of them. Tables hold no numbers of 64 bits.
    return (((total ^ (total >> np.uint64(31))) * _FACTOR) >> np.uint64(1)).astype(np.int64)


def sampled(hashes: Hashes) -> Hashes:
    """Return what stands for some hashes: all of a few, of many those of the eighth that is the same in every text."""
    return hashes if len(hashes) <= _FEW else hashes[of_the_eighth(hashes)]


def of_the_eighth(hashes: Hashes) -> Mask:
    """Tell which hashes are taken of long texts, too."""
    found: Mask = (hashes >> 40) % _SAMPLED == 0
    return found


def inside(hashes: Hashes, known: Hashes) -> Mask:
    """Tell which hashes are among some sorted ones."""
    places = np.searchsorted(known, hashes)
    found: Mask = places < len(known)
    found[found] = known[places[found]] == hashes[found]
    return found


def shared(hashes: Hashes, known: Hashes) -> Hashes:
    """Return those hashes, in their order, that are among some sorted ones."""
    return hashes[inside(hashes, known)]
