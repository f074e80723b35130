"""What a table shows in one line: a run, or runs that differ in their seed alone, and their mean."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..scoring.bootstrap import RESAMPLES, Array, Drawn, Estimate, gain_of, satterthwaite, stderr, summarise
from ..suite import ROLES, suite
from ..verdict import Mode
from .label import Label
from .means import Means, drawn_means, drawn_tasks, means_of
from .run import Run, TaskResult, figures_of


@dataclass(frozen=True)
class Series:
    """Runs of one model, trained and asked alike, with different seeds; at least one.

    Scores are means over the seeds. Their draws resample the seeds as well as the notes, so that
    intervals know both. `number` tells series with the same label apart, `asked` are the tasks of all series of a
    report: a mean over fewer of them is another quantity, and none that `means` has.
    """

    runs: tuple[Run, ...]
    number: int = 1
    asked: frozenset[str] = frozenset()

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
        return self.named.setting(self.method)

    @property
    def label(self) -> str:
        """Return a short name, of all runs together, which no other series of a report has."""
        name = self.named.text(self.method)
        name += f" ({len(self.runs)} seeds)" if len(self.runs) > 1 else ""
        return name if self.number == 1 else f"{name} ({self.number})"

    @property
    def tasks(self) -> tuple[TaskResult, ...]:
        """Return the tasks, with the sizes and figures of the first run."""
        return self.runs[0].tasks

    @cached_property
    def each(self) -> list[dict[str, Drawn]]:
        """Return for each seed the main score of each task, of repaired answers, with its draws."""
        return [drawn_tasks(run) for run in self.runs]

    @cached_property
    def each_means(self) -> dict[str, list[dict[str, Drawn]]]:
        """Return by role for each seed the means of families, and "mean" of all, with their draws."""
        found = [drawn_means(self.tasks, drawn) for drawn in self.each]
        return {role: [by_role[role] for by_role in found] for role in ROLES}

    @cached_property
    def drawn(self) -> dict[str, Drawn]:
        """Return the main score of each task, of repaired answers, with its draws."""
        return self.over_seeds(self.each)

    @cached_property
    def _drawn_strict(self) -> dict[str, Drawn]:
        return self.over_seeds([drawn_tasks(run, "strict") for run in self.runs])

    @cached_property
    def drawn_means(self) -> dict[str, dict[str, Drawn]]:
        """Return by role the means of families, and "mean" of all, with their draws."""
        return {role: self.over_seeds(each) for role, each in self.each_means.items()}

    @cached_property
    def means(self) -> Means:
        """Return the means with their intervals, those over all tasks that were asked."""
        return means_of(
            {
                role: {name: drawn for name, drawn in found.items() if self.lacks(role, name, self.asked) == set()}
                for role, found in self.drawn_means.items()
            }
        )

    def has(self, role: str) -> bool:
        """Return whether any task of a role was answered."""
        return any(result.task.role == role for result in self.tasks)

    def lacks(self, role: str, name: str, asked: Iterable[str]) -> set[str]:
        """Return which of some tasks of the suite a family's mean, or "mean" of all, is not over."""
        tasks = suite()
        wanted = {task for task in asked if tasks[task].role == role and name in ("mean", tasks[task].family)}
        return wanted - {result.task.name for result in self.tasks}

    @cached_property
    def kept(self) -> bool:
        """Return whether the answers to all tasks were kept, in all runs."""
        return all(run.records(result.name, "repaired") for run in self.runs for result in run.tasks)

    def result(self, name: str) -> TaskResult | None:
        """Return the result of a task of the suite in the first run, None if it was not answered."""
        return next((result for result in self.tasks if result.task.name == name), None)

    def only(self, names: Collection[str]) -> Series:
        """Return the series with these tasks of its runs alone; itself, with what it has computed, if all are."""
        if all(result.name in names for result in self.tasks):
            return self
        return replace(
            self,
            runs=tuple(
                replace(run, tasks=tuple(mine for mine in run.tasks if mine.name in names)) for run in self.runs
            ),
        )

    def score(self, result: TaskResult, mode: Mode = "repaired") -> Estimate:
        """Return the main score of a task, of several runs the mean; see `figures_of` for what it is computed from."""
        if len(self.runs) == 1:
            return self._figures(mode)[0][result.name]["score"]
        return summarise((self.drawn if mode == "repaired" else self._drawn_strict)[result.name])

    def metrics(self, result: TaskResult, mode: Mode = "repaired") -> list[str]:
        """Return the names of the metrics of a task, those of the first run."""
        return list(self._figures(mode)[0][result.name])

    def _figures(self, mode: Mode) -> list[dict[str, Mapping[str, Estimate]]]:
        return self._repaired if mode == "repaired" else self._strict

    @cached_property
    def _repaired(self) -> list[dict[str, Mapping[str, Estimate]]]:
        return [figures_of(run, "repaired") for run in self.runs]

    @cached_property
    def _strict(self) -> list[dict[str, Mapping[str, Estimate]]]:
        return [figures_of(run, "strict") for run in self.runs]

    def metric(self, result: TaskResult, metric: str, mode: Mode = "repaired") -> float | None:
        """Return a metric of a task, the mean over seeds; None where it does not apply."""
        each = (figures[result.name] for figures in self._figures(mode) if result.name in figures)
        found = [figures[metric].value for figures in each if metric in figures]
        return float(np.mean(found)) if found else None

    def estimate(self, result: TaskResult, metric: str, mode: Mode = "repaired") -> Estimate:
        """Return a metric of a task that applies, with its interval; of several seeds the main score alone has one."""
        if metric == "score":
            return self.score(result, mode)
        if len(self.runs) == 1:
            return self._figures(mode)[0][result.name][metric]
        value = self.metric(result, metric, mode)
        return Estimate(np.nan if value is None else value, np.nan, np.nan, np.nan)

    def over(self, role: str, name: str) -> list[TaskResult]:
        """Return the tasks that a family's mean is over, or "mean" of all."""
        return [each for each in self.tasks if each.task.role == role and name in ("mean", each.task.family)]

    def over_seeds(self, each: Sequence[Mapping[str, Drawn]]) -> dict[str, Drawn]:
        """Return the means of the scores of several seeds.

        One seed fewer is drawn than there are, for the same reason as with notes (see `weights`); all
        scores get the same ones. Degrees of freedom are those of the sum of both variances (Satterthwaite).
        """
        if len(each) == 1:
            return dict(each[0])
        # Other series draw seeds of their own, and the same ones wherever their folders lie.
        source = zlib.crc32("".join(run.label for run in self.runs).encode())
        drawn = np.random.default_rng(source).integers(0, len(each), (len(each) - 1, RESAMPLES))
        # How often each seed is drawn, (seeds, resamples).
        times = np.stack([(drawn == seed).mean(axis=0) for seed in range(len(each))])
        return {name: _mean([one[name] for one in each], times) for name in each[0]}


