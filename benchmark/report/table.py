"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table

from ..scoring.bootstrap import Estimate
from ..suite import FAMILIES, ROLES
from .means import Means
from .run import Run

FAMILY_NAMES = {"ner": "NER", "re": "RE", "crf": "CRF", "qa": "QA", "arg": "ARG", "mean": "Mean"}
ROLE_NAMES = {"id": "in-distribution", "ood": "out-of-distribution"}


def percent(estimate: Estimate) -> str:
    """Return a score in per cent with its interval, "58.1 [54.9, 61.0]"."""
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def plain_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table of texts: names on the left, figures on the right."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(header):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def task_table(run: Run) -> Table:
    """Return one line a task: scores with 95 % intervals, answer forms, sizes."""
    table = Table(title=f"{run.label}: score in %, with 95 % interval over notes", title_justify="left")
    table.add_column("task", no_wrap=True)
    for column in ("repaired", "strict", "valid", "mended", "cut off", "notes", "gold items"):
        table.add_column(column, justify="right", no_wrap=True)
    for result in run.tasks:
        repaired, strict = result.estimates["repaired"], result.estimates["strict"]
        rates = (f"{100 * repaired[name].value:.0f} %" for name in ("valid", "repaired", "truncated"))
        sizes = (str(result.notes), str(result.gold))
        table.add_row(result.name, percent(result.score), percent(strict["score"]), *rates, *sizes)
    return table


def means_table(runs: Sequence[Run], all_means: Sequence[Means]) -> Table:
    """Return one line a run and role: family means and their mean, the suite's headline figures."""
    table = Table(title="Mean over tasks of a family, and over families (repaired answers, %)", title_justify="left")
    table.add_column("run", no_wrap=True)
    table.add_column("tasks")
    for name in FAMILY_NAMES.values():
        table.add_column(name, justify="right", no_wrap=True)
    for run, found in zip(runs, all_means, strict=True):
        for role in ROLES:
            scores = found.by_role[role]
            if scores:
                cells = [percent(scores[name]) if name in scores else "-" for name in FAMILIES]
                mean = percent(scores["mean"]) + ("" if found.complete[role] else " *")
                table.add_row(run.label, ROLE_NAMES[role], *cells, mean)
    if not all(complete for found in all_means for role, complete in found.complete.items() if found.by_role[role]):
        table.caption = "* over the families present only"
    return table
