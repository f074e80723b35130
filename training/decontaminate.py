"""Keep what is tested out of what is trained on: documents that share n-grams with held-out rows are dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from itamed.benchmark.docs import task_rows
from itamed.benchmark.errors import DataMissingError
from itamed.benchmark.rows import Row
from itamed.benchmark.suite import suite

from .corpus import Document
from .progress import bar
from .shingles import shingles

HELD_OUT = ("dev", "test")
_NAMES = frozenset({"id", "doc_id", "split"})


@dataclass(frozen=True)
class Overlap:
    """A dropped document, how many n-grams it shares with held-out rows, and the first of those rows."""

    key: str
    corpus: str
    shared: int
    task: str
    row: str


class HeldOut:
    """The n-grams of all held-out rows: their texts, options, components, whatever a model would read.

    `tasks` were looked at, the data of `missing` are not built: what they hold cannot be kept out.
    """

    def __init__(self, rows: Iterable[tuple[str, Row]], missing: Iterable[str] = ()) -> None:
        self.tasks: set[str] = set()
        self.missing = tuple(missing)
        self._places: dict[int, tuple[str, str]] = {}
        for task, row in rows:
            self.tasks.add(task)
            for text in _strings(row.to_dict()):
                for found in shingles(text).tolist():
                    self._places.setdefault(found, (task, row.id))

    @classmethod
    def of_suite(cls) -> HeldOut:
        """Collect the held-out rows of all tasks whose data are built."""
        rows: list[tuple[str, Row]] = []
        missing = []
        for name in suite():
            try:
                by_split = task_rows(name, HELD_OUT, mini=False)
            except DataMissingError:
                missing.append(name)
                continue
            rows += [(name, row) for split in HELD_OUT for row in by_split.get(split, ())]
        return cls(rows, missing)

    def overlap(self, document: Document) -> Overlap | None:
        """Return what a document shares with held-out rows, if anything."""
        found = [place for each in shingles(document.text).tolist() if (place := self._places.get(each))]
        return Overlap(document.key, document.corpus, len(found), *found[0]) if found else None


def _strings(value: Any) -> Iterator[str]:
    """Yield the strings of plain data, but not the names of rows and documents."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _NAMES:
                yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def decontaminated(documents: Iterable[Document], held_out: HeldOut) -> tuple[list[Document], dict[str, Any]]:
    """Return the documents that share nothing with held-out rows, and a report on the others."""
    kept, dropped = [], []
    for document in bar(documents, "Decontaminating"):
        if overlap := held_out.overlap(document):
            dropped.append(asdict(overlap))
        else:
            kept.append(document)
    report = {
        "checked_tasks": sorted(held_out.tasks),
        "unchecked_tasks": sorted(held_out.missing),
        "kept": len(kept),
        "dropped": dropped,
    }
    return kept, report
