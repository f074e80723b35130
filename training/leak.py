"""What memory does to scores: notes that a model was trained on, against those that it was not."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

import numpy as np
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.correction import holm
from itamed.benchmark.report.run import Run
from itamed.benchmark.report.sheet import chance_text, percent
from itamed.benchmark.report.show import show_tables
from itamed.benchmark.scoring.bootstrap import (
    RESAMPLES,
    Array,
    Drawn,
    Estimate,
    Table,
    summarise,
    weights,
)
from itamed.benchmark.scoring.paired import chance
from itamed.benchmark.verdict import Record, finished
from numpy.typing import NDArray

from .output import stages_of

_TITLE = "Leaked and clean test notes (score in %, 95 % interval over notes; p by permutation, corrected (Holm))"


def show_leak(run: Run, training: Path, markdown: Path | None = None) -> None:
    """Print by task how a model scores on the test notes that a training has leaked, and on the others.

    Args:
        run: of any model on the test rows; of one that has not read them the difference is chance.
        training: the folder of the training that leaked them (`sft.leak`).
        markdown: where to write the same, if anywhere.

    Raises:
        ItamedError: the training leaked nothing, or the run has none of its tasks with both kinds of notes.
    """
    leaked = _leaked(training)
    found = {}
    for task in run.tasks:
        records = run.records(task.name, "repaired")
        notes = {note for _, note, _ in records}
        known = notes & set(leaked.get(task.name, ()))
        if known and known < notes:
            found[task.name] = _groups(records, known)
    if not found:
        raise ItamedError(f"{run.path} has no task with leaked and with clean notes of {training}.")
    chances = holm([groups.p for groups in found.values()])
    rows = [
        [name, *map(str, groups.sizes), *map(percent, groups.estimates), chance_text(p)]
        for (name, groups), p in zip(found.items(), chances, strict=True)
    ]
    show_tables(
        [(_TITLE, ["task", "leaked notes", "clean notes", "leaked", "clean", "difference", "p"], rows)], markdown
    )


def _leaked(training: Path) -> dict[str, list[str]]:
    found = {task: notes for stage in stages_of(training) for task, notes in stage["data"].get("leaked", {}).items()}
    if not found:
        raise ItamedError(f"The training in {training} leaked nothing: set sft.leak in its recipe.")
    return found


class _Groups(NamedTuple):
    """Leaked notes and clean ones: their numbers; their scores and the difference; the chance of such a difference."""

    sizes: tuple[int, int]
    estimates: tuple[Estimate, Estimate, Estimate]
    p: float


def _groups(records: Sequence[Record], leaked: AbstractSet[str]) -> _Groups:
    family, notes = finished(records)
    table = Table(notes.values())
    side = np.array([note in leaked for note in notes])

    def scores(drawn: Array) -> Array:
        return family.metrics(table.sums(drawn))["score"]

    def drawn(mine: NDArray[np.bool_], seed: int) -> Drawn:
        """Resample a group on its own: the two share no note."""
        resampled = np.zeros((RESAMPLES, len(table)))
        resampled[:, mine] = weights(int(mine.sum()), seed=seed)
        chosen = mine.astype(float)
        return Drawn(float(scores(chosen[None])[0]), scores(resampled), *table.size(chosen))

    one, other = drawn(side, 0), drawn(~side, 1)
    # Were it no matter which notes were leaked, others might have been as well: a permutation test.
    shuffled = np.random.default_rng(0).permuted(np.tile(side, (RESAMPLES, 1)), axis=1).astype(float)
    p = chance(float(np.nan_to_num(one.value - other.value)), scores(shuffled) - scores(1 - shuffled))
    first, second = summarise(one), summarise(other)
    return _Groups((int(side.sum()), int((~side).sum())), (first, second, _difference(first, second)), p)


def _difference(first: Estimate, second: Estimate) -> Estimate:
    """Return the difference of two scores of different notes, with the interval that follows from theirs.

    Newcombe's (1998): none of 12 leaked notes right has no variance, and tells little all the same.
    """
    value = first.value - second.value
    below = np.hypot(first.value - first.low, second.high - second.value)
    above = np.hypot(first.high - first.value, second.value - second.low)
    error = float(np.hypot(first.stderr, second.stderr))
    return Estimate(value, error, max(-1.0, value - float(below)), min(1.0, value + float(above)))
