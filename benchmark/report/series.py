"""What a table shows in one line: a run, or runs that differ in their seed alone, and their mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..scoring.bootstrap import RESAMPLES, Drawn, Estimate, summarise
from ..verdict import Mode
from .label import Label
from .means import Means, drawn_means, drawn_tasks, means_of
from .run import Run, TaskResult


@dataclass(frozen=True)
class Series:
    """Runs of one model, trained and asked alike, with different seeds; at least one.

    Scores are means over the seeds. Their draws resample the seeds as well as the notes, so that
    intervals know both.
    """

    runs: tuple[Run, ...]

    @property
    def named(self) -> Label:
        """Return the label, without a seed where there are several."""
        named = self.runs[0].named
        return named if len(self.runs) == 1 else replace(named, seed=None)

    @property
    def method(self) -> str:
        """Return how the model was asked."""
        return self.runs[0].method

    @property
    def setting(self) -> str:
        """Return training and method, "FT 0-shot": all but the model."""
        return f"{self.named.training} {self.method}".strip()

    @property
    def label(self) -> str:
        """Return a short name, of all runs together."""
        if len(self.runs) == 1:
            return self.runs[0].label
        return f"{self.named.text(self.method)} ({len(self.runs)} seeds)"

    @property
    def tasks(self) -> tuple[TaskResult, ...]:
        """Return the tasks, with the sizes and figures of the first run."""
        return self.runs[0].tasks

    @cached_property
    def drawn(self) -> dict[str, Drawn]:
        """Return the main score of each task, of repaired answers, with its draws."""
        return self._drawn("repaired")

    @cached_property
    def _drawn_strict(self) -> dict[str, Drawn]:
        return self._drawn("strict")

    @cached_property
    def drawn_means(self) -> dict[str, dict[str, Drawn]]:
        """Return by role the means of families, and "mean" of all, with their draws."""
        return drawn_means(self.tasks, self.drawn)

    @cached_property
    def means(self) -> Means:
        """Return the means with their intervals."""
        return means_of(self.drawn_means)

    def result(self, name: str) -> TaskResult | None:
        """Return the result of a task of the suite in the first run, None if it was not answered."""
        return next((result for result in self.tasks if result.task.name == name), None)

    def named_tasks(self, role: str) -> set[str]:
        """Return the names of the tasks of a role."""
        return {result.name for result in self.tasks if result.task.role == role}

    def only(self, results: Iterable[TaskResult]) -> Series:
        """Return the series with the tasks of these results alone."""
        names = {result.name for result in results}
        return Series(
            tuple(replace(run, tasks=tuple(mine for mine in run.tasks if mine.name in names)) for run in self.runs)
        )

    def score(self, result: TaskResult, mode: Mode = "repaired") -> Estimate:
        """Return the main score of a task, from its answers if they were kept, else as the results file has it."""
        drawn = (self.drawn if mode == "repaired" else self._drawn_strict)[result.name]
        return result.estimates[mode]["score"] if np.isnan(drawn.draws).all() else summarise(drawn)

    def metric(self, result: TaskResult, metric: str) -> float | None:
        """Return a metric of a task, the mean over seeds; None where it does not apply."""
        found = [
            mine.estimates["repaired"][metric].value
            for run in self.runs
            for mine in run.tasks
            if mine.name == result.name and metric in mine.estimates["repaired"]
        ]
        return float(np.mean(found)) if found else None

    def _drawn(self, mode: Mode) -> dict[str, Drawn]:
        each = [drawn_tasks(run, mode) for run in self.runs]
        if len(each) == 1:
            return each[0]
        chosen = np.random.default_rng(0).integers(0, len(each), (len(each), RESAMPLES))
        return {
            name: Drawn(
                float(np.mean([one[name].value for one in each])),
                np.take_along_axis(np.stack([one[name].draws for one in each]), chosen, axis=0).mean(axis=0),
                each[0][name].freedom,
            )
            for name in each[0]
        }


def series_of(runs: Sequence[Run]) -> list[Series]:
    """Group runs that differ in their seed alone, in the order of the first of each."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        key: tuple[str, ...] = (run.named.model, run.named.training, run.method, str(run.settings["backend"]))
        key += tuple(result.name for result in run.tasks)
        if run.named.seed is None or run.named.seed in {other.named.seed for other in groups.get(key, [])}:
            # The same seed twice is no second seed.
            key += (run.path.as_posix(), str(run.number))
        groups.setdefault(key, []).append(run)
    return [Series(tuple(group)) for group in groups.values()]
