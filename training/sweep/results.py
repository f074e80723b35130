"""The results in the folder of a cell: whole ones, and what is wrong with others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.run import Run

_Stamp = tuple[tuple[str, int, int], ...]


class Results(NamedTuple):
    """What a folder holds: the first whole run, None if there is none; and damaged results files, with the reasons."""

    run: Run | None
    damaged: Mapping[Path, str]


def results_in(folder: Path) -> Results:
    """Return the results below a folder, answers and all; what was looked at before is read again only if it changed.

    Args:
        folder: of a cell, which need not be there.
    """
    damaged = {}
    for path in sorted(folder.rglob("results_*.json")):
        found = _read(path, _stamp(path))
        if isinstance(found, str):
            damaged[path] = found
        # The usage is added last, when all samples have been read.
        elif found.settings.usage:
            return Results(found, damaged)
    return Results(None, damaged)


@cache
def _read(path: Path, _: _Stamp) -> Run | str:
    """Read a run as reports do, or return what is wrong; its answers take seconds, and many are asked for twice."""
    try:
        return find_run(path)
    except ItamedError as error:
        return str(error)


def _stamp(results: Path) -> _Stamp:
    """Return what tells that a results file and its samples are still those that were read."""
    samples = sorted(results.parent.glob(f"samples_*_{results.stem.removeprefix('results_')}.*"))
    stats = ((path.name, path.stat()) for path in (results, *samples))
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
