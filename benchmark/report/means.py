"""Family means and overall means, with intervals that respect documents shared between tasks."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..families.family import Family
from ..scoring.bootstrap import RESAMPLES, Drawn, Estimate, Table, average, drawn_score, summarise, weights
from ..suite import FAMILIES, ROLES
from ..verdict import Mode, finished
from .run import Run, TaskResult


@dataclass(frozen=True)
class Means:
    """Scores of one run by role ("id", "ood"): a family's mean over its tasks, and "mean" of families.

    The published arithmetic: a family counts once, however many tasks it has. A role without any
    result of a family leaves it out, and `complete` says so.
    """

    by_role: dict[str, dict[str, Estimate]]
    complete: dict[str, bool]


def means(run: Run, mode: Mode = "repaired") -> Means:
    """Compute the means of a run.

    Notes are resampled together for all tasks of one source, so that a note which several tasks
    share moves them together. Without the samples files, values come without intervals.
    """
    return means_of(drawn_means(run.tasks, drawn_tasks(run, mode)))


def means_of(drawn: Mapping[str, Mapping[str, Drawn]]) -> Means:
    """Summarise what `drawn_means` gives."""
    by_role = {role: {name: summarise(of_name) for name, of_name in found.items()} for role, found in drawn.items()}
    complete = {role: set(found) >= set(FAMILIES) for role, found in by_role.items()}
    return Means(by_role, complete)


def drawn_tasks(run: Run, mode: Mode = "repaired") -> dict[str, Drawn]:
    """Return the main score of each task of a run.

    Runs on the same notes get the same resamples of them: their draws are paired.
    """
    values = {result.name: result.estimates[mode]["score"].value for result in run.tasks}
    drawn = {name: Drawn(value, np.full(RESAMPLES, np.nan), 1) for name, value in values.items()}
    counted = counted_tasks(run, mode)
    for source, notes, columns in by_source(run, counted):
        common = weights(notes, seed=seed_of(source))
        for name, mine in columns.items():
            family, counts = counted[name]
            drawn[name] = drawn_score(family.metrics, Table(counts.values()), common[:, mine])
    return drawn


class Counted(NamedTuple):
    """The counts of a task by note, and the family that makes metrics of them."""

    family: Family[Any, Any]
    notes: dict[str, dict[str, float]]


def counted_tasks(run: Run, mode: Mode) -> dict[str, Counted]:
    """Return the counts of each task whose answers were kept."""
    found = {}
    for result in run.tasks:
        records = run.records(result.name, mode)
        if records:
            found[result.name] = Counted(*finished(records))
    return found


def seed_of(source: str) -> int:
    """Return the seed of a source's resamples: the notes of another are drawn apart, even if there are as many."""
    return zlib.crc32(source.encode())


def by_source(run: Run, counted: Mapping[str, Counted]) -> Iterator[tuple[str, int, dict[str, list[int]]]]:
    """Yield each source, how many notes its tasks have together, and by task which of them are its own."""
    for source in sorted({result.task.source for result in run.tasks}):
        mine = [result.name for result in run.tasks if result.task.source == source and result.name in counted]
        union = sorted({note for name in mine for note in counted[name].notes})
        index = {note: column for column, note in enumerate(union)}
        yield source, len(union), {name: [index[note] for note in counted[name].notes] for name in mine}


def drawn_means(results: Iterable[TaskResult], tasks: Mapping[str, Drawn]) -> dict[str, dict[str, Drawn]]:
    """Return by role the mean of each family present, and "mean" of families, from what `drawn_tasks` gives."""
    results = tuple(results)
    by_role: dict[str, dict[str, Drawn]] = {}
    for role in ROLES:
        found = by_role[role] = {}
        shares: list[tuple[float, TaskResult]] = []
        for family in FAMILIES:
            mine = [result for result in results if (result.task.role, result.task.family) == (role, family)]
            if mine:
                of_family = [(1 / len(mine), result) for result in mine]
                shares += of_family
                found[family] = _mean([tasks[result.name] for result in mine], of_family, tasks)
        if found:
            over = [(share / len(found), result) for share, result in shares]
            found["mean"] = _mean(list(found.values()), over, tasks)
    return by_role


def _mean(scores: Sequence[Drawn], shares: Iterable[tuple[float, TaskResult]], tasks: Mapping[str, Drawn]) -> Drawn:
    """Return the mean of some scores.

    One note more is one of all notes: a source's weighs what its tasks are of the mean, and sources share none, so that
    their numbers add up as in Kish's effective sample size.

    Args:
        scores: of tasks, or of families.
        shares: what each task is of the mean.
        tasks: what `drawn_tasks` gives.
    """
    of_source: dict[str, float] = defaultdict(float)
    weighted: dict[str, float] = defaultdict(float)
    for share, result in shares:
        of_source[result.task.source] += share
        weighted[result.task.source] += share * tasks[result.name].further
    further = sum(of_source[source] * weighted[source] for source in of_source)
    return average(scores)._replace(further=further)
