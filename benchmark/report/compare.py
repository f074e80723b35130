"""Two runs on the same notes, compared by task and by mean."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ItamedError
from ..suite import ROLES
from .correction import corrected, enough_swaps
from .gains import corrected_gains
from .pairing import Difference, Pairing
from .run import Run, told_apart, unkept
from .sameness import require_same
from .series import Series

SIDES = ("A", "B")
"""What the first and the second run are called: their labels may be the same."""


@dataclass(frozen=True)
class Comparison:
    """All differences between two runs: by task, and by role the means of families and of all.

    `apart` holds (task, one of `SIDES`) of those that one run alone has answered: none of them is in any difference.
    """

    tasks: tuple[Difference, ...]
    means: dict[str, tuple[Difference, ...]]
    apart: tuple[tuple[str, str], ...]


def compare(first: Run, second: Run) -> Comparison:
    """Compare two runs note by note, on the tasks that both have answered.

    Chances are corrected for all tasks together; those of means as in reports, which show the same numbers.

    Raises:
        ItamedError: they were not asked the same, have no task in common, or their answers were not kept.
    """
    require_same([first, second])
    one, other = Series((first,)), Series((second,))
    runs = [series.runs[0] for series in Pairing(one, other).common]
    if not runs[0].tasks:
        names = " and ".join(told_apart([first, second]))
        raise ItamedError(f"{names} have no task in common: run both with the same --tasks.")
    for run in runs:
        if missing := [task.name for task in run.tasks if not run.records(task.name, "repaired")]:
            raise unkept(run, missing)
    shared = {task.name for task in runs[0].tasks}
    apart = tuple(
        (task.name, side)
        for side, run in zip(SIDES, (first, second), strict=True)
        for task in run.tasks
        if task.name not in shared
    )
    found = corrected_gains({second.label: (one, other)})[second.label]
    means = {role: tuple(each for (of, _), each in found.items() if of == role) for role in ROLES}
    return Comparison(corrected(Pairing(one, other, enough_swaps(len(shared))).tasks()), means, apart)