def _mean(scores: Sequence[Drawn], times: Array) -> Drawn:
    """Return the mean of the scores of several seeds, which are drawn with these weights, (seeds, resamples)."""
    values, draws = np.array([score.value for score in scores]), np.stack([score.draws for score in scores])
    variances = [stderr(draws.mean(axis=0)) ** 2, _of_seeds(scores)]
    freedom = satterthwaite(variances, [float(np.mean([score.freedom for score in scores])), len(values) - 1])
    return Drawn(
        float(np.mean(values)),
        draws.mean(axis=0) + (values @ times - values.mean()),
        max(1.0, freedom) if any(variances) else scores[0].freedom,
        float(np.mean([score.further for score in scores])),
    )


def _of_seeds(scores: Sequence[Drawn]) -> float:
    """Return the variance of the mean of some seeds that comes from there being no more of them; 0 of one alone."""
    return float(np.var([score.value for score in scores], ddof=1)) / len(scores) if len(scores) > 1 else 0.0


def gain_over_seeds(first: Sequence[Drawn], second: Sequence[Drawn], means: tuple[Drawn, Drawn]) -> Drawn:
    """Return what a series gains on another in one score.

    What makes notes hard for both is no part of a gain, so that seeds make up more of its variance than of either
    score's, and fewer degrees of freedom are left.

    Args:
        first: the score for each seed of one series.
        second: that of the other, with draws of the same notes.
        means: both series' means over seeds, as `Series.over_seeds` gives them.
    """
    gain, sides = gain_of(*means), (first, second)
    notes = np.subtract(*(np.mean([score.draws for score in side], axis=0) for side in sides))
    variances = [stderr(notes) ** 2, *map(_of_seeds, sides)]
    of_notes = min(float(np.mean([score.freedom for score in side])) for side in sides)
    freedom = satterthwaite(variances, [of_notes, *(max(1, len(side) - 1) for side in sides)])
    return gain._replace(freedom=max(1.0, freedom) if any(variances) else gain.freedom)


def series_of(runs: Sequence[Run]) -> list[Series]:
    """Group runs that differ in their seed alone, in the order of the first of each."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    asked = frozenset(result.task.name for run in runs for result in run.tasks)
    for run in runs:
        key = (run.named.model, run.named.training, *alike(run), *(result.name for result in run.tasks))
        if run.named.seed is None or run.named.seed in {other.named.seed for other in groups.get(key, [])}:
            # The same seed twice is no second seed.
            key += (run.path.as_posix(), str(run.number))
        groups.setdefault(key, []).append(run)
    found: list[Series] = []
    seen: Counter[str] = Counter()
    for group in groups.values():
        label = Series(tuple(group)).label
        seen[label] += 1
        found.append(Series(tuple(group), seen[label], asked))
    return found


def answered(series: Iterable[Series]) -> list[str]:
    """Return the tasks that any of some series has, in the order of the suite."""
    names = {result.task.name for each in series for result in each.tasks}
    return [name for name in suite() if name in names]


def alike(run: Run, *, method: bool = True) -> tuple[str, ...]:
    """Return what runs of one line have in common beside their label: model, engine, precision, chat template.

    A trained model has a folder for each seed, and none in common.

    Args:
        run: a run.
        method: with how it was asked, too.
    """
    model = "" if run.named.training else run.model
    settings = (str(getattr(run.settings, name)) for name in ("backend", "precision", "chat", "parameters"))
    return (model, *settings, run.method if method else "")
