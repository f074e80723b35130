"""Whether a store still says what its bundles say: who may write to it may change any file of it, by mistake, too."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import isclose
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, TypeAlias

import numpy as np
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.suite import suite, task_of

from ..archive import content_of, unpack
from ..bundle import MANIFEST, SCORES, TOLERANCE, samples_name
from ..findings import Refused
from ..jsonsafe import read_json
from ..manifest import Figures, Manifest, Scores, TaskScores, read
from ..said import read_said, said_of
from ..validate import validate
from .entry import Entry, Span, TaskScore
from .scored import stored_of
from .store import ANSWERS, BUNDLE, ENTRY, FOLDER, read_entry, read_stored

_NEAR = 2 * TOLERANCE
"""How near figures are that were rounded on two machines."""
_NO_ARCHIVE = f"{BUNDLE} is not there"
_REMEDY = "get the entry anew from the repository's history, or retract it"


Depth: TypeAlias = Literal["sums", "scores", "answers"]


def audit(store: Path, depth: Depth = "scores", *, mini: bool = False) -> list[str]:
    """Compare every entry of a store with its archive; return what differs, a line each.

    Args:
        store: see `store`.
        depth: "sums" checks that the archive is the one accepted, what the entry says of the run, and its
            means; "scores" also the scores of tasks, which take ten milliseconds an entry to read;
            "answers" scores all answers again, as intervals, draws and digests follow from nothing less.
        mini: for tests, see `validate`.

    Raises:
        ItamedError: there is no store.
    """
    if not (store / FOLDER).is_dir():
        raise ItamedError(f"{store} is no store: it has no folder {FOLDER}.")
    folders = [path for path in sorted(store.glob(f"{FOLDER}/*/*/*")) if not path.name.startswith(".")]
    return [
        f"{folder.relative_to(store)}: {each}: {_REMEDY}."
        for folder in folders
        for each in _differences(folder, depth, mini=mini)
    ]


def require_unedited(store: Path) -> int:
    """Check the entries of a store as far as goes in a moment; return how many have no archive to compare with.

    Raises:
        ItamedError: there is no store, or an entry says something else than its archive.
    """
    found = audit(store, "sums")
    if edited := [each for each in found if f": {_NO_ARCHIVE}" not in each]:
        more = f" {len(edited) - 1} more: itamed board audit --store {store}." if len(edited) > 1 else ""
        raise ItamedError(f"{edited[0]}{more}")
    return len(found)


def _differences(folder: Path, depth: Depth, *, mini: bool) -> Iterator[str]:
    path = folder / BUNDLE
    try:
        if not (folder / ENTRY).is_file():
            yield f"{ENTRY} is not there"
            return
        entry = read_entry(folder)
        if not path.exists():
            yield _NO_ARCHIVE
            return
        if hashlib.sha256(content_of(path)).hexdigest() != entry.bundle:
            yield f"{BUNDLE} is another than that of {ENTRY}"
            return
        found = [*_described_otherwise(entry, path), *_summed_otherwise(entry)]
        if depth != "sums" and not found:
            found = list(_counted_otherwise(entry, path))
        yield from found
        if depth == "answers" and not found:
            yield from _scored_otherwise(folder, entry, mini=mini)
    except ItamedError as error:
        yield str(error).rstrip(".")


def _described_otherwise(entry: Entry, path: Path) -> Iterator[str]:
    manifest, wrong = read(Manifest, _file(path, MANIFEST), MANIFEST)
    if manifest is None:
        raise Refused(wrong[0])
    if entry.manifest != manifest:
        yield f"the manifest in {ENTRY} is not that of {BUNDLE}"


def _counted_otherwise(entry: Entry, path: Path) -> Iterator[str]:
    scores, wrong = read(Scores, _file(path, SCORES), SCORES)
    if scores is None:
        raise Refused(wrong[0])
    stated = {name: task.model_dump() for name, task in entry.tasks.items()}
    if not _near(stated, {name: _task(task).model_dump() for name, task in scores.tasks.items()}):
        yield f"scores of tasks in {ENTRY} are not those of {BUNDLE}"


def _file(path: Path, name: str) -> Any:
    """Return what a file of a bundle that was checked before holds."""
    names = {samples_name(each) for task in suite().values() for each in (task.name, task.mini_name)}
    return read_json(unpack(path, {MANIFEST, SCORES, *names}, {name}).get(name, b""), name)


def _summed_otherwise(entry: Entry) -> Iterator[str]:
    """Yield the roles whose means are not the published arithmetic on the entry's own tasks."""
    for role, found in entry.roles.items():
        families: dict[str, list[float]] = defaultdict(list)
        for name in found.tasks:
            families[task_of(name).family].append(entry.tasks[name].metrics["score"][0])
        means = {family: fmean(values) for family, values in families.items()}
        mean = [found.mean[0], fmean(means.values())] if found.mean else [0.0, 0.0]
        if not _near({name: span[0] for name, span in found.families.items()}, means) or not _near(*mean):
            yield f"the means of {role} tasks in {ENTRY} are not those of its tasks"


def _task(task: TaskScores) -> TaskScore:
    report = task.modes["repaired"]
    return TaskScore(
        shots=task.shots,
        notes=report.notes,
        rows=report.rows,
        gold=report.gold,
        strict=_span(task.modes["strict"].metrics["score"]),
        metrics={name: _span(figures) for name, figures in report.metrics.items()},
    )


def _span(figures: Figures) -> Span:
    return figures.value, figures.low, figures.high


def _scored_otherwise(folder: Path, entry: Entry, *, mini: bool) -> Iterator[str]:
    verdict = validate(folder / BUNDLE, mini=mini)
    if verdict.bundle is None:
        yield f"{BUNDLE} does not pass the check of this version ({verdict.findings[0]})"
        return
    made, kept = stored_of(verdict, entry.bundle, entry.licence), read_stored(folder)
    if not _near(made.entry.model_dump(include={"tasks", "roles"}), entry.model_dump(include={"tasks", "roles"})):
        yield f"scores in {ENTRY} are not those of the answers"
    if made.draws.keys() != kept.draws.keys() or any(
        not np.allclose(made.draws[role], kept.draws[role], rtol=0, atol=_NEAR, equal_nan=True) for role in made.draws
    ):
        yield "draws of the means are not those of the answers"
    if (folder / ANSWERS).is_file() and not np.array_equal(
        read_said(folder / ANSWERS), said_of(verdict.bundle.answers)
    ):
        yield f"{ANSWERS} is not of the answers"


def _near(one: Any, two: Any) -> bool:
    """Return whether two values of plain data are the same but for rounding."""
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(_near(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(_near, one, two))
    if isinstance(one, float) and isinstance(two, float):
        return isclose(one, two, rel_tol=_NEAR, abs_tol=_NEAR)
    return bool(one == two)
