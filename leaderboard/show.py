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
from .tables import plain_table
from .validate import UNCHECKED, Verdict

_MOST = 25
_WIDE = 140
"""Columns from which on six cells beside each other can be read."""
_WORDS = {
    0: "every score follows from the raw answers",
    1: "refused",
    UNCHECKED: "not checked here, as data are missing; nothing wrong was found in the rest",
}
_COLUMNS = ("", "file", "field", "expected", "found", "what to do")


def show_verdict(verdict: Verdict, path: Path) -> None:
    """Print the findings as a table, or one below the other on a narrow terminal, and the scores if all was checked."""
    if verdict.findings:
        shown = sorted(verdict.findings, key=lambda each: each.severity)[:_MOST]
        if out().width < _WIDE:
            out().print(_blocks(shown), soft_wrap=True)
        else:
            out().print(_table(shown))
    if len(verdict.findings) > _MOST:
        out().print(f"and {len(verdict.findings) - _MOST} more: `itamed validate --json` tells all")
    if verdict.run:
        show_runs([verdict.run])
    out().print(
        f"{path}: {_WORDS[verdict.status]} ({verdict.counts()}).", markup=False, soft_wrap=True, highlight=False
    )


def _table(findings: Sequence[Finding]) -> Table:
    rows = [(each.severity, each.file, each.field, each.expected, each.found, each.remedy) for each in findings]
    return plain_table(_COLUMNS, rows, lines=True)


def _blocks(findings: Sequence[Finding]) -> Text:
    """Return findings as blocks of short lines, the remedy on its own: cells are too narrow in a log."""
    lines = []
    for finding in findings:
        place = " ".join(filter(None, (finding.file, finding.field))) or "bundle"
        told = {"expected": finding.expected, "found": finding.found, "what to do": finding.remedy}
        lines += [f"{finding.severity}: {place}", *(f"  {name}: {text}" for name, text in told.items()), ""]
    return Text("\n".join(lines))


def as_json(verdict: Verdict) -> str:
    """Return a verdict as JSON: findings, and the score of each task with its interval if there is no error."""
    tasks = verdict.run.tasks if verdict.run else ()
    scores = {task.name: {mode: asdict(found["score"]) for mode, found in task.estimates.items()} for task in tasks}
    counts = {"errors": verdict.errors, "unchecked": verdict.unchecked}
    found = counts | {"findings": [asdict(each) for each in verdict.findings], "scores": scores}
    return json.dumps(found, indent=1, ensure_ascii=False)
