"""The files of a run that hold its answers, one a task, beside the results file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import ItamedError, reason_of
from ..verdict import MODES, Mode, Record

PACKED = ".jsonl.gz"
"""How the name of a samples file ends in a redacted run."""


def samples_path(results: Path, name: str) -> Path:
    """Return where the harness keeps a task's samples, beside the results file of the same run.

    A redacted run keeps them packed.
    """
    packed = packed_path(results, name)
    return packed if packed.is_file() else packed.with_name(packed.name.removesuffix(PACKED) + ".jsonl")


def packed_path(results: Path, name: str) -> Path:
    """Return where a redacted run keeps a task's samples."""
    return results.with_name(f"samples_{name}_{results.stem.removeprefix('results_')}{PACKED}")


def read_samples(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the samples of a file of the harness.

    Raises:
        ItamedError: the file is damaged or cannot be read.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
    except (OSError, EOFError, ValueError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, reason: object) -> ItamedError:
    """Return the error of a file of a run that is not whole; its run is of no use."""
    return ItamedError(
        f"{path} is damaged ({reason}): was the disk full, or the run killed? Make room, delete the results and "
        "samples of that run, and run it again."
    )


def records_of(path: Path, rows: int) -> dict[Mode, tuple[Record, ...]]:
    """Return the scored records of a samples file by mode.

    Args:
        path: the file.
        rows: how many a mode there should be.

    Raises:
        ItamedError: the file is cut off or damaged.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise damaged(path, error) from error
    found = _records(path, stat.st_mtime_ns, stat.st_size)
    for kept, held in found.items():
        if len(held) != rows:
            raise damaged(path, f"it holds {len(held)} of {rows} {kept} answers")
    return found


@lru_cache(maxsize=2048)
def _records(path: Path, changed: int, size: int) -> dict[Mode, tuple[Record, ...]]:
    """Read records; a report asks for those of a run several times, and a file may change between reports."""
    records: dict[Mode, list[Record]] = {kept: [] for kept in MODES}
    try:
        for sample in read_samples(path):
            records[sample["filter"]].append(_record(sample["score"]))
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, reason_of(error)) from error
    return {mode: tuple(held) for mode, held in records.items()}


def _record(plain: list[Any]) -> Record:
    kind, note, pairs = plain
    return kind, note, tuple((name, number) for name, number in pairs)
