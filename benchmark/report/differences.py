"""How two runs differ, on the terminal and in Markdown."""

from __future__ import annotations

from pathlib import Path

from ..suite import ROLES
from .compare import Difference, compare
from .notes import duel, note_scores
from .run import Run
from .show import TitledRows, show_tables
from .table import FAMILY_NAMES, ROLE_NAMES, percent

_NOTE = "score in %, 95 % interval over notes; gain paired by note; p corrected for the lines of its table (Holm)"


def show_differences(first: Run, second: Run, markdown: Path | None = None) -> list[TitledRows]:
    """Print what the second run gains on the first; write the same as Markdown; return these tables.

    Raises:
        ItamedError: they did not answer the same notes, or a file cannot be written.
    """
    found = compare(first, second)
    header = ["", first.label, second.label, "gain", "p"]
    titled = [(f"Means, {ROLE_NAMES[role]}", found.means[role]) for role in ROLES]
    tables: list[TitledRows] = [
        (f"{title} ({_NOTE})", header, [_cells(each) for each in lines]) for title, lines in titled if lines
    ]
    tasks = [_cells(each) + _duel(first, second, each.name) for each in found.tasks]
    tables.append((f"Tasks ({_NOTE}; notes that the second wins)", [*header, "wins", "ties", "losses"], tasks))
    show_tables(tables, markdown)
    return tables


def _duel(first: Run, second: Run, name: str) -> list[str]:
    found = duel(note_scores(first, name), note_scores(second, name))
    return [str(found.wins), str(found.ties), str(found.losses)]


def _cells(found: Difference) -> list[str]:
    gain = found.gain
    signed = f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
    chance = f"{found.p:.3f}" if found.p >= 0.001 else "< 0.001"
    return [FAMILY_NAMES.get(found.name, found.name), percent(found.first), percent(found.second), signed, chance]
