"""Family means and overall means, with intervals that respect documents shared between tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..families import family_named
from ..scoring.bootstrap import RESAMPLES, Array, Estimate, Table, by_note, summarise, weights
from ..suite import FAMILIES, ROLES
from ..verdict import Mode
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
    draws = _draws(run, mode)
    by_role = {role: _role([t for t in run.tasks if t.task.role == role], draws, mode) for role in ROLES}
    complete = {role: set(found) >= set(FAMILIES) for role, found in by_role.items()}
    return Means(by_role, complete)


def _draws(run: Run, mode: Mode) -> dict[str, Array]:
    """Return resampled scores, a (resamples,) array a task."""
    notes = {}
    for result in run.tasks:
        records = run.records(result.name, mode)
        if records:
            family = family_named(records[0][0])
            summed = by_note((note, dict(pairs)) for _, note, pairs in records)
            notes[result.name] = (family, {note: family.finish(counts) for note, counts in summed.items()})
    drawn: dict[str, Array] = {}
    for source in sorted({result.task.source for result in run.tasks}):
        mine = [result.name for result in run.tasks if result.task.source == source and result.name in notes]
        union = sorted({note for name in mine for note in notes[name][1]})
        index = {note: column for column, note in enumerate(union)}
        common = weights(len(union))
        for name in mine:
            family, counts = notes[name]
            columns = [index[note] for note in counts]
            drawn[name] = family.metrics(Table(counts.values()).sums(common[:, columns]))["score"]
    return drawn


def _role(results: Sequence[TaskResult], draws: Mapping[str, Array], mode: Mode) -> dict[str, Estimate]:
    values: dict[str, float] = {}
    family_draws: dict[str, Array] = {}
    for family in FAMILIES:
        mine = [result for result in results if result.task.family == family]
        if mine:
            values[family] = float(np.mean([result.estimates[mode]["score"].value for result in mine]))
            family_draws[family] = _mean([draws.get(result.name, np.full(RESAMPLES, np.nan)) for result in mine])
    found = {family: summarise(values[family], family_draws[family]) for family in values}
    if values:
        found["mean"] = summarise(float(np.mean(list(values.values()))), _mean(list(family_draws.values())))
    return found


def _mean(draws: Sequence[Array]) -> Array:
    """Average draws over tasks; a resample that lacks one of them is undefined."""
    return np.mean(np.stack(draws), axis=0)
