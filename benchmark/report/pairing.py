"""Two series of runs on the same notes: how far apart their scores are, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..scoring.bootstrap import RESAMPLES, Array, Drawn, Estimate, summarise, summarise_gain
from ..scoring.paired import chance, detectable, student, swapped, swaps
from .means import by_source, counted_tasks, drawn_means, seed_of
from .run import Run
from .series import Series, gain_over_seeds


@dataclass(frozen=True)
class Difference:
    """One score of two runs: `gain` is that of the second less that of the first.

    `alone` is its two-sided p-value, from random swaps of the two runs' answers to a note (with
    several seeds from Student's test of the gain), and `p` the same corrected for the other
    differences of its table (Holm). `mde` is the minimum detectable effect: the true gain that such a
    comparison finds (p < 0.05 before correction) in 80 % of cases; nan where the runs never differ,
    which tells nothing about it. `equal` is whether both have the same counts on every note, which is
    more than a gain of zero.
    """

    name: str
    first: Estimate
    second: Estimate
    gain: Estimate
    alone: float
    p: float
    mde: float
    equal: bool = False


@dataclass(frozen=True)
class Pairing:
    """Two series that answered the same notes of the tasks that both have; answers to these were kept.

    `swaps` is how many random swaps chances are counted from.
    """

    first: Series
    second: Series
    swaps: int = RESAMPLES

    @cached_property
    def common(self) -> tuple[Series, Series]:
        """Return both series with the tasks that the other one has, too: the same notes are then drawn for both."""
        names, others = ({result.name for result in each.tasks} for each in (self.first, self.second))
        return self.first.only(names & others), self.second.only(names & others)

    def tasks(self) -> list[Difference]:
        """Return the differences by task, their chances not corrected."""
        one, other = self.common
        return self._differences(one.each, other.each, self._swapped, lambda name: {name})

    def means(self, role: str) -> list[Difference]:
        """Return the differences of family means, and of "mean", the mean of all; their chances not corrected.

        A mean that is over other tasks in one of the series is another quantity, and left out.
        """
        one, other = self.common
        swaps = drawn_means(one.tasks, self._swapped)[role] if self._swapped else {}
        found = self._differences(
            one.each_means[role],
            other.each_means[role],
            swaps,
            lambda name: {result.name for result in one.over(role, name)},
        )
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
        return _swapped(one.runs[0], other.runs[0], self.swaps)

    @cached_property
    def _unlike(self) -> set[str]:
        """Return the tasks of which any note has other counts; all of them where the numbers of seeds differ."""
        one, other = self.common
        if len(one.runs) != len(other.runs):
            return {result.name for result in one.tasks}
        pairs = [(_counts(mine), _counts(theirs)) for mine, theirs in zip(one.runs, other.runs, strict=True)]
        return {task for mine, theirs in pairs for task, counts in mine.items() if counts != theirs[task]}

    def _differences(
        self,
        one: Sequence[Mapping[str, Drawn]],
        other: Sequence[Mapping[str, Drawn]],
        swaps: Mapping[str, Drawn],
        over: Callable[[str], set[str]],
    ) -> list[Difference]:
        """Return the differences of some scores; `over` gives the tasks that one of them is over."""
        found = []
        firsts, seconds = self.first.over_seeds(one), self.second.over_seeds(other)
        for name, first in firsts.items():
            second = seconds[name]
            gain = gain_over_seeds([of[name] for of in one], [of[name] for of in other], (first, second))
            # A swap of answers knows nothing of other seeds: with several, Student's test, as for the interval.
            p = chance(gain.value, swaps[name].draws) if swaps else student(gain)
            estimates = summarise(first), summarise(second), summarise_gain(gain)
            naught = estimates[2].value == estimates[2].stderr == 0
            equal = naught and not over(name) & self._unlike
            found.append(Difference(name, *estimates, p, p, detectable(gain), equal))
        return found


def _counts(run: Run) -> dict[str, dict[str, dict[str, float]]]:
    """Return by task and note the counts that are not zero."""
    return {
        task: {note: {key: count for key, count in counts.items() if count} for note, counts in each.notes.items()}
        for task, each in counted_tasks(run, "repaired").items()
    }


def _swapped(first: Run, second: Run, number: int) -> dict[str, Drawn]:
    """Return by task the gain when the runs change places for random notes, in all tasks that share a note."""
    counted, others = (counted_tasks(run, "repaired") for run in (first, second))
    found: dict[str, list[Array]] = {name: [] for name in counted}
    for source, notes, columns in by_source(first, counted):
        generator = np.random.default_rng(seed_of(source))
        # By parts, as many swaps of many notes would fill the memory.
        for done in range(0, number, RESAMPLES):
            places = swaps(notes, min(RESAMPLES, number - done), generator)
            for name, mine in columns.items():
                family, counts = counted[name]
                theirs = [others[name].notes[note] for note in counts]
                before, after = (
                    np.nan_to_num(family.metrics(sums)["score"])
                    for sums in swapped(list(counts.values()), theirs, places[:, mine])
                )
                found[name].append(after - before)
    return {name: Drawn(0.0, np.concatenate(parts), 1) for name, parts in found.items()}
