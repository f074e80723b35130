"""Two runs on the same notes: how far apart their scores are, and whether that may be chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ItamedError
from ..scoring.bootstrap import Drawn, Estimate, summarise, summarise_gain
from ..scoring.paired import chance, detectable, swapped, swaps
from ..suite import ROLES
from ..verdict import Mode
from .means import by_source, counted_tasks, drawn_means, drawn_tasks
from .run import Run, unkept


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


def compare(first: Run, second: Run, mode: Mode = "repaired") -> Comparison:
    """Compare two runs note by note.

    Raises:
        ItamedError: they did not answer the same notes of the same tasks, or their answers were not kept.
    """
    _require_same_notes(first, second, mode)
    one, other = (drawn_tasks(run, mode) for run in (first, second))
    gains = {
        name: Drawn(other[name].value - score.value, other[name].draws - score.draws, score.freedom)
        for name, score in one.items()
    }
    tasks = (one, other, gains, _swapped_tasks(first, second, mode))
    means = [drawn_means(first, drawn) for drawn in tasks]
    return Comparison(_differences(*tasks), {role: _differences(*(each[role] for each in means)) for role in ROLES})


def _swapped_tasks(first: Run, second: Run, mode: Mode) -> dict[str, Drawn]:
    """Return by task the gain when the runs change places for random notes, in all tasks that share a note."""
    counted, others = (counted_tasks(run, mode) for run in (first, second))
    found = {}
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


def _require_same_notes(first: Run, second: Run, mode: Mode) -> None:
    rows = [
        {task.name: Counter(note for _, note, _ in run.records(task.name, mode)) for task in run.tasks}
        for run in (first, second)
    ]
    for run, found in zip((first, second), rows, strict=True):
        if missing := [name for name, notes in found.items() if not notes]:
            raise unkept(run, missing)
    differing = [name for name in {**rows[0], **rows[1]} if rows[0].get(name) != rows[1].get(name)]
    if differing:
        counts = (f"{name} ({_size(rows[0], name)} and {_size(rows[1], name)})" for name in differing)
        raise ItamedError(
            f"{first.label} and {second.label} did not answer the same notes: {', '.join(counts)}. Run both with the "
            "same --tasks and the same sample."
        )


def _size(rows: Mapping[str, Counter[str]], name: str) -> str:
    return f"{len(rows[name])} notes, {rows[name].total()} rows" if name in rows else "none"


def _differences(
    first: Mapping[str, Drawn], second: Mapping[str, Drawn], gains: Mapping[str, Drawn], without: Mapping[str, Drawn]
) -> tuple[Difference, ...]:
    chances = holm([chance(gain.value, without[name].draws) for name, gain in gains.items()])
    return tuple(
        Difference(name, summarise(first[name]), summarise(second[name]), summarise_gain(gain), p, detectable(gain))
        for (name, gain), p in zip(gains.items(), chances, strict=True)
    )


def holm(chances: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979): none is significant by the company it keeps."""
    corrected, worst = [1.0] * len(chances), 0.0
    for rank, place in enumerate(np.argsort(chances, kind="stable")):
        worst = max(worst, min(1.0, (len(chances) - rank) * chances[place]))
        corrected[place] = worst
    return corrected
