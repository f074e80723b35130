"""What a bundle has answered, as digests: enough to tell copies, small enough to keep with every entry."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from itamed.benchmark.decoding.answer import read_answer
from itamed.benchmark.errors import ItamedError
from numpy.typing import NDArray

from .manifest import Answer

Said: TypeAlias = NDArray[np.uint64]
"""A digest of each row that was answered, and one of the answer, (rows, 2), in the order of the first.

Digests have 64 bits, and those of answers are of task and content: the same content in two tasks has two."""
_KIND = "<u8"


def said_of(answers: Mapping[str, Sequence[Answer]]) -> Said:
    """Return what was answered, by task."""
    pairs = [
        (_digest(task, each.id), _digest(task, _content(each.answer)))
        for task, found in answers.items()
        for each in found
    ]
    return np.array(sorted(pairs), dtype=_KIND).reshape(-1, 2)


def telling(said: Said) -> Said:
    """Return the answers that came once in their task: letters and empty lists say nothing of who has written them."""
    _, places, times = np.unique(said[:, 1], return_index=True, return_counts=True)
    return said[np.sort(places[times == 1])]


def same(one: Said, two: Said) -> tuple[int, int]:
    """Return how many telling answers are the same, and how many rows both have answered tellingly.

    Args:
        one: what `telling` returns.
        two: that of another bundle.
    """
    _, first, second = np.intersect1d(one[:, 0], two[:, 0], assume_unique=True, return_indices=True)
    return int(np.count_nonzero(one[first, 1] == two[second, 1])), len(first)


def said_bytes(said: Said) -> bytes:
    """Return the content of the file that keeps what was answered; the same answers give the same bytes."""
    written = io.BytesIO()
    np.save(written, said.astype(_KIND), allow_pickle=False)
    return written.getvalue()


def read_said(path: Path) -> Said:
    """Read such a file.

    Raises:
        ItamedError: it is damaged.
    """
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, error) from error
    if found.dtype != _KIND or found.ndim != 2 or found.shape[1] != 2:
        raise _damaged(path, f"{found.dtype}, {found.shape}")
    return found


def _damaged(path: Path, why: object) -> ItamedError:
    return ItamedError(
        f"{path} cannot be read ({why}): get it anew from the repository, or delete it; the bundle is read instead."
    )


def _digest(task: str, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{task}\0{text}".encode(), digest_size=8).digest(), "little")


def _content(answer: str) -> str:
    """Return an answer without what makes no difference to its score: blanks, fences, the order of keys."""
    reading = read_answer(answer)
    if reading.status == "unparseable":
        return " ".join(answer.split())
    return json.dumps(reading.value, sort_keys=True)
