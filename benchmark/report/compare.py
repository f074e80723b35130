"""Two runs on the same notes: how far apart their scores are, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..errors import ItamedError
from ..scoring.bootstrap import Drawn, Estimate, gain_of, summarise, summarise_gain
from ..scoring.paired import chance, detectable, student, swapped, swaps
from ..suite import ROLES
from .means import by_source, counted_tasks, drawn_means, seed_of
from .run import Run, unkept
from .sameness import require_same
from .series import Series


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
    """All differences between two runs: by task, and by role the means of families and of all."""

    tasks: tuple[Difference, ...]
    means: dict[str, tuple[Difference, ...]]


@dataclass(frozen=True)
class Pairing:
    """Two series that answered the same notes of the same tasks, and whose answers were kept."""

    first: Series
    second: Series

    def tasks(self) -> list[Difference]:
        """Return the differences by task, their chances not corrected."""
        return self._differences(self.first.drawn, self.second.drawn, self._swapped)

    def means(self, role: str) -> list[Difference]:
        """Return the differences of family means, and of "mean", the mean of all; their chances not corrected."""
        swaps = drawn_means(self.first.tasks, self._swapped)[role] if self._swapped else {}
        return self._differences(self.first.drawn_means[role], self.second.drawn_means[role], swaps)

    @cached_property
    def _swapped(self) -> dict[str, Drawn]:
        """Return the gains under random swaps by task; none where there are several seeds."""
        if max(len(self.first.runs), len(self.second.runs)) > 1:
            return {}
        return _swapped(self.first.runs[0], self.second.runs[0])

    def _differences(
        self, first: Mapping[str, Drawn], second: Mapping[str, Drawn], swaps: Mapping[str, Drawn]
    ) -> list[Difference]:
        found = []
        for name, score in first.items():
            other = second[name]
            gain = gain_of(score, other)
            # A swap of answers knows nothing of other seeds: with several, Student's test, as for the interval.
            p = chance(gain.value, swaps[name].draws) if swaps else student(gain)
            found.append(
                Difference(name, summarise(score), summarise(other), summarise_gain(gain), p, detectable(gain))
            )
        return found


def compare(first: Run, second: Run) -> Comparison:
    """Compare two runs note by note.

    Raises:
        ItamedError: they were not asked the same, or their answers were not kept.
    """
    _require_same_tasks(first, second)
    pairing = Pairing(Series((first,)), Series((second,)))
    return Comparison(corrected(pairing.tasks()), {role: corrected(pairing.means(role)) for role in ROLES})


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
