"""Examples packed into one forward: no padding, and what prompts begin with alike stands there once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from itamed.benchmark.engines.hf.slots import Ids, common
from numpy.typing import NDArray

from .encode import Encoded


@dataclass(frozen=True, eq=False)
class Segment:
    """Tokens of one example that none before it has: `count` at `offset` of the pack.

    `path` (tokens of the example,) are the places in the pack of the example from its first token on;
    its last `count` are the segment itself, those before belong to other segments.
    """

    offset: int
    count: int
    path: Ids


@dataclass(frozen=True, eq=False)
class Pack:
    """What one forward takes.

    `ids` and `positions` are (tokens,); the answer tokens `targets` (answers,) are to be chosen at
    the places `predict` (answers,), and count by `weights` (answers,) in the loss. `unshared` is the number of
    tokens without sharing.
    """

    ids: Ids
    positions: Ids
    segments: tuple[Segment, ...]
    predict: Ids
    targets: Ids
    weights: NDArray[np.float32]
    unshared: int


_UNSHARED = 4
"""Times `room`: most tokens of a pack without sharing, as attention copies what each example sees."""


def packs(examples: Iterable[Encoded], room: int, least: int = 32) -> Iterator[Pack]:
    """Yield packs of at most about `room` tokens; an example that is longer gets one of its own.

    Examples are sorted by their tokens, so that neighbours share the longest prompts.

    Args:
        examples: in any order.
        room: tokens of a pack.
        least: a beginning that is shorter is not worth sharing.
    """
    waiting: list[tuple[Encoded, int]] = []
    size = whole = 0
    for example in sorted(examples, key=lambda each: each.prompt.astype(">u4").tobytes()):
        shared = common(waiting[-1][0].prompt, example.prompt) if waiting else 0
        shared = shared if shared >= least else 0
        if waiting and (size + len(example) - shared > room or whole + len(example) > _UNSHARED * room):
            yield _pack(waiting)
            waiting, size, whole, shared = [], 0, 0, 0
        waiting.append((example, shared))
        size += len(example) - shared
        whole += len(example)
    if waiting:
        yield _pack(waiting)


def _pack(examples: list[tuple[Encoded, int]]) -> Pack:
    """Lay out examples with the number of tokens that each shares with the one before it."""
    ids, positions, predict, segments = [], [], [], []
    offset, path = 0, np.zeros(0, np.int64)
    for example, shared in examples:
        tokens = np.concatenate([example.prompt, example.answer])
        count = len(tokens) - shared
        path = np.concatenate([path[:shared], np.arange(offset, offset + count)])
        segments.append(Segment(offset, count, path))
        ids.append(tokens[shared:])
        positions.append(np.arange(shared, len(tokens)))
        # A token is chosen after the one before it.
        predict.append(path[len(example.prompt) - 1 : -1])
        offset += count
    return Pack(
        np.concatenate(ids),
        np.concatenate(positions),
        tuple(segments),
        np.concatenate(predict),
        np.concatenate([example.answer for example, _ in examples]),
        np.concatenate([np.full(len(example.answer), example.weight, np.float32) for example, _ in examples]),
        sum(len(example) for example, _ in examples),
    )
