"""Tables whose cells are strangers' words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text


def plain_table(columns: Iterable[str], rows: Iterable[Sequence[str]], *, lines: bool = False) -> Table:
    """Return a table that shows every cell as it is: in strings brackets would be markup.

    Args:
        columns: their names.
        rows: as many cells each.
        lines: draw lines between rows.
    """
    table = Table(show_lines=lines)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
