"""What a bundle has answered, as digests: enough to tell copies, small enough to keep with every entry."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from itamed.benchmark.decoding.answer import read_answer
from itamed.benchmark.errors import DataMissingError, ItamedError
from itamed.benchmark.families import right_answer
from itamed.benchmark.rows import row_class
from itamed.benchmark.scoring.normal import loose
from itamed.benchmark.verdict import judge
from numpy.typing import NDArray

from .manifest import Answer
from .rescore import Docs, docs_of

Said: TypeAlias = NDArray[np.uint64]
"""A digest of each row that was answered, and one of the answer, (rows, 2), in the order of the first.

Digests have 64 bits, and those of answers are of task and content: the same content in two tasks has two.
"""
_KIND = "<u8"


def said_of(answers: Mapping[str, Sequence[Answer]], loaded: dict[str, Docs] | None = None) -> Said:
    """Return what was answered.

    Args:
        answers: by task.
        loaded: documents by task, for several bundles; those of a task that is not in it are added.
    """
    pairs, loaded = [], {} if loaded is None else loaded
    for task, found in answers.items():
        docs = loaded[task] = loaded.get(task) or _docs(task)
        pairs += [(_digest(task, each.id), _digest(task, _content(each.answer, docs.get(each.id)))) for each in found]
    return _said(pairs)


def telling(said: Said) -> Said:
    """Return the answers that came once in their task: letters and empty lists say nothing of who has written them."""
    _, places, times = np.unique(said[:, 1], return_index=True, return_counts=True)
    return said[np.sort(places[times == 1])]


def gold_of(tasks: Iterable[str], loaded: dict[str, Docs]) -> Said:
    """Return what right answers are, as `said_of` those that were given; of tasks whose data are here.

    Args:
        tasks: the names.
        loaded: as for `said_of`.
    """
    pairs = []
    for task in tasks:
        docs = loaded[task] = loaded.get(task) or _docs(task)
        for row, doc in docs.items():
            right = right_answer(row_class(doc).from_dict(dict(doc)))
            pairs.append((_digest(task, row), _digest(task, _content(right, doc))))
    return _said(pairs)


def without(one: Said, two: Said) -> Said:
    """Return the answers that are not those of another to the same rows."""
    _, first, second = np.intersect1d(one[:, 0], two[:, 0], assume_unique=True, return_indices=True)
    return np.delete(one, first[one[first, 1] == two[second, 1]], axis=0)


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


def _said(pairs: Iterable[tuple[int, int]]) -> Said:
    return np.array(sorted(pairs), dtype=_KIND).reshape(-1, 2)


def _digest(task: str, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{task}\0{text}".encode(), digest_size=8).digest(), "little")


def _docs(task: str) -> Docs:
    """Return the documents of a task; none where its data are not here: such a bundle is not accepted anyway."""
    try:
        return docs_of(task)
    except DataMissingError:
        return {}


def _content(answer: str, doc: Mapping[str, Any] | None) -> str:
    """Return what is scored of an answer: its items, whatever their order.

    Blanks, case, fences and keys of no meaning make no other answer. An item that comes twice is scored twice, and
    stays so. Where nothing can be scored it is the text.
    """
    if doc:
        items = judge(answer, doc)[0]
        if items not in (None, [], {}) or read_answer(answer).status != "unparseable":
            return _sorted(items)
    return " ".join(answer.split())


def _sorted(value: Any) -> str:
    """Return a value as text that is the same for every order of its lists and keys."""
    if isinstance(value, dict):
        return f"{{{','.join(sorted(f'{loose(key)}:{_sorted(each)}' for key, each in value.items()))}}}"
    if isinstance(value, list | tuple):
        parts = [_sorted(each) for each in value]
        # Tuples are items, whose parts have their places.
        return f"[{','.join(parts if isinstance(value, tuple) else sorted(parts))}]"
    return json.dumps(loose(value) if isinstance(value, str) else value)
