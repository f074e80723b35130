"""Show runs on the terminal, and write them in the formats that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..console import out
from ..files import write_text
from .finding import find_runs
from .gains import baseline_of
from .markdown import sheets as as_tables
from .outputs import NO_FILES, Outputs, write
from .report import lines, parts
from .run import Run
from .sheet import INTERVAL, Sheet

_WIDTH = 160
"""Columns of a table that goes into a file or a pipe: nothing must be cut there."""
_UNLIMITED = 10_000
_FEW = 2
"""Runs whose tasks are shown one by one on the terminal; those of more would bury the means."""
_SHORT = 12
"""Lines of a folded table that the terminal shows all the same."""
_BRIEF = ("Families", "Gains", "Free and constrained", "Reported by others")


def show_tables(
    tables: Iterable[Sheet | tuple[str, Sequence[str], Sequence[Sequence[str]]]], markdown: Path | None = None
) -> None:
    """Print tables of texts; write the same as Markdown.

    Args:
        tables: (title, header, rows) each, or sheets.
        markdown: where to write, if anywhere.

    Raises:
        ItamedError: the file cannot be written.
    """
    console, sheets = wide_console(), [Sheet(*table) for table in tables]
    for sheet in sheets:
        _print(console, sheet)
    if markdown:
        write_text(markdown, as_tables(sheets))


def wide_console() -> Console:
    """Return the console for tables: as wide as the terminal, and wide enough in a file or a pipe."""
    return out(_WIDTH)


def _print(console: Console, sheet: Sheet) -> None:
    """Print a table; one that is too wide has intervals below their values."""
    if console.measure(_table(sheet), options=console.options.update(max_width=_UNLIMITED)).maximum > console.width:
        sheet = sheet._replace(rows=[[INTERVAL.sub(r"\1\3\n\2", cell) for cell in row] for row in sheet.rows])
    console.print(_table(sheet))


def _table(sheet: Sheet) -> Table:
    table = Table(title=escape(sheet.title), title_justify="left")
    for number, column in enumerate(sheet.header):
        table.add_column(escape(column), justify="right" if number else "left", overflow="fold")
    for row in sheet.rows:
        table.add_row(*map(escape, row))
    return table


def show(paths: Iterable[Path], baseline: str = "", outputs: Outputs = NO_FILES, *, others: bool = False) -> None:
    """Print what the runs below `paths` score, and write it where it was asked for.

    Args:
        paths: results folders or files.
        baseline: see `report`.
        outputs: what to write.
        others: see `report`.

    Raises:
        ItamedError: there are no results, they cannot stand side by side, or a file cannot be written.
    """
    show_runs(find_runs(paths), baseline, outputs, others=others)


def show_runs(runs: Sequence[Run], baseline: str = "", outputs: Outputs = NO_FILES, *, others: bool = False) -> None:
    """Print what some runs score, and write it where it was asked for (see `show`)."""
    series = lines(runs)
    base = baseline_of(series, baseline) if baseline else None
    sections = parts(series, base, others=others)
    labels = [each.label for each in series]
    shown = [part for part in sections if part.heading in labels] if len(runs) <= _FEW else []
    # First, as who reads the tables through a pipe may stop reading.
    written = write(series, sections, base, outputs)
    console = wide_console()
    for section in [*shown, *(part for part in sections if part.heading in _BRIEF)]:
        for sheet in section.sheets:
            if sheet.folded and len(sheet.rows) > _SHORT:
                said = f"{sheet.title}: {len(sheet.rows)} lines, which --html or --markdown has."
                console.print(said, highlight=False, markup=False)
            else:
                _print(console, sheet)
        if section.text:
            console.print(section.text, style="dim", highlight=False, markup=False)
    for line in written:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
