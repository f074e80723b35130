"""Check built data: spans, ids, splits, near copies across splits, contradictions, licences, the build's own record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from ..errors import SchemaError
from ..rows import SPLITS, Row
from ..sources.source import Source
from ..sources.splits import document_texts
from ..text import near_copies
from .counts import Counts, count
from .faults import contradictions, document_faults, row_faults
from .load import rows_of
from .record import Record

COPY_SHARE = 0.5
"""Share of the shorter document's word 8-grams from which on two documents are near copies."""


@dataclass(frozen=True)
class Fault:
    """Something wrong: the task it was found in and what it is."""

    task: str
    message: str


@dataclass(frozen=True)
class Report:
    """What a check of one source found: numbers by task and split, faults, and contradictions.

    `contradictions` holds, by task and split where there are any, pairs of rows that ask the same
    and have different gold (see `faults.contradictions`): worth a warning, but published so.
    """

    counts: dict[str, dict[str, Counts]]
    faults: list[Fault]
    contradictions: dict[str, dict[str, list[tuple[str, str]]]]


def check_source(source: Source, folder: Path, record: Record) -> Report:
    """Read a built source again and check it.

    Args:
        source: the source.
        folder: its built folder.
        record: the record in that folder.
    """
    report = Report({}, [Fault(source.name, message) for message in card_faults(source, folder)], {})
    placed: dict[str, tuple[str, str]] = {}
    for task in source.tasks:
        rows, damaged = _read(folder / task, record.tasks.get(task, {}))
        report.counts[task] = {split: count(held) for split, held in rows.items()}
        found = [*damaged, *check_rows(rows), *_crossing(task, rows, placed)]
        report.faults.extend(Fault(task, message) for message in found)
        contradicting = {split: contradictions(held) for split, held in rows.items()}
        report.contradictions[task] = {split: groups for split, groups in contradicting.items() if groups}
    return report


def card_faults(source: Source, folder: Path) -> Iterator[str]:
    """Yield what is wrong with the licence that a built folder's card states: copies go out under it."""
    try:
        front = (folder / "README.md").read_text(encoding="utf-8").split("---\n")[1]
        stated = yaml.safe_load(front)["license"]
    except (OSError, UnicodeDecodeError, IndexError, KeyError, TypeError, yaml.YAMLError):
        stated = "none"
    if stated != source.licence:
        yield f"README.md states the licence {stated}, not {source.licence}: build the data again with --force"


def check_rows(rows: Mapping[str, list[Row]]) -> Iterator[str]:
    """Yield the faults of one task's rows, by split."""
    if "test" not in rows:
        yield "there are no test rows"
    for split, held in rows.items():
        for row in held:
            yield from (f"{row.id} {message}" for message in row_faults(row))
            if row.split != split:
                yield f"{row.id} says that it is {row.split} but stands in {split}"
    yield from document_faults(row for held in rows.values() for row in held)
    yield from copy_faults(rows)


def copy_faults(rows: Mapping[str, list[Row]]) -> Iterator[str]:
    """Yield the documents of train and dev that nearly copy a test document, and of train that copy dev."""
    texts = {split: document_texts(held) for split, held in rows.items()}
    for held_out, exposed in (("test", "train"), ("test", "dev"), ("dev", "train")):
        pairs = near_copies(texts.get(held_out, {}).items(), texts.get(exposed, {}).items(), COPY_SHARE)
        for kept, copy, share in pairs:
            yield f"{copy} ({exposed}) nearly copies {kept} ({held_out}): {share:.0%} of the shorter one's 8-grams"


def _crossing(task: str, rows: Mapping[str, list[Row]], placed: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Yield documents that are in another split too, in this task or in one of the same source before."""
    for split, held in rows.items():
        for doc_id in dict.fromkeys(row.doc_id for row in held):
            first, where = placed.setdefault(doc_id, (split, task))
            if first != split:
                yield f"{doc_id} is {split} here but {first} in {where}"


def _read(folder: Path, recorded: Mapping[str, Mapping[str, object]]) -> tuple[dict[str, list[Row]], list[str]]:
    rows: dict[str, list[Row]] = {}
    faults: list[str] = []
    for split in (split for split in SPLITS if split in recorded):
        path = folder / f"{split}.parquet"
        try:
            changed = hashlib.sha256(path.read_bytes()).hexdigest() != recorded[split]["sha256"]
            rows[split] = rows_of(pq.read_table(path))
        except (OSError, pa.ArrowException, SchemaError) as error:
            faults.append(f"{path.name} cannot be read ({error}): build the data again with --force")
        else:
            faults += [f"{path.name} was changed after the build: build the data again with --force"] * changed
    return rows, faults
