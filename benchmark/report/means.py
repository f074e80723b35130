"""Family means and overall means, with intervals that respect documents shared between tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..scoring.bootstrap import RESAMPLES, Array, Estimate, Table, summarise, weights
from ..suite import FAMILIES, ROLES
from ..verdict import Mode
from .notes import finished
from .run import Run, TaskResult


@dataclass(frozen=True)
class Means:
    """Scores of one run by role ("id", "ood"): a family's mean over its tasks, and "mean" of families.

    The published arithmetic: a family counts once, however many tasks it has. A role without any
    result of a family leaves it out, and `complete` says so.
    """

    by_role: dict[str, dict[str, Estimate]]
    complete: dict[str, bool]


class Drawn(NamedTuple):
    """A score with its (resamples,) draws."""

    value: float
    draws: Array


def means(run: Run, mode: Mode = "repaired") -> Means:
    """Compute the means of a run.

    Notes are resampled together for all tasks of one source, so that a note which several tasks
    share moves them together. Without the samples files, values come without intervals.
    """
    return means_of(drawn_means(run.tasks, drawn_tasks(run, mode)))


def means_of(drawn: Mapping[str, Mapping[str, Drawn]]) -> Means:
    """Summarise what `drawn_means` gives."""
    by_role = {role: {name: summarise(*of_name) for name, of_name in found.items()} for role, found in drawn.items()}
    complete = {role: set(found) >= set(FAMILIES) for role, found in by_role.items()}
    return Means(by_role, complete)


def drawn_tasks(run: Run, mode: Mode = "repaired") -> dict[str, Drawn]:
    """Return the main score of each task of a run.

    Runs on the same notes get the same resamples of them: their draws are paired.
    """
    notes = {}
    for result in run.tasks:
        records = run.records(result.name, mode)
        if records:
            notes[result.name] = finished(records)
    values = {result.name: result.estimates[mode]["score"].value for result in run.tasks}
    drawn = {name: Drawn(value, np.full(RESAMPLES, np.nan)) for name, value in values.items()}
    for source in sorted({result.task.source for result in run.tasks}):
        mine = [result.name for result in run.tasks if result.task.source == source and result.name in notes]
        union = sorted({note for name in mine for note in notes[name][1]})
        index = {note: column for column, note in enumerate(union)}
        common = weights(len(union))
        for name in mine:
            family, counts = notes[name]
            columns = [index[note] for note in counts]
            drawn[name] = Drawn(values[name], family.metrics(Table(counts.values()).sums(common[:, columns]))["score"])
    return drawn


def drawn_means(results: Iterable[TaskResult], tasks: Mapping[str, Drawn]) -> dict[str, dict[str, Drawn]]:
    """Return by role the mean of each family present, and "mean" of families, from what `drawn_tasks` gives."""
    results = tuple(results)
    by_role: dict[str, dict[str, Drawn]] = {}
    for role in ROLES:
        found = by_role[role] = {}
        for family in FAMILIES:
            mine = [tasks[t.name] for t in results if t.task.role == role and t.task.family == family]
            if mine:
                found[family] = _mean(mine)
        if found:
            found["mean"] = _mean(list(found.values()))
    return by_role


def _mean(drawn: Sequence[Drawn]) -> Drawn:
    """Average scores; a resample that lacks one of them is undefined."""
    values, draws = zip(*drawn, strict=True)
    return Drawn(float(np.mean(values)), np.mean(np.stack(draws), axis=0))
