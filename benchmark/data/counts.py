"""How much of what a task holds: rows, documents and labels of each split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from string import ascii_uppercase
from typing import Any

from ..rows import SPLITS, ChoiceRow, FormRow, GraphRow, PairRow, Row, SpanRow


@dataclass(frozen=True)
class Counts:
    """Numbers of one split; `empty` rows hold nothing to find, `labels` counts gold by type."""

    rows: int
    documents: int
    empty: int
    labels: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def by_split(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return rows by split, the splits in their usual order and only those that have rows."""
    found: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for row in rows:
        found.setdefault(row.split, []).append(row)
    return {split: held for split, held in found.items() if held}


def count(rows: Sequence[Row]) -> Counts:
    """Count the rows of one split."""
    labels = [labels_of(row) for row in rows]
    total: Counter[str] = sum(labels, Counter())
    return Counts(
        rows=len(rows),
        documents=len({row.doc_id for row in rows}),
        empty=sum(not found for found in labels),
        labels=dict(sorted(total.items())),
    )


def labels_of(row: Row) -> Counter[str]:
    """Return the gold labels of a row: span and relation types, filled cells by kind, right letters."""
    if isinstance(row, SpanRow):
        return Counter(f"{span.type} ({span.tag})" if span.tag else span.type for span in row.spans)
    if isinstance(row, PairRow):
        return Counter({"pairs": len(row.pairs)} if row.pairs else {})
    if isinstance(row, FormRow):
        return Counter(item.kind for item in row.items if item.value != item.empty)
    if isinstance(row, ChoiceRow):
        return Counter([ascii_uppercase[row.answer]])
    if isinstance(row, GraphRow):
        return Counter(edge.type for edge in row.relations)
    return Counter()
