"""Show what a check has found, and what a bundle is worth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from itamed.benchmark.console import out
from itamed.benchmark.report.show import show_runs
from rich.table import Table
from rich.text import Text

from .findings import Finding
from .validate import Verdict

_MOST = 25
_COLUMNS = ("", "file", "field", "expected", "found", "what to do")


def show_verdict(verdict: Verdict, path: Path) -> None:
    """Print the findings as a table, and the scores if there is no error."""
    if verdict.findings:
        out().print(_table(verdict.findings))
    if len(verdict.findings) > _MOST:
        out().print(f"and {len(verdict.findings) - _MOST} more: `itamed validate --json` tells all")
    if verdict.run:
        show_runs([verdict.run])
    warnings = len(verdict.findings) - verdict.errors
    counts = f"errors: {verdict.errors}, warnings: {warnings}"
    word = "refused" if verdict.errors else "every score follows from the raw answers"
    out().print(f"{path}: {word} ({counts}).", markup=False, soft_wrap=True, highlight=False)


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(show_lines=True)
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for finding in sorted(findings, key=lambda each: each.severity)[:_MOST]:
        cells = (finding.severity, finding.file, finding.field, finding.expected, finding.found, finding.remedy)
        # Not strings, in which brackets are markup: some of this is a stranger's.
        table.add_row(*map(Text, cells))
    return table


def as_json(verdict: Verdict) -> str:
    """Return a verdict as JSON: findings, and the score of each task with its interval if there is no error."""
    tasks = verdict.run.tasks if verdict.run else ()
    scores = {task.name: {mode: asdict(found["score"]) for mode, found in task.estimates.items()} for task in tasks}
    found = {"errors": verdict.errors, "findings": [asdict(each) for each in verdict.findings], "scores": scores}
    return json.dumps(found, indent=1, ensure_ascii=False)
