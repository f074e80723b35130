"""Splits by stable hash, and the rule that nothing in train or dev nearly copies the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..rows import SPLITS, ChoiceRow, Row
from ..text import near_copies, stable_order


def carve(keys: Iterable[str], size: int, salt: str) -> set[str]:
    """Return `size` of `keys` (at most a tenth of them, at least one), chosen by a stable hash."""
    distinct = set(keys)
    return set(stable_order(distinct, salt)[: min(size, max(1, len(distinct) // 10))])


def content(row: Row) -> str:
    """Return the text by which copies are recognised: the row's, with the options of a question."""
    return " ".join((row.text, *sorted(row.options))) if isinstance(row, ChoiceRow) else row.text


def document_texts(rows: Iterable[Row]) -> dict[str, str]:
    """Return the whole content of each document, each different row text once, in order."""
    parts: dict[str, dict[str, None]] = {}
    for row in rows:
        parts.setdefault(row.doc_id, {})[content(row)] = None
    return {doc_id: "\n".join(texts) for doc_id, texts in parts.items()}


def without_leaks(rows: Sequence[Row], left_out: Counter[str]) -> list[Row]:
    """Drop the train and dev documents that nearly copy a test document, and train ones that copy dev.

    The test is never touched, so that scores on it stay comparable.

    Args:
        rows: of one source.
        left_out: counts the documents that are dropped.
    """
    kept = list(rows)
    for held_out, exposed in (("test", ("train", "dev")), ("dev", ("train",))):
        left = document_texts(row for row in kept if row.split == held_out)
        right = document_texts(row for row in kept if row.split in exposed)
        leaked = {key for _, key, _ in near_copies(left.items(), right.items())}
        left_out[f"{' or '.join(exposed)} documents that nearly copy a {held_out} document"] += len(leaked)
        kept = [row for row in kept if row.split not in exposed or row.doc_id not in leaked]
    return kept


def move_to_dev(rows: Iterable[Row], size: int, salt: str, out_of: str) -> list[Row]:
    """Give some documents of one split to dev, chosen by a stable hash."""
    listed = list(rows)
    chosen = carve((row.doc_id for row in listed if row.split == out_of), size, salt)
    return [replace(row, split="dev") if row.split == out_of and row.doc_id in chosen else row for row in listed]


def first_of_each(rows: Iterable[Row], left_out: Counter[str]) -> list[Row]:
    """Keep one row of each content, preferring test over dev over train, in the order given.

    Args:
        rows: of one task.
        left_out: counts the rows that are dropped.
    """
    listed = list(rows)
    best: dict[str, tuple[int, int]] = {}
    for number, row in enumerate(listed):
        rank = (-SPLITS.index(row.split), number)
        best[content(row)] = min(best.get(content(row), rank), rank)
    numbers = {number for _, number in best.values()}
    left_out["rows that repeat another"] += len(listed) - len(numbers)
    return [row for number, row in enumerate(listed) if number in numbers]
