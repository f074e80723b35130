"""Errors by kind: one table a family, one line a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..report.run import Run
from ..suite import FAMILIES
from .items import KINDS, Kind, errors
from .read import NoteView


@dataclass(frozen=True)
class Tally:
    """One task's judged items: how many of each kind, and its main score, from 0 to 1."""

    task: str
    score: float
    kinds: Mapping[Kind, int]

    @property
    def errors(self) -> int:
        """Return how many items are not right."""
        return errors(self.kinds)

    def share(self, kind: Kind) -> float:
        """Return which part of the errors is of a kind, from 0 to 1."""
        return self.kinds.get(kind, 0) / self.errors if self.errors else 0.0


@dataclass(frozen=True)
class Tallies:
    """The tasks of a family, and the kinds of error that any of them has."""

    family: str
    kinds: tuple[Kind, ...]
    tasks: tuple[Tally, ...]


def tallies(run: Run, views: Mapping[str, Sequence[NoteView]]) -> list[Tallies]:
    """Count the errors of the tasks of a run that were read, by family."""
    found = []
    for family in FAMILIES:
        tasks = [
            Tally(result.name, result.score.value, sum((view.kinds for view in views[result.name]), Counter()))
            for result in run.tasks
            if result.task.family == family and result.name in views
        ]
        kinds = tuple(kind for kind in KINDS if kind != "right" and any(tally.kinds.get(kind) for tally in tasks))
        if tasks:
            found.append(Tallies(family, kinds, tuple(tasks)))
    return found
