"""Small text helpers that sources, checks and scoring share: hashing, words, n-grams."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TypeVar

K = TypeVar("K")
_WORD = re.compile(r"\w+")
NGRAM = 8
"""Length, in words, of the n-grams that define a near-copy (the field's usual 8)."""


def stable_hash(text: str) -> int:
    """Return a 64-bit hash of `text` that is the same on every machine and Python."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def stable_order(keys: Iterable[str], salt: str = "") -> list[str]:
    """Return `keys` in a fixed pseudo-random order that depends on `salt` alone."""
    return sorted(keys, key=lambda key: (stable_hash(f"{salt}:{key}"), key))


def words(text: str) -> list[str]:
    """Return the lower-cased, NFKC-normalised words of `text`, punctuation dropped."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def ngrams(text: str, n: int = NGRAM) -> set[tuple[str, ...]]:
    """Return the set of word n-grams of `text`; a shorter text is one n-gram of all its words."""
    tokens = words(text)
    if len(tokens) < n:
        return {tuple(tokens)} if tokens else set()
    return {tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)}


def near_copies(
    left: Iterable[tuple[K, str]], right: Iterable[tuple[K, str]], share: float = 0.5
) -> Iterator[tuple[K, K, float]]:
    """Yield pairs of texts, one of each side, that are copies or near-copies of each other.

    Args:
        left: pairs (key, text).
        right: pairs (key, text); equal keys on both sides are compared like any others.
        share: least share of the shorter text's n-grams that must stand in the other text.

    Yields:
        (left key, right key, measured share), in the order of `right`, then of `left`.
    """
    sets = [(key, ngrams(text)) for key, text in left]
    index: dict[tuple[str, ...], list[int]] = {}
    for number, (_, grams) in enumerate(sets):
        for gram in grams:
            index.setdefault(gram, []).append(number)
    for key, text in right:
        grams = ngrams(text)
        common: dict[int, int] = {}
        for gram in grams:
            for number in index.get(gram, ()):
                common[number] = common.get(number, 0) + 1
        for number in sorted(common):
            other, other_grams = sets[number]
            measured = common[number] / min(len(grams), len(other_grams))
            if measured >= share:
                yield other, key, measured
