"""Write a source's rows as a folder in the layout of a Hub data set, all of it or nothing."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import SchemaError
from ..paths import storing
from ..rows import SPLITS, Row
from ..sources.source import Rows, Source
from .card import card
from .counts import Counts, by_split, count
from .faults import task_faults
from .inputs import Inputs
from .record import FILE, Record, code_digest

_TEMPORARY = ".writing-"
_DIGITS = re.compile(r"(\d+)")


def write_source(source: Source, rows: Rows, inputs: Inputs, folder: Path) -> Record:
    """Write card, record and one parquet file a task and split to `folder`, replacing what is there.

    Everything is written to a temporary folder beside it, which is renamed when it is whole.

    Raises:
        SchemaError: the rows are not those of the source's tasks, or not sound.
        StorageError: the folder cannot be written; the folder that was there stays.
    """
    counts = _counts(source, rows)
    with storing(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        temporary = Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}{folder.name}-", dir=folder.parent))
        try:
            record = _fill(temporary, source, rows, inputs, counts)
            temporary.chmod(0o755)
            _put_in_place(temporary, folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    return record


def natural(key: str) -> list[tuple[bool, int, str]]:
    """Return a sort key under which numbers inside an id compare as numbers."""
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in _DIGITS.split(key)]


def _counts(source: Source, rows: Rows) -> dict[str, dict[str, Counts]]:
    unknown = sorted({row.split for held in rows.values() for row in held} - set(SPLITS))
    if unknown or set(rows) != set(source.tasks) or not all(rows.values()):
        raise SchemaError(
            f"The reader of {source.name} gave tasks {', '.join(sorted(rows))} (splits other than "
            f"{', '.join(SPLITS)}: {', '.join(unknown) or 'none'}; without rows: "
            f"{', '.join(sorted(task for task in rows if not rows[task])) or 'none'}), but must give rows of "
            f"{', '.join(source.tasks)}. Report it as a fault of the suite."
        )
    splits = {task: by_split(rows[task]) for task in source.tasks}
    faults = [f"{task}: {fault}" for task, held in splits.items() for fault in task_faults(held)]
    if faults:
        raise SchemaError(
            f"The rows of {source.name} are not sound. Faults: {len(faults)}, the first: {faults[0]}. "
            "Is a file damaged, or there twice? Download it again; else report it as a fault of the suite."
        )
    return {task: {split: count(held) for split, held in by.items()} for task, by in splits.items()}


def _fill(
    folder: Path, source: Source, rows: Rows, inputs: Inputs, counts: Mapping[str, Mapping[str, Counts]]
) -> Record:
    tasks: dict[str, dict[str, dict[str, object]]] = {}
    for task in source.tasks:
        (folder / task).mkdir()
        tasks[task] = {}
        for split, held in by_split(rows[task]).items():
            digest = _write_rows(folder / task / f"{split}.parquet", held)
            tasks[task][split] = counts[task][split].to_dict() | {"sha256": digest}
    given = inputs.digests(), inputs.origins()
    record = Record(source.name, *given, tasks, code=code_digest(), left_out=inputs.left_out())
    (folder / "README.md").write_text(card(source, counts), encoding="utf-8")
    (folder / FILE).write_text(record.to_json(), encoding="utf-8")
    return record


def _write_rows(path: Path, rows: Sequence[Row]) -> str:
    ordered = sorted(rows, key=lambda row: natural(row.id))
    table = pa.Table.from_pylist([row.to_dict() for row in ordered], schema=type(ordered[0]).schema)
    pq.write_table(table, path, compression="zstd")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _put_in_place(temporary: Path, folder: Path) -> None:
    """Replace `folder`; killed in between, there is no folder, and never a mixed one."""
    if folder.exists():
        old = temporary.with_name(temporary.name + "-old")
        folder.rename(old)
        temporary.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        temporary.rename(folder)


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed builds of the same source left; the caller holds the lock on builds."""
    for leftover in folder.parent.glob(f"{_TEMPORARY}{folder.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
