"""Two runs on the same notes: how far apart their scores are, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np

from ..errors import ItamedError
from ..scoring.bootstrap import RESAMPLES, Drawn, Estimate, average, summarise, summarise_gain
from ..scoring.paired import chance, detectable, swapped, swaps
from ..suite import ROLES
from .means import by_source, counted_tasks, drawn_means
from .run import Run, TaskResult, unkept
from .sameness import require_same
from .series import Series


@dataclass(frozen=True)
class Difference:
    """One score of two runs: `gain` is that of the second less that of the first.

    `p` is two-sided, from random swaps of the two runs' answers to a note, and corrected (Holm) for
    the other differences of its table. `mde` is the minimum detectable effect: the true gain that such
    a comparison finds (p < 0.05 before correction) in 80 % of cases; nan where the runs never differ,
    which tells nothing about it.
    """

    name: str
    first: Estimate
    second: Estimate
    gain: Estimate
    p: float
    mde: float


@dataclass(frozen=True)
class Comparison:
    """All differences between two runs: by task, and by role the means of families and of all."""

    tasks: tuple[Difference, ...]
    means: dict[str, tuple[Difference, ...]]


class Paired(NamedTuple):
    """By task or family: the scores of two series on the same notes, the gain, and gains that swaps make by chance."""

    first: Mapping[str, Drawn]
    second: Mapping[str, Drawn]
    gain: Mapping[str, Drawn]
    swapped: Mapping[str, Drawn]

    def differences(self) -> list[Difference]:
        """Return all differences, their chances not corrected."""
        return [
            Difference(
                name,
                summarise(score),
                summarise(self.second[name]),
                summarise_gain(self.gain[name]),
                chance(self.gain[name].value, self.swapped[name].draws),
                detectable(self.gain[name]),
            )
            for name, score in self.first.items()
        ]


def compare(first: Run, second: Run) -> Comparison:
    """Compare two runs note by note.

    Raises:
        ItamedError: they were not asked the same, or their answers were not kept.
    """
    _require_same_tasks(first, second)
    tasks = paired(Series((first,)), Series((second,)))
    by_role = {role: corrected(paired_means(first.tasks, tasks, role).differences()) for role in ROLES}
    return Comparison(corrected(tasks.differences()), by_role)


def paired(first: Series, second: Series) -> Paired:
    """Pair the tasks of two series that answered the same notes of the same tasks."""
    gain = {
        name: Drawn(second.drawn[name].value - score.value, second.drawn[name].draws - score.draws, score.freedom)
        for name, score in first.drawn.items()
    }
    # All pairs of seeds where one series has more of them: the mean of their gains is the gain of the means.
    alike = len(first.runs) == len(second.runs)
    pairs = zip(first.runs, second.runs, strict=True) if alike else product(first.runs, second.runs)
    each = [_swapped(one, other) for one, other in pairs]
    swapped = {name: average([one[name] for one in each]) for name in each[0]}
    return Paired(first.drawn, second.drawn, gain, swapped)


def paired_means(results: Iterable[TaskResult], tasks: Paired, role: str) -> Paired:
    """Return the means of the families of a role, and "mean" of all, of what `paired` gives."""
    results = tuple(results)
    return Paired(*(drawn_means(results, each)[role] for each in tasks))


def _swapped(first: Run, second: Run) -> dict[str, Drawn]:
    """Return by task the gain when the runs change places for random notes, in all tasks that share a note."""
    counted, others = (counted_tasks(run, "repaired") for run in (first, second))
    found = {result.name: Drawn(0.0, np.full(RESAMPLES, np.nan), 1) for result in first.tasks}
    for notes, columns in by_source(first, counted):
        places = swaps(notes)
        for name, mine in columns.items():
            family, counts = counted[name]
            theirs = [others[name].notes[note] for note in counts]
            before, after = (
                np.nan_to_num(family.metrics(sums)["score"])
                for sums in swapped(list(counts.values()), theirs, places[:, mine])
            )
            found[name] = Drawn(0.0, after - before, 1)
    return found


def _require_same_tasks(first: Run, second: Run) -> None:
    for run in (first, second):
        if missing := [task.name for task in run.tasks if not run.records(task.name, "repaired")]:
            raise unkept(run, missing)
    require_same([first, second])
    if differing := {task.name for task in first.tasks} ^ {task.name for task in second.tasks}:
        raise ItamedError(
            f"{first.label} and {second.label} did not answer the same tasks: one lacks "
            f"{', '.join(sorted(differing))}. Run both with the same --tasks."
        )


def corrected(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return differences with chances that are corrected for their number."""
    return tuple(replace(each, p=p) for each, p in zip(found, holm([each.p for each in found]), strict=True))


def holm(chances: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979): none is significant by the company it keeps."""
    corrected, worst = [1.0] * len(chances), 0.0
    for rank, place in enumerate(np.argsort(chances, kind="stable")):
        worst = max(worst, min(1.0, (len(chances) - rank) * chances[place]))
        corrected[place] = worst
    return corrected
