"""Reports as CSV: one figure a line, for those who compute with them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..scoring.bootstrap import Estimate
from ..verdict import MODES
from .gained import pairs
from .gains import corrected_gains
from .run import TaskResult
from .series import Series

_COLUMNS = (
    *("run", "model", "training", "method", "seed", "shots", "constrained", "backend", "parameters", "precision"),
    *("seconds", "role", "family", "task", "tasks", "mode", "metric", "value", "stderr", "low", "high"),
    *("notes", "rows", "gold", "seeds", "baseline", "p", "corrected_p", "detectable"),
)
"""`value` to `high` are shares (0 to 1), empty where unknown; a mean over tasks has no `task`, that over families the
family "mean". `tasks` is how many tasks a figure stands on: one over fewer than other runs have is left out. A line
that pools several `seeds` stands beside those of its runs. The metric "gain" is what a line gains on the `baseline` of
the report, "grammar gain" what it gains on the run without grammars; `corrected_p` is corrected for all gains of its
kind, as the report's tables are, and `detectable` a share, too.
"""


def tidy(series: Sequence[Series], baseline: Series | None = None) -> str:
    """Return a CSV file with every metric of every task and run in both modes, the means, and the gains.

    Args:
        series: the lines of a report.
        baseline: one of them, on which the others' gains are told; None: no gains but those of grammars.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for each in series:
        for alone in _apart(each):
            writer.writerows(_settings(alone) | line for line in (*_tasks(alone), *_means(alone)))
    others = [each for each in series if baseline and each is not baseline]
    against = [(baseline, each) for each in others if baseline]
    for metric, found in (("gain", against), ("grammar gain", pairs(series))):
        writer.writerows(_gains(metric, found))
    return buffer.getvalue()


def _apart(series: Series) -> list[Series]:
    """Return a line of a report, before it each of its runs where there are several."""
    if len(series.runs) == 1:
        return [series]
    return [*(Series((run,), run.number, series.asked) for run in series.runs), series]


def _settings(series: Series) -> dict[str, Any]:
    runs, first = series.runs, series.runs[0]
    shots = "/".join(map(str, sorted({result.shots for result in series.tasks})))
    seconds = first.seconds if len(runs) == 1 else None
    named = {"run": series.label, "method": series.method, "shots": shots, "seconds": seconds, "seeds": len(runs)}
    known = {key: getattr(first.settings, key) for key in ("constrained", "backend", "parameters", "precision")}
    return named | asdict(series.named) | known


def _tasks(series: Series) -> Iterator[dict[str, Any]]:
    for result in series.tasks:
        for mode in MODES:
            for metric in series.metrics(result, mode):
                figures = _figures(series.estimate(result, metric, mode))
                yield _of_task(result) | {"mode": mode, "metric": metric} | figures


def _gains(metric: str, found: Sequence[tuple[Series, Series]]) -> Iterator[dict[str, Any]]:
    by_number = corrected_gains({str(number): pair for number, pair in enumerate(found)})
    for number, (first, second) in enumerate(found):
        for (role, family), each in by_number[str(number)].items():
            chances = {"p": each.alone, "corrected_p": each.p, "detectable": each.mde}
            named = {"role": role, "family": family, "tasks": len(second.over(role, family)), "mode": "repaired"}
            told = {"metric": metric, "baseline": first.label} | _rounded(chances)
            yield _settings(second) | named | told | _figures(each.gain)


def _of_task(result: TaskResult) -> dict[str, Any]:
    sizes = {"notes": result.notes, "rows": result.rows, "gold": result.gold}
    return {"role": result.task.role, "family": result.task.family, "task": result.name, "tasks": 1} | sizes


def _means(series: Series) -> Iterator[dict[str, Any]]:
    for role, by_family in series.means.by_role.items():
        for family, estimate in by_family.items():
            named = {
                "role": role,
                "family": family,
                "tasks": len(series.over(role, family)),
                "mode": "repaired",
                "metric": "score",
            }
            yield named | _figures(estimate)


def _figures(estimate: Estimate) -> dict[str, float | None]:
    return _rounded(asdict(estimate))


def _rounded(figures: Mapping[str, float]) -> dict[str, float | None]:
    # What is no number has no name that all programs read.
    return {name: None if math.isnan(value) else round(value, 6) for name, value in figures.items()}
