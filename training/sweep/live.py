"""How the cells of an experiment are: a table that changes on a terminal, lines elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.means import means
from itamed.benchmark.report.sheet import percent
from itamed.benchmark.suite import ROLES
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from .cells import Evaluation
from .jobs import progress
from .run import Cell

_STYLES = {"waiting": "dim", "queued": "none", "running": "bold", "done": "green", "failed": "red"}
_NEXT = 5
"""Queued and waiting cells that are shown where not all fit."""
_FRAME = 6
"""Lines of a table beside its rows: title, header, three borders, and what it leaves out."""


@contextmanager
def live(console: Console) -> Iterator[Callable[[Sequence[Cell]], None]]:
    """Yield what shows cells as they are.

    While they run, a table is as high as the terminal; the last one, when they have ended, shows all cells.
    """
    scores: dict[str, str] = {}
    if console.is_terminal:
        latest: Sequence[Cell] = ()
        with Live(console=console, refresh_per_second=2) as view:

            def update(cells: Sequence[Cell]) -> None:
                nonlocal latest
                latest = cells
                view.update(_table(cells, _pressing(cells, console.height - _FRAME), scores))

            try:
                yield update
            finally:
                # Not where jobs could not even be prepared.
                if latest:
                    view.update(_table(latest, latest, scores))
        return
    said: dict[str, str] = {}

    def say(cells: Sequence[Cell]) -> None:
        for cell in cells:
            if said.get(cell.what.name) != cell.state:
                said[cell.what.name] = cell.state
                after = f" after {_time(cell.seconds)}" if cell.seconds and cell.state != "running" else ""
                line = f"{cell.state}{after}: {cell.what.name} {_result(cell, scores)}".rstrip()
                console.print(line, soft_wrap=True, markup=False)

    yield say


def _pressing(cells: Sequence[Cell], room: int) -> Sequence[Cell]:
    """Return the cells that are worth their lines: all if they fit, else what runs, what failed and what comes next.

    Args:
        cells: of the experiment.
        room: lines.
    """
    if len(cells) <= room:
        return cells
    by_state = {state: [cell for cell in cells if cell.state == state] for state in _STYLES}
    order = [*by_state["running"], *by_state["failed"], *[*by_state["queued"], *by_state["waiting"]][:_NEXT]]
    return order[: max(room, 1)]


def _table(cells: Sequence[Cell], shown: Sequence[Cell], scores: dict[str, str]) -> Table:
    done = sum(cell.state == "done" for cell in cells)
    table = Table(title=f"{done} of {len(cells)} cells done", title_justify="left", caption_justify="left")
    for column in ("cell", "state", "time", "answers, steps or mean score"):
        table.add_column(column, no_wrap=True)
    for cell in shown:
        time = _time(cell.seconds) if cell.seconds else ""
        texts = (cell.what.name, cell.state, time, _result(cell, scores))
        table.add_row(*map(escape, texts), style=_STYLES[cell.state])
    rest = Counter(cell.state for cell in cells) - Counter(cell.state for cell in shown)
    if rest:
        table.caption = f"and {', '.join(f'{rest[state]} {state}' for state in _STYLES if rest[state])}"
    return table


def _result(cell: Cell, scores: dict[str, str]) -> str:
    """Return what there is to say of a cell: how far it is, what it scores, or why it failed."""
    if cell.state == "running":
        return progress(cell.what.folder)
    if cell.state == "done" and isinstance(cell.what, Evaluation):
        if cell.what.name not in scores:
            scores[cell.what.name] = _scores(cell.what)
        return scores[cell.what.name]
    return cell.reason


def _scores(what: Evaluation) -> str:
    """Return the mean scores of a cell that was done: what has damaged its results since must not end the others."""
    try:
        run = what.results()
        by_role = means(run).by_role if run else {}
    except ItamedError:
        by_role = {}
    shown = (f"{role} {percent(by_role[role]['mean'])}" for role in ROLES if by_role.get(role))
    return ", ".join(shown) or "its results are damaged"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
