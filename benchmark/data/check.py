"""Check built data: spans, ids, splits, near copies across splits, contradictions, licences, the build's own record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from ..errors import SchemaError
from ..rows import SPLITS, Row
from ..sources.source import Source
from ..sources.splits import document_texts
from .copies import Copy, find_copies
from .counts import Counts, count
from .faults import contradictions, task_faults
from .load import rows_of
from .record import Record, file_digest


@dataclass(frozen=True)
class Fault:
    """Something wrong: the task it was found in and what it is."""

    task: str
    message: str


@dataclass(frozen=True)
class Report:
    """What a check of one source found: numbers by task and split, faults, and what is worth a warning.

    `contradictions` holds, by task and split where there are any, pairs of rows that ask the same
    and have different gold (see `faults.contradictions`): published so. `copies` are near copies of
    held-out documents of another source, which no build of this one can know; `texts` are what they
    are found in.
    """

    counts: dict[str, dict[str, Counts]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    contradictions: dict[str, dict[str, list[tuple[str, str]]]] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    texts: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)


def check_source(source: Source, folder: Path, record: Record) -> Report:
    """Read a built source again and check it, but for near copies (see `add_copies`).

    Args:
        source: the source.
        folder: its built folder.
        record: the record in that folder.
    """
    report = Report(faults=[Fault(source.name, message) for message in card_faults(source, folder)])
    placed: dict[str, tuple[str, str]] = {}
    for task in source.tasks:
        rows, damaged = _read(folder / task, record.tasks.get(task, {}))
        report.counts[task] = {split: count(held) for split, held in rows.items()}
        report.texts[task] = {split: document_texts(held) for split, held in rows.items()}
        found = [*damaged, *task_faults(rows), *_crossing(task, rows, placed)]
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


def add_copies(reports: Sequence[Report]) -> None:
    """Look for near copies between all splits and tasks, and add them to the reports.

    Inside a source they are faults, told once for two documents however many tasks stand on them;
    between two sources they are worth a warning.
    """
    owners = {task: report for report in reports for task in report.texts}
    told: set[tuple[str, str]] = set()
    for found in find_copies({task: splits for report in reports for task, splits in report.texts.items()}):
        copy, kept = found.copy, found.kept
        if owners[copy.task] is not owners[kept.task]:
            owners[copy.task].copies.append(found)
        elif copy.document != kept.document and (copy.document, kept.document) not in told:
            told.add((copy.document, kept.document))
            message = f"{copy.document} ({copy.split}) nearly copies {kept.document} ({kept.split} of {kept.task})"
            share = f"{found.share:.0%} of the shorter one's 8-grams"
            owners[copy.task].faults.append(Fault(copy.task, f"{message}: {share}"))


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
            changed = file_digest(path) != recorded[split]["sha256"]
            rows[split] = rows_of(pq.read_table(path))
        except (OSError, pa.ArrowException, SchemaError) as error:
            faults.append(f"{path.name} cannot be read ({error}): build the data again with --force")
        else:
            faults += [f"{path.name} was changed after the build: build the data again with --force"] * changed
    return rows, faults
