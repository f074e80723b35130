"""Show runs on the terminal, and write them in the formats that were asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from rich.console import Console

from ..files import write_text
from .html import write_page
from .markdown import markdown as markdown_tables
from .markdown import table as markdown_table
from .means import means
from .plot import task_plot
from .run import Run, find_runs
from .table import means_table, plain_table, task_table

_WIDTH = 160
"""Columns of a table that goes into a file or a pipe: nothing must be cut there."""
TitledRows: TypeAlias = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A table of texts: its title, its header and its rows."""


def show_tables(tables: Iterable[TitledRows], markdown: Path | None = None) -> None:
    """Print tables of texts; write the same as Markdown.

    Args:
        tables: (title, header, rows) each.
        markdown: where to write, if anywhere.

    Raises:
        ItamedError: the file cannot be written.
    """
    console, parts = wide_console(), []
    for title, header, rows in tables:
        console.print(plain_table(title, header, rows))
        parts.append(f"{title}:\n\n{markdown_table(header, rows)}")
    if markdown:
        write_text(markdown, "\n".join(parts))


def wide_console() -> Console:
    """Return the console for tables: as wide as the terminal, and wide enough in a file or a pipe."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH)


def show(
    paths: Iterable[Path], *, html: Path | None = None, markdown: Path | None = None, plot: Path | None = None
) -> None:
    """Print the tables of the runs below `paths`; write a page, Markdown tables and a picture.

    Raises:
        ItamedError: there are no results, or a file cannot be written.
    """
    show_runs(find_runs(paths), html=html, markdown=markdown, plot=plot)


def show_runs(
    runs: Sequence[Run], *, html: Path | None = None, markdown: Path | None = None, plot: Path | None = None
) -> None:
    """Print the tables of some runs; write a page, Markdown tables and a picture.

    Raises:
        ItamedError: a file cannot be written.
    """
    found = [means(run) for run in runs]
    console = wide_console()
    for run in runs:
        console.print(task_table(run))
    console.print(means_table(runs, found))
    if markdown:
        write_text(markdown, markdown_tables(runs, found))
    if plot:
        write_text(plot, task_plot(runs))
    if html:
        write_page(html, runs, found)
        console.print(f"Report: {html.resolve().as_uri()}", soft_wrap=True)
