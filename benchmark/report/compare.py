"""Two runs on the same notes: how far apart their scores are, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import ItamedError
from ..scoring.bootstrap import Array, Estimate, summarise
from ..suite import ROLES
from ..verdict import Mode
from .means import Drawn, drawn_means, drawn_tasks
from .run import Run, unkept
from .sameness import require_same

MDE_ERRORS = 1.96 + 0.84
"""Standard errors of a paired gain that give a power of 80 % at a two-sided level of 5 %."""


@dataclass(frozen=True)
class Difference:
    """One score of two runs: `gain` is that of the second less that of the first.

    `p` is two-sided, from the paired bootstrap over notes, and corrected (Holm) for the other
    differences of its table.
    """

    name: str
    first: Estimate
    second: Estimate
    gain: Estimate
    p: float

    @property
    def mde(self) -> float:
        """Return the minimum detectable effect: the true gain that is found in four of five such comparisons."""
        return MDE_ERRORS * self.gain.stderr


@dataclass(frozen=True)
class Comparison:
    """All differences between two runs: by task, and by role the means of families and of all."""

    tasks: tuple[Difference, ...]
    means: dict[str, tuple[Difference, ...]]


def compare(first: Run, second: Run, mode: Mode = "repaired") -> Comparison:
    """Compare two runs note by note.

    Raises:
        ItamedError: they were not asked the same, or their answers were not kept.
    """
    _require_same_tasks(first, second, mode)
    tasks = [drawn_tasks(run, mode) for run in (first, second)]
    means = [drawn_means(run.tasks, drawn) for run, drawn in zip((first, second), tasks, strict=True)]
    return Comparison(_differences(*tasks), {role: _differences(means[0][role], means[1][role]) for role in ROLES})


def _require_same_tasks(first: Run, second: Run, mode: Mode) -> None:
    for run in (first, second):
        if missing := [task.name for task in run.tasks if not run.records(task.name, mode)]:
            raise unkept(run, missing)
    require_same([first, second])
    if differing := {task.name for task in first.tasks} ^ {task.name for task in second.tasks}:
        raise ItamedError(
            f"{first.label} and {second.label} did not answer the same tasks: one lacks "
            f"{', '.join(sorted(differing))}. Run both with the same --tasks."
        )


def _differences(first: Mapping[str, Drawn], second: Mapping[str, Drawn]) -> tuple[Difference, ...]:
    found = [difference(name, drawn, second[name]) for name, drawn in first.items()]
    corrected = holm([each.p for each in found])
    return tuple(replace(each, p=p) for each, p in zip(found, corrected, strict=True))


def difference(name: str, first: Drawn, second: Drawn) -> Difference:
    """Return the difference of two paired scores, its chance not corrected."""
    gain = Drawn(second.value - first.value, second.draws - first.draws)
    return Difference(name, summarise(*first), summarise(*second), summarise(*gain), chance(gain.draws))


def chance(draws: Array) -> float:
    """Return the two-sided p-value of a difference from its paired draws: how often its sign is not theirs."""
    known = draws[~np.isnan(draws)]
    rarer = min(np.count_nonzero(known <= 0), np.count_nonzero(known >= 0))
    return min(1.0, 2 * (rarer + 1) / (len(known) + 1))


def holm(chances: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979): none is significant by the company it keeps."""
    corrected, worst = [1.0] * len(chances), 0.0
    for rank, place in enumerate(np.argsort(chances, kind="stable")):
        worst = max(worst, min(1.0, (len(chances) - rank) * chances[place]))
        corrected[place] = worst
    return corrected
