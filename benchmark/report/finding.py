"""Find the runs below some files and folders."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ..console import say_notice
from ..errors import ItamedError, reason_of
from .run import Run, read_run
from .samples import damaged

CURRENT = "current-cells.json"
"""A file beside the folders of an experiment's cells: a list of the names of those that the experiment has now."""


def find_runs(paths: Iterable[Path]) -> list[Run]:
    """Read the runs below some files or folders, oldest first.

    One that is damaged or half-written is named and left out, as are cells that an experiment (`CURRENT`) no longer
    has, unless a path leads into them; a file that several paths lead to is one run.

    Raises:
        ItamedError: a path does not exist, holds no results of these tasks, or none that are whole.
    """
    runs = []
    files, faults = _current_files(paths)
    for file in files:
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
        say_notice(f"Left out: {fault}")
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
        not run.settings.usage
        and bool(other.settings.usage)
        and (run.path.parent, run.model, run.method) == (other.path.parent, other.model, other.method)
        and run.settings.asked == other.settings.asked
        and [result.name for result in run.tasks] == [result.name for result in other.tasks]
    )


def _current_files(paths: Iterable[Path]) -> tuple[list[Path], list[ItamedError]]:
    """Return the results files, and what there is to say of those that belong to cells of earlier states."""
    current: dict[Path, Path] = {}
    former: dict[Path, Path] = {}
    for path in paths:
        listed = _listed(path)
        for file in _result_files(path):
            if cell := _former_cell(file, listed):
                former[file.resolve()] = cell
            else:
                current[file.resolve()] = file
    names: defaultdict[Path, set[str]] = defaultdict(set)
    for file, cell in former.items():
        if file not in current:
            names[cell.parent].add(cell.name)
    faults = [
        ItamedError(
            f"{', '.join(sorted(cells))}: {place / CURRENT} does not list {'it' if len(cells) == 1 else 'them'}, the "
            "experiment has changed since. Name such a folder itself to read it all the same."
        )
        for place, cells in names.items()
    ]
    return list(current.values()), faults


def _listed(path: Path) -> dict[Path, frozenset[str]]:
    """Return the names of the present cells of each experiment below a path, by the folder that holds them.

    Raises:
        ItamedError: a list of them is damaged.
    """
    found = {}
    for file in path.rglob(CURRENT) if path.is_dir() else ():
        try:
            found[file.parent] = frozenset(map(str, json.loads(file.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError) as error:
            raise ItamedError(
                f"{file} is damaged ({reason_of(error)}): the same `itamed sweep` writes it anew."
            ) from error
    return found


def _former_cell(file: Path, listed: Mapping[Path, frozenset[str]]) -> Path | None:
    """Return the folder of the cell that a file is of, if its experiment no longer has it."""
    return next(
        (each for each in file.parents if each.parent in listed and each.name not in listed[each.parent]),
        None,
    )


def _result_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from sorted(path.rglob("results_*.json"), key=lambda file: (file.name, file.as_posix()))
    else:
        raise ItamedError(f"{path} does not exist: name a results folder or a results_*.json file.")
