"""How the data commands show what there is: outcomes and warnings as lines, counts as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..console import out, say_error
from ..rows import SPLITS
from ..sources.source import Source
from .build import Outcome
from .check import Report
from .copies import Copy
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
        for what, number in sorted(record.left_out.items()):
            out().print(f"  left out {number}: {what}", soft_wrap=True, highlight=False, markup=False)
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


def count_table(reports: Sequence[tuple[Source, Report]]) -> Group:
    """Return the counts of every task and split that was checked, and the warnings below them."""
    table = Table("task", "split", "rows", "documents", "without gold", "labels", "licence")
    for source, report in reports:
        for task, splits in report.counts.items():
            for split, counts in splits.items():
                labels = ", ".join(f"{label} {number}" for label, number in counts.labels.items())
                numbers = [str(counts.rows), str(counts.documents), str(counts.empty)]
                table.add_row(task, split, *numbers, labels, source.licence)
    return Group(table, *(Text(line, style="yellow") for _, report in reports for line in warnings(report)))


def warnings(report: Report) -> Iterator[str]:
    """Yield a line, with one case, for each split whose gold contradicts itself or that copies another source's."""
    for task, splits in report.contradictions.items():
        for split, pairs in splits.items():
            number = f"{len(pairs)} {'text stands' if len(pairs) == 1 else 'texts stand'}"
            example = " and ".join(pairs[0])
            yield f"WARNING: {task} {split}: {number} in several rows with different gold, for example {example}"
    alike: dict[tuple[str, ...], list[Copy]] = {}
    for found in report.copies:
        key = (found.copy.task, found.copy.split, found.kept.task, found.kept.split)
        alike.setdefault(key, []).append(found)
    for (task, split, other, held_out), copies in alike.items():
        example = f"{copies[0].copy.document} of {copies[0].kept.document}"
        yield f"WARNING: {task} {split}: near copies of {other} {held_out}: {len(copies)}, for example {example}"


def print_table(table: RenderableType) -> None:
    """Print a table, at full width where the output is no terminal."""
    out(_PIPE_WIDTH).print(table)
