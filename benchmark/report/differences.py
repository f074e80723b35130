"""How two runs differ, on the terminal and in Markdown."""

from __future__ import annotations

from pathlib import Path

from ..files import write_text
from ..suite import ROLES
from .compare import Comparison, Difference, compare
from .markdown import table as markdown_table
from .run import Run
from .show import wide_console
from .table import FAMILY_NAMES, ROLE_NAMES, percent, plain_table


def show_differences(first: Run, second: Run, markdown: Path | None = None) -> None:
    """Print what the second run gains on the first; write the same as Markdown.

    Raises:
        ItamedError: they did not answer the same notes, or a file cannot be written.
    """
    found = compare(first, second)
    header = ["", first.label, second.label, "gain", "p"]
    console = wide_console()
    for title, rows in _tables(found):
        console.print(plain_table(title, header, rows))
    if markdown:
        parts = [f"{title}:\n\n{markdown_table(header, rows)}" for title, rows in _tables(found)]
        write_text(markdown, "\n".join(parts))


def _tables(found: Comparison) -> list[tuple[str, list[list[str]]]]:
    titled = [(f"Means, {ROLE_NAMES[role]}", found.means[role]) for role in ROLES]
    titled.append(("Tasks", found.tasks))
    note = "score in %, 95 % interval over notes; gain paired by note; p corrected for the lines of its table (Holm)"
    return [(f"{title} ({note})", [_cells(each) for each in lines]) for title, lines in titled if lines]


def _cells(found: Difference) -> list[str]:
    gain = found.gain
    signed = f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
    chance = f"{found.p:.3f}" if found.p >= 0.001 else "< 0.001"
    return [FAMILY_NAMES.get(found.name, found.name), percent(found.first), percent(found.second), signed, chance]
