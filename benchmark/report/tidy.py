"""Reports as CSV: one figure a line, for those who compute with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..scoring.bootstrap import Estimate
from .means import means
from .run import Run, TaskResult

_COLUMNS = (
    *("run", "model", "training", "method", "seed", "shots", "constrained", "backend", "parameters", "precision"),
    *("seconds", "role", "family", "task", "mode", "metric", "value", "stderr", "low", "high", "notes", "rows", "gold"),
)
"""`value` to `high` are shares (0 to 1); a mean over tasks has no `task`, that over families the family "mean"."""


def tidy(runs: Sequence[Run]) -> str:
    """Return a CSV file with every metric of every task and run in both modes, and the means."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for run in runs:
        writer.writerows(_settings(run) | line for line in (*_tasks(run), *_means(run)))
    return buffer.getvalue()


def _settings(run: Run) -> dict[str, Any]:
    shots = "/".join(map(str, sorted({result.shots for result in run.tasks})))
    named = {"run": run.label, "method": run.method, "shots": shots, "seconds": run.seconds}
    known = {key: run.settings[key] for key in ("constrained", "backend", "parameters", "precision")}
    return named | asdict(run.named) | known


def _tasks(run: Run) -> Iterator[dict[str, Any]]:
    for result in run.tasks:
        for mode, metrics in result.estimates.items():
            for metric, estimate in metrics.items():
                yield _of_task(result) | {"mode": mode, "metric": metric} | _figures(estimate)


def _of_task(result: TaskResult) -> dict[str, Any]:
    sizes = {"notes": result.notes, "rows": result.rows, "gold": result.gold}
    return {"role": result.task.role, "family": result.task.family, "task": result.name} | sizes


def _means(run: Run) -> Iterator[dict[str, Any]]:
    for role, by_family in means(run).by_role.items():
        for family, estimate in by_family.items():
            yield {"role": role, "family": family, "mode": "repaired", "metric": "score"} | _figures(estimate)


def _figures(estimate: Estimate) -> dict[str, float]:
    return {name: round(value, 6) for name, value in asdict(estimate).items()}
