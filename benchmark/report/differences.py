"""How two runs differ, on the terminal and in Markdown."""

from __future__ import annotations

from pathlib import Path

from ..suite import ROLES
from .compare import compare
from .notes import duel, note_scores
from .pairing import Difference
from .run import Run
from .sheet import FAMILY_NAMES, ROLE_NAMES, Sheet, chance_text, detectable_text, percent, signed
from .show import show_tables

_NOTE = (
    "score in %, 95 % interval over notes; gain paired by note, its interval that of one comparison alone; p corrected "
    "(Holm) for all tasks, for both means, or for all families of both roles; detectable: the true gain that is found "
    "in four of five such comparisons, before correction"
)


def show_differences(first: Run, second: Run, markdown: Path | None = None) -> list[Sheet]:
    """Print what the second run gains on the first; write the same as Markdown; return these tables.

    Raises:
        ItamedError: they did not answer the same notes, or a file cannot be written.
    """
    found = compare(first, second)
    header = ["", first.label, second.label, "gain", "p", "detectable"]
    titled = [(f"Means, {ROLE_NAMES[role]}", found.means[role]) for role in ROLES]
    tables = [Sheet(f"{title} ({_NOTE})", header, [_cells(each) for each in lines]) for title, lines in titled if lines]
    tasks = [_cells(each) + _duel(first, second, each.name) for each in found.tasks]
    tables.append(Sheet(f"Tasks ({_NOTE}; notes that the second wins)", [*header, "wins", "ties", "losses"], tasks))
    if found.apart:
        title = "Not compared: tasks that one run alone has answered, and means over them"
        tables.append(Sheet(title, ["task", "answered by"], found.apart))
    show_tables(tables, markdown)
    return tables


def _duel(first: Run, second: Run, name: str) -> list[str]:
    found = duel(note_scores(first, name), note_scores(second, name))
    return [str(found.wins), str(found.ties), str(found.losses)]


def _cells(found: Difference) -> list[str]:
    scores = [percent(found.first), percent(found.second), signed(found.gain)]
    return [FAMILY_NAMES.get(found.name, found.name), *scores, chance_text(found.p), detectable_text(found.mde)]
