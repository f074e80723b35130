"""From a checked bundle to its entry, and the scores in it."""

from __future__ import annotations

from dataclasses import replace

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.means import drawn_means, drawn_tasks
from itamed.benchmark.report.run import Run, TaskResult
from itamed.benchmark.scoring.bootstrap import Array, Estimate, summarise
from itamed.benchmark.suite import ROLES
from pydantic import ValidationError

from ..anomalies import trained_ood
from ..findings import Finding, shown
from ..known import known, tasks_of
from ..manifest import MAX_LINE, Manifest
from ..validate import Verdict
from .entry import Badge, Entry, RoleScore, Span, TaskScore
from .store import Stored, today

_DIGITS = 6


def ranked_tasks(version: str, role: str) -> dict[str, str]:
    """Return the tasks that a mean of a role is over, with their families: those whose rows the maintainers know.

    Raises:
        ItamedError: the version is not known here.
    """
    tasks, parts = tasks_of(version), known()[version]
    return {name: task.family for name, task in tasks.items() if task.role == role and "rows" in parts[name]}


def ranked_results(run: Run, version: str, role: str) -> tuple[tuple[TaskResult, ...], set[str]]:
    """Return the results that the ranked means of a role are over, and the families left out for want of a task."""
    wanted = ranked_tasks(version, role)
    lacking = {wanted[name] for name in wanted.keys() - {each.task.name for each in run.tasks}}
    return tuple(each for each in run.tasks if each.task.name in wanted and each.task.family not in lacking), lacking


def stored_of(verdict: Verdict, digest: str, licence: str, badge: Badge | None = None) -> Stored:
    """Return the entry that a bundle makes.

    Args:
        verdict: of a bundle without errors.
        digest: of the archive, SHA-256.
        licence: of the model.
        badge: by default "re-scored" where model and adapter are named by a commit, else "self-reported".

    Raises:
        ItamedError: the bundle has errors, or the licence is no name of one.
    """
    if verdict.run is None or verdict.bundle is None:
        raise ItamedError("A bundle with errors makes no entry.")
    manifest = verdict.bundle.manifest
    scores, draws = role_scores(verdict.run, manifest.suite.version)
    if trained_ood(manifest.declaration, manifest.suite.version) and draws.pop("ood", None) is not None:
        # Without a mean there is no rank.
        scores["ood"] = scores["ood"].model_copy(update={"mean": None, "freedom": 1.0, "further": None})
    try:
        entry = Entry(
            format=1,
            bundle=digest,
            accepted=today(),
            licence=licence,
            warnings=[warning_of(finding) for finding in verdict.findings],
            manifest=manifest,
            tasks=task_scores(verdict.run),
            roles=scores,
        )
    except ValidationError as error:
        raise ItamedError(f"--licence {shown(licence)} is no name of a licence: write it like apache-2.0.") from error
    return Stored(entry, badge or ("re-scored" if named(manifest) else "self-reported"), draws)


def named(manifest: Manifest) -> bool:
    """Return whether model and adapter are named by a commit each."""
    return all(each.revision for each in (manifest.model, manifest.model.adapter) if each)


def warning_of(finding: Finding) -> str:
    """Return a finding as an entry keeps it."""
    return str(finding)[:MAX_LINE]


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
        mine, lacking = ranked_results(run, version, role)
        found = drawn_means(mine, drawn_tasks(replace(run, tasks=mine))).get(role, {})
        mean = found.pop("mean", None)
        families = {family: _span(summarise(score)) for family, score in found.items()}
        scores[role] = RoleScore(tasks=[each.name for each in mine], families=families)
        if mean and not lacking:
            update = {"mean": _span(summarise(mean)), "freedom": mean.freedom, "further": mean.further}
            scores[role], draws[role] = scores[role].model_copy(update=update), mean.draws
    return scores, draws


def _span(found: Estimate) -> Span:
    return round(found.value, _DIGITS), round(found.low, _DIGITS), round(found.high, _DIGITS)
