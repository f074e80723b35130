"""Reports as CSV: one figure a line, for those who compute with them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..scoring.bootstrap import Estimate
from .run import Run, TaskResult
from .series import Series

_COLUMNS = (
    *("run", "model", "training", "method", "seed", "shots", "constrained", "backend", "parameters", "precision"),
    *("seconds", "role", "family", "task", "tasks", "mode", "metric", "value", "stderr", "low", "high"),
    *("notes", "rows", "gold"),
)
"""`value` to `high` are shares (0 to 1), empty where unknown; a mean over tasks has no `task`, that over families the
family "mean". `tasks` is how many tasks a figure stands on: one over fewer than other runs have is left out.
"""


def tidy(runs: Sequence[Run]) -> str:
    """Return a CSV file with every metric of every task and run in both modes, and the means."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    asked = frozenset(result.task.name for run in runs for result in run.tasks)
    for run in runs:
        writer.writerows(_settings(run) | line for line in (*_tasks(run), *_means(Series((run,), asked=asked))))
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
    return {"role": result.task.role, "family": result.task.family, "task": result.name, "tasks": 1} | sizes


def _means(series: Series) -> Iterator[dict[str, Any]]:
    for role, by_family in series.means.by_role.items():
        for family, estimate in by_family.items():
            count = sum(result.task.role == role and family in ("mean", result.task.family) for result in series.tasks)
            named = {"role": role, "family": family, "tasks": count, "mode": "repaired", "metric": "score"}
            yield named | _figures(estimate)


def _figures(estimate: Estimate) -> dict[str, float | None]:
    # What is no number has no name that all programs read.
    return {name: None if math.isnan(value) else round(value, 6) for name, value in asdict(estimate).items()}
