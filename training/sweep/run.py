"""Run an experiment: submit what is not done, watch it, and show what came."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from itamed.benchmark.errors import ItamedError, reason_of

from .cells import Evaluation, Training
from .jobs import BUSY, Jobs, begun, busy, last_words

_PAUSE = 0.5
"""Seconds between two looks at the jobs."""


@dataclass
class Cell:
    """A cell and how it is: "waiting", "queued" (submitted, but not begun), "running", "done" or "failed".

    `seconds` are those since it has begun.
    """

    what: Training | Evaluation
    state: str = "waiting"
    seconds: float = 0.0
    reason: str = ""
    job: Any = field(default=None, repr=False)
    _since: float = 0.0
    _before: int | None = None

    @property
    def submitted(self) -> bool:
        """Return whether a job of it has been submitted and has not ended."""
        return self.state in ("queued", "running")

    def submit(self, jobs: Jobs) -> None:
        """Submit a job of it."""
        self._before = begun(self.what.folder)
        self.job, self.state, self.seconds = jobs.submit(self.what), "queued", 0.0

    def look(self) -> None:
        """Note how it is now."""
        if self.state == "queued" and begun(self.what.folder) != self._before:
            self.state, self._since = "running", time.monotonic()
        if self.state == "running":
            self.seconds = time.monotonic() - self._since
        if not self.job.done():
            return
        try:
            status = self.job.result()
        # What submitit raises for a job that was killed depends on the cluster.
        except Exception as error:
            self.fail(f"the job was lost ({type(error).__name__})")
            return
        if status == BUSY:
            # Another call of the same experiment is at it, and wrote the log.
            self.state, self.seconds = "waiting", 0.0
        elif status == 0 and self.what.done():
            self.state = "done"
        else:
            self.fail(last_words(self.what.folder))

    def fail(self, reason: str) -> None:
        """Note that it will not be done, and why."""
        self.state, self.reason = "failed", reason


def run_cells(cells: Sequence[Cell], jobs: Jobs, at_once: int, show: Callable[[Sequence[Cell]], None]) -> None:
    """Run all cells that are not done.

    Args:
        cells: each training before what needs it.
        jobs: submits them.
        at_once: jobs at a time.
        show: is given all cells at every look.

    Raises:
        ItamedError: some have failed, the others were run all the same; or the folder has no locks.
    """
    for cell in cells:
        cell.state = "done" if cell.what.done() else "waiting"
    by_folder = {cell.what.folder: cell for cell in cells}
    while any(cell.state == "waiting" or cell.submitted for cell in cells):
        for cell in cells:
            if cell.submitted:
                cell.look()
        # What another call of the same experiment has begun takes memory like the own; a job of ours would not get it.
        elsewhere = {cell.what.folder for cell in cells if cell.state == "waiting" and busy(cell.what.folder)}
        room = at_once - len(elsewhere) - sum(cell.submitted for cell in cells)
        # Trainings first: others wait for them.
        for cell in sorted(cells, key=lambda cell: isinstance(cell.what, Evaluation)):
            if cell.state == "waiting" and cell.what.folder not in elsewhere:
                _begin(cell, by_folder, jobs, room)
                room -= cell.submitted
        show(cells)
        time.sleep(_PAUSE)
    show(cells)
    if failed := [cell for cell in cells if cell.state == "failed"]:
        raise ItamedError(
            f"{len(failed)} of {len(cells)} cells failed, the first: {failed[0].what.name}, {failed[0].reason} "
            f"(all it said: {failed[0].what.folder}.log). The same command goes on with the rest."
        )


def _begin(cell: Cell, by_folder: Mapping[Path, Cell], jobs: Jobs, room: int) -> None:
    needed = by_folder[cell.what.needs.folder] if cell.what.needs else None
    if needed and needed.state == "failed":
        cell.fail(f"needs {needed.what.name}, which failed")
    elif (needed and needed.state != "done") or room < 1:
        return
    elif cell.what.done():
        cell.state = "done"
    else:
        try:
            cell.what.prepare()
            cell.submit(jobs)
        # A full disk, or what a cluster has against a job: each has errors of its own.
        except Exception as error:
            cell.fail(f"it was not submitted ({reason_of(error)})")
