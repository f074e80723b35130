"""How two runs differ, on the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from functools import reduce
from operator import add
from pathlib import Path

from ..suite import ROLES
from .compare import SIDES, compare
from .notes import Duel, duel, note_scores
from .pairing import Difference
from .run import Run
from .series import Series
from .sheet import EQUAL, FAMILY_NAMES, ROLE_NAMES, Sheet, chance_text, detectable_text, filled, percent, signed
from .show import show_tables

_NOTE = (
    "score in %, 95 % interval over notes; gain paired by note, its interval that of one comparison alone; p corrected "
    "(Holm) for all tasks, for both means, or for all families of both roles; detectable: the true gain that is found "
    "in four of five such comparisons, before correction"
)
_EQUAL = f"; {EQUAL} where both have the same counts on every note"
_DUEL = f"; wins: notes on which {SIDES[1]} scores higher"
_DUELS = ", a note once for each of its tasks"


def show_differences(first: Run, second: Run, markdown: Path | None = None) -> list[Sheet]:
    """Print what the second run gains on the first; write the same as Markdown; return these tables.

    Raises:
        ItamedError: they did not answer the same notes, or a file cannot be written.
    """
    found = compare(first, second)
    names = {side: f"{side}: {run.label}" for side, run in zip(SIDES, (first, second), strict=True)}
    duels = {each.name: duel(note_scores(first, each.name), note_scores(second, each.name)) for each in found.tasks}
    header = ["", *names.values(), "gain", "p", "detectable", "wins", "ties", "losses"]
    tables: list[Sheet] = []
    for role in ROLES:
        # A mean that is shown is over tasks that both have.
        over = [(each, Series((first,)).over(role, each.name)) for each in found.means[role]]
        rows = [_cells(each, reduce(add, (duels[result.name] for result in results))) for each, results in over]
        tables.append(Sheet(_title(f"Means, {ROLE_NAMES[role]}", found.means[role], _DUEL + _DUELS), header, rows))
    rows = [_cells(each, duels[each.name]) for each in found.tasks]
    tables.append(Sheet(_title("Tasks", found.tasks, _DUEL), header, rows))
    title = "Not compared: tasks that one run alone has answered, and means over them"
    tables.append(Sheet(title, ["task", "answered by"], [[task, names[side]] for task, side in found.apart]))
    tables = filled(tables)
    show_tables(tables, markdown)
    return tables


def _title(name: str, lines: Sequence[Difference], duels: str) -> str:
    return f"{name} ({_NOTE}{_EQUAL if any(each.equal for each in lines) else ''}{duels})"


def _cells(found: Difference, fought: Duel) -> list[str]:
    scores = [percent(found.first), percent(found.second), signed(found.gain, equal=found.equal)]
    chances = [chance_text(found.p), detectable_text(found.mde)]
    return [FAMILY_NAMES.get(found.name, found.name), *scores, *chances, *map(str, astuple(fought))]
