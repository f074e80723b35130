"""Two runs on the same notes: how far apart their scores are, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..errors import ItamedError
from ..scoring.bootstrap import Drawn, Estimate, summarise, summarise_gain
from ..scoring.paired import chance, detectable, student, swapped, swaps
from ..suite import ROLES
from .means import by_source, counted_tasks, drawn_means, seed_of
from .run import Run, unkept
from .sameness import require_same
from .series import Series, gain_over_seeds


@dataclass(frozen=True)
class Difference:
    """One score of two runs: `gain` is that of the second less that of the first.

    `p` is two-sided, from random swaps of the two runs' answers to a note (with several seeds from
    Student's test of the gain), and corrected (Holm) for the other differences of its table. `mde` is
    the minimum detectable effect: the true gain that such a comparison finds (p < 0.05 before
    correction) in 80 % of cases; nan where the runs never differ, which tells nothing about it.
    """

    name: str
    first: Estimate
    second: Estimate
    gain: Estimate
    p: float
    mde: float


@dataclass(frozen=True)
class Comparison:
    """All differences between two runs: by task, and by role the means of families and of all.

    `apart` holds (task, label of the run) of those that one run alone has answered: none of them is in any difference.
    """

    tasks: tuple[Difference, ...]
    means: dict[str, tuple[Difference, ...]]
    apart: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Pairing:
    """Two series that answered the same notes of the tasks that both have; answers to these were kept."""

    first: Series
    second: Series

    @cached_property
    def common(self) -> tuple[Series, Series]:
        """Return both series with the tasks that the other one has, too: the same notes are then drawn for both."""
        names, others = ({result.name for result in each.tasks} for each in (self.first, self.second))
        return self.first.only(names & others), self.second.only(names & others)

    def tasks(self) -> list[Difference]:
        """Return the differences by task, their chances not corrected."""
        one, other = self.common
        return self._differences(one.each, other.each, self._swapped)

    def means(self, role: str) -> list[Difference]:
        """Return the differences of family means, and of "mean", the mean of all; their chances not corrected.

        A mean that is over other tasks in one of the series is another quantity, and left out.
        """
        one, other = self.common
        swaps = drawn_means(one.tasks, self._swapped)[role] if self._swapped else {}
        found = self._differences(one.each_means[role], other.each_means[role], swaps)
        return [each for each in found if self._alike(role, each.name)]

    def _alike(self, role: str, name: str) -> bool:
        sides = ((self.first, self.second), (self.second, self.first))
        return not any(mine.lacks(role, name, [result.task.name for result in their.tasks]) for mine, their in sides)

    @cached_property
    def _swapped(self) -> dict[str, Drawn]:
        """Return the gains under random swaps by task; none where there are several seeds."""
        one, other = self.common
        if max(len(one.runs), len(other.runs)) > 1:
            return {}
        return _swapped(one.runs[0], other.runs[0])

    def _differences(
        self, one: Sequence[Mapping[str, Drawn]], other: Sequence[Mapping[str, Drawn]], swaps: Mapping[str, Drawn]
    ) -> list[Difference]:
        found = []
        firsts, seconds = self.first.over_seeds(one), self.second.over_seeds(other)
        for name, first in firsts.items():
            second = seconds[name]
            gain = gain_over_seeds([of[name] for of in one], [of[name] for of in other], (first, second))
            # A swap of answers knows nothing of other seeds: with several, Student's test, as for the interval.
            p = chance(gain.value, swaps[name].draws) if swaps else student(gain)
            found.append(
                Difference(name, summarise(first), summarise(second), summarise_gain(gain), p, detectable(gain))
            )
        return found


def compare(first: Run, second: Run) -> Comparison:
    """Compare two runs note by note, on the tasks that both have answered.

    Raises:
        ItamedError: they were not asked the same, have no task in common, or their answers were not kept.
    """
    require_same([first, second])
    pairing = Pairing(Series((first,)), Series((second,)))
    runs = [series.runs[0] for series in pairing.common]
    if not runs[0].tasks:
        raise ItamedError(f"{first.label} and {second.label} have no task in common: run both with the same --tasks.")
    for run in runs:
        if missing := [task.name for task in run.tasks if not run.records(task.name, "repaired")]:
            raise unkept(run, missing)
    shared = {task.name for task in runs[0].tasks}
    apart = tuple((task.name, run.label) for run in (first, second) for task in run.tasks if task.name not in shared)
    return Comparison(corrected(pairing.tasks()), {role: corrected(pairing.means(role)) for role in ROLES}, apart)


def _swapped(first: Run, second: Run) -> dict[str, Drawn]:
    """Return by task the gain when the runs change places for random notes, in all tasks that share a note."""
    counted, others = (counted_tasks(run, "repaired") for run in (first, second))
    found = {}
    for source, notes, columns in by_source(first, counted):
        places = swaps(notes, seed=seed_of(source))
        for name, mine in columns.items():
            family, counts = counted[name]
            theirs = [others[name].notes[note] for note in counts]
            before, after = (
                np.nan_to_num(family.metrics(sums)["score"])
                for sums in swapped(list(counts.values()), theirs, places[:, mine])
            )
            found[name] = Drawn(0.0, after - before, 1)
    return found


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
