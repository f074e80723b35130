"""How the data commands show what there is: outcomes as lines, counts as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from ..console import out, say_error
from ..rows import SPLITS
from ..sources.source import Source
from .build import Outcome
from .check import Report
from .record import Record

_PIPE_WIDTH = 240
"""Columns of a table that goes into a file or pipe: enough that nothing is cut."""


def say_outcome(outcome: Outcome, record: Record | None) -> None:
    """Print how the build of one source ended.

    Args:
        outcome: the end.
        record: the record of the source's build, where there is one.
    """
    name = outcome.source.name
    if outcome.status == "failed":
        say_error(f"{name}: {outcome.message}")
    elif outcome.status == "built" and record is not None:
        total = sum(entry["rows"] for splits in record.tasks.values() for entry in splits.values())
        out().print(f"{name}: built, {total} rows in {outcome.seconds:.1f} s", highlight=False)
    else:
        line = f"{name}: {outcome.status}. {outcome.message}".rstrip()
        out().print(line, soft_wrap=True, highlight=False, markup=False)


def task_table(sources: Iterable[tuple[Source, Record | None]]) -> Table:
    """Return the tasks with source, licence and the rows of each split that is built."""
    table = Table("task", "source", "licence", "built", *(f"{split} rows" for split in SPLITS))
    for source, record in sources:
        for task in source.tasks:
            splits = record.tasks.get(task, {}) if record else {}
            rows = [str(splits[split]["rows"]) if split in splits else "-" for split in SPLITS]
            table.add_row(task, source.name, source.licence, "yes" if splits else "no", *rows)
    return table


def count_table(reports: Iterable[tuple[Source, Report]]) -> Table:
    """Return the counts of every task and split that was checked."""
    table = Table("task", "split", "rows", "documents", "without gold", "labels", "licence")
    for source, report in reports:
        for task, splits in report.counts.items():
            for split, counts in splits.items():
                labels = ", ".join(f"{label} {number}" for label, number in counts.labels.items())
                numbers = [str(counts.rows), str(counts.documents), str(counts.empty)]
                table.add_row(task, split, *numbers, labels, source.licence)
    return table


def print_table(table: Table) -> None:
    """Print a table, at full width where the output is no terminal."""
    console = out()
    if not console.is_terminal:
        console = Console(width=_PIPE_WIDTH)
    console.print(table)
