"""From a re-scored bundle to the scores of its entry."""

from __future__ import annotations

from dataclasses import replace

from itamed.benchmark.report.means import drawn_means, drawn_tasks
from itamed.benchmark.report.run import Run
from itamed.benchmark.scoring.bootstrap import Array, Estimate, summarise
from itamed.benchmark.suite import ROLES, suite

from ..known import known
from .entry import RoleScore, Span, TaskScore

_DIGITS = 6


def ranked_tasks(version: str, role: str) -> dict[str, str]:
    """Return the tasks that a mean of a role is over, with their families: those whose rows the maintainers know."""
    parts = known().get(version, {})
    return {name: task.family for name, task in suite().items() if task.role == role and "rows" in parts.get(name, {})}


def task_scores(run: Run) -> dict[str, TaskScore]:
    """Return the scores of each task of a run."""
    return {
        task.name: TaskScore(
            shots=task.shots,
            notes=task.notes,
            rows=task.rows,
            gold=task.gold,
            strict=_span(task.estimates["strict"]["score"]),
            metrics={name: _span(found) for name, found in task.estimates["repaired"].items()},
        )
        for task in run.tasks
    }


def role_scores(run: Run, version: str) -> tuple[dict[str, RoleScore], dict[str, Array]]:
    """Return by role the means of a run, and the (resamples,) draws of those that are complete.

    Notes are resampled a role at a time: runs on the same ranked tasks then get the same resamples, whatever else
    they answered, and their draws are paired.
    """
    scores, draws = {}, {}
    for role in ROLES:
        wanted = ranked_tasks(version, role)
        lacking = {wanted[name] for name in wanted.keys() - {each.task.name for each in run.tasks}}
        mine = tuple(each for each in run.tasks if each.task.name in wanted and each.task.family not in lacking)
        found = drawn_means(mine, drawn_tasks(replace(run, tasks=mine))).get(role, {})
        mean = found.pop("mean", None)
        families = {family: _span(summarise(score)) for family, score in found.items()}
        scores[role] = RoleScore(tasks=[each.name for each in mine], families=families)
        if mean and not lacking:
            update = {"mean": _span(summarise(mean)), "freedom": mean.freedom}
            scores[role], draws[role] = scores[role].model_copy(update=update), mean.draws
    return scores, draws


def _span(found: Estimate) -> Span:
    return round(found.value, _DIGITS), round(found.low, _DIGITS), round(found.high, _DIGITS)
