"""Texts as windows of tokens that an encoder takes: they overlap, and each word is decided in one of them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
from transformers import PreTrainedTokenizerBase

from ...errors import ItamedError


@dataclass(frozen=True)
class Window:
    """A stretch of words as tokens.

    `ids` are the tokens with the model's special ones; `first` are the places in it of the first token of
    each word that the window decides, which are the words `own`.
    """

    ids: np.ndarray
    first: np.ndarray
    own: range


def stretches(sizes: Sequence[int], room: int, overlap: int) -> list[tuple[range, range]]:
    """Cut words into stretches that fit; returns for each its words, and those that it decides.

    Neighbours share what fits into `overlap` tokens, and meet in its middle: each word is decided where it has
    the most around it, and by one stretch alone, so that nothing is lost or found twice at a seam.

    Args:
        sizes: tokens of each word, at most `room`.
        room: most tokens of a stretch.
        overlap: most tokens that two share.
    """
    found: list[range] = []
    start = 0
    ends = [0, *accumulate(sizes)]
    while not found or found[-1].stop < len(sizes):
        stop = int(np.searchsorted(ends, ends[start] + room, side="right")) - 1
        found.append(range(start, stop))
        # At least one word further, or it would never end.
        start = max(start + 1, int(np.searchsorted(ends, ends[stop] - overlap)))
        start = min(start, stop)
    seams = [(left.stop + right.start + 1) // 2 for left, right in pairwise(found)]
    borders = [0, *seams, len(sizes)]
    return [(each, range(*borders[at : at + 2])) for at, each in enumerate(found)]


class Reader:
    """Makes windows of texts that are cut into words already.

    Args:
        tokenizer: a fast one.
        length: most tokens of a window, special ones included.
        overlap: most tokens that two windows share.

    Raises:
        ItamedError: the tokenizer is not fast, or cannot take words.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, length: int, overlap: int) -> None:
        if not tokenizer.is_fast or tokenizer.pad_token_id is None or tokenizer.unk_token_id is None:
            raise ItamedError(
                f"{tokenizer.name_or_path or 'The tokenizer'} cannot be used to tag words: choose an encoder that has "
                "a fast tokenizer (tokenizer.json) with marks for padding and unknown words."
            )
        self._tokenizer, self._length, self._overlap = tokenizer, length, overlap

    @cached_property
    def _frame(self) -> tuple[list[int], list[int]]:
        """Return the special tokens before and after a text."""
        found = self._tokenizer(["a"], is_split_into_words=True)
        inner = [at for at, word in enumerate(found.word_ids()) if word is not None]
        ids = found["input_ids"]
        return ids[: inner[0]], ids[inner[-1] + 1 :]

    def windows(self, texts: Sequence[Sequence[str]]) -> list[list[Window]]:
        """Return the windows of each text, which is a sequence of words; of one without words there are none."""
        before, after = self._frame
        room = self._length - len(before) - len(after)
        found = []
        for pieces in self._pieces(texts):
            # No word needs all of a window: its beginning tells enough.
            fitting = [piece[:room] for piece in pieces]
            cut = stretches([len(piece) for piece in fitting], room, self._overlap) if fitting else []
            found.append([self._window(fitting, *each, before, after) for each in cut])
        return found

    def _pieces(self, texts: Sequence[Sequence[str]]) -> list[list[list[int]]]:
        """Return the tokens of every word of some texts; a word that the tokenizer drops is an unknown one."""
        given = [list(text) for text in texts if text]
        if not given:
            return [[] for _ in texts]
        # Silent about long texts, which are cut into windows.
        encoded = self._tokenizer(
            given, is_split_into_words=True, add_special_tokens=False, truncation=False, verbose=False
        )
        read = iter(range(len(given)))
        found: list[list[list[int]]] = []
        for text in texts:
            pieces: list[list[int]] = [[] for _ in text]
            if text:
                at = next(read)
                for token, word in zip(encoded["input_ids"][at], encoded.word_ids(at), strict=True):
                    if word is not None:
                        pieces[word].append(token)
            found.append([piece or [int(self._tokenizer.unk_token_id)] for piece in pieces])
        return found

    @staticmethod
    def _window(pieces: list[list[int]], within: range, own: range, before: list[int], after: list[int]) -> Window:
        mine = [pieces[at] for at in within]
        starts = np.array([0, *accumulate(map(len, mine))][:-1], np.int64) + len(before)
        ids = np.array([*before, *(token for piece in mine for token in piece), *after], np.int64)
        return Window(ids, starts[own.start - within.start : own.stop - within.start], own)
