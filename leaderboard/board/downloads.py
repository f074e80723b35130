"""All figures of all entries as files: CSV, parquet and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
from itamed.benchmark.files import write_text
from pyarrow import csv, parquet

from ..known import facts_of
from .listing import Row
from .ranks import Rank

KINDS = {"entries": ("csv", "parquet", "json"), "scores": ("csv", "parquet")}
"""The files of each download, by the ends of their names."""
_INTERVAL = ("", "_low", "_high")
_SCORES = pa.schema(
    [
        *((name, pa.string()) for name in ("key", "name", "suite", "task", "family", "role", "metric")),
        *((name, pa.float64()) for name in ("value", "low", "high")),
        ("notes", pa.int32()),
    ]
)


def write_downloads(folder: Path, rows: Iterable[Row]) -> None:
    """Write `entries` (one line an entry) and `scores` (one line a metric of a task) into a folder.

    Raises:
        ItamedError: the disk is full, the folder cannot be written, or a task is not known here.
    """
    rows = list(rows)
    entries = [_flat(row) for row in rows]
    write_text(folder / "entries.json", json.dumps(entries, ensure_ascii=False, indent=1) + "\n")
    _write(folder / "entries", pa.Table.from_pylist(entries))
    columns: list[list[Any]] = [[] for _ in _SCORES]
    for row in rows:
        _add_scores(columns, row)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCORES, strict=True)]
    _write(folder / "scores", pa.Table.from_arrays(arrays, schema=_SCORES))


def _write(path: Path, table: pa.Table) -> None:
    csv.write_csv(table, path.with_suffix(".csv"))
    parquet.write_table(table, path.with_suffix(".parquet"))


def _flat(row: Row) -> dict[str, Any]:
    """Return an entry without lists: a score becomes three columns, a rank too."""
    found: dict[str, Any] = {"suite": row.manifest.suite.version}
    for name, value in (row.facts | row.made).items():
        if name.endswith("_rank"):
            found |= {f"{name}_{part}": getattr(value, part, None) for part in Rank._fields}
        elif name.startswith(("id_", "ood_")) and not name.endswith("_unranked"):
            found |= {f"{name}{end}": value[place] if value else None for place, end in enumerate(_INTERVAL)}
        else:
            found[name] = value
    return found


def _add_scores(columns: list[list[Any]], row: Row) -> None:
    """Add all metrics of an entry to the columns of `_SCORES`: there are too many for an object each."""
    for name, score in row.stored.entry.tasks.items():
        task = facts_of(name, row.manifest.suite.version)
        metrics = {"strict:score": score.strict, **score.metrics}
        same = (row.stored.key, row.name, row.manifest.suite.version, name, task.family, task.role)
        lists = ([value] * len(metrics) for value in same)
        spans = zip(*metrics.values(), strict=True)
        for column, values in zip(columns, (*lists, metrics, *spans, [score.notes] * len(metrics)), strict=True):
            column.extend(values)
