"""Find the runs below some files and folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ..console import err
from ..errors import ItamedError
from .run import Run, read_run
from .samples import damaged


def find_runs(paths: Iterable[Path]) -> list[Run]:
    """Read the runs below some files or folders, oldest first.

    One that is damaged or half-written is named and left out; a file that several paths lead to is one run.

    Raises:
        ItamedError: a path does not exist, holds no results of these tasks, or none that are whole.
    """
    runs, faults = [], []
    files = {file.resolve(): file for path in paths for file in _result_files(path)}
    for file in files.values():
        try:
            runs.append(_whole(file))
        except ItamedError as error:
            faults.append(error)
    found: list[Run] = []
    seen: Counter[str] = Counter()
    for run in runs:
        if later := next((other for other in runs if _goes_on(run, other)), None):
            faults.append(ItamedError(f"{run.path} is half-written: {later.path.name} is that run, finished."))
        elif run.tasks:
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
    kept = [result.name for result in run.tasks if run.records(result.name, "repaired")]
    # The harness writes them one task after the other, when the results are there already.
    if kept and len(kept) < len(run.tasks):
        missing = next(result.name for result in run.tasks if result.name not in kept)
        raise damaged(file, f"half-written, without answers to {missing}")
    return run


def _goes_on(run: Run, other: Run) -> bool:
    """Return whether another run in the same folder is this one, finished: what a run took is added to it last."""
    return (
        not run.settings["usage"]
        and bool(other.settings["usage"])
        and (run.path.parent, run.model, run.method) == (other.path.parent, other.model, other.method)
        and [result.name for result in run.tasks] == [result.name for result in other.tasks]
    )


def _result_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from sorted(path.rglob("results_*.json"), key=lambda file: (file.name, file.as_posix()))
    else:
        raise ItamedError(f"{path} does not exist: name a results folder or a results_*.json file.")
