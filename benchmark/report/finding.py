"""Find the runs below some files and folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ..console import err
from ..errors import ItamedError
from .run import Run, read_run


def find_runs(paths: Iterable[Path]) -> list[Run]:
    """Read the runs below some files or folders, oldest first; one that is damaged is named and left out.

    Raises:
        ItamedError: a path does not exist, holds no results of these tasks, or none that are whole.
    """
    runs, faults = [], []
    for file in (file for path in paths for file in _result_files(path)):
        try:
            runs.append(_whole(file))
        except ItamedError as error:
            faults.append(error)
    found: list[Run] = []
    seen: Counter[str] = Counter()
    for run in runs:
        if run.tasks:
            seen[run.label] += 1
            found.append(replace(run, number=seen[run.label]))
    if faults and not found:
        raise faults[0]
    if not found:
        raise ItamedError("No results of itamed tasks there: run `itamed eval ... --output_path DIR` first.")
    for fault in faults:
        err().print(f"Left out: {fault}", style="yellow", soft_wrap=True, highlight=False, markup=False)
    return found


def find_run(path: Path) -> Run:
    """Read the one run of a folder or file.

    Raises:
        ItamedError: as for `find_runs`, or the folder holds several runs.
    """
    found = find_runs([path])
    if len(found) > 1:
        names = ", ".join(str(run.path) for run in found)
        raise ItamedError(f"{path} holds {len(found)} runs, name the results file of one: {names}.")
    return found[0]


def _whole(file: Path) -> Run:
    """Read a run with its answers, where they were kept: half of them would only be missed halfway through a report."""
    run = read_run(file)
    for result in run.tasks:
        run.records(result.name, "repaired")
    return run


def _result_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from sorted(path.rglob("results_*.json"), key=lambda file: (file.name, file.as_posix()))
    else:
        raise ItamedError(f"{path} does not exist: name a results folder or a results_*.json file.")
