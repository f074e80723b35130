"""How the cells of an experiment are: a table that changes on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

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

_STYLES = {"waiting": "dim", "running": "bold", "done": "green", "failed": "red"}


@contextmanager
def live(console: Console) -> Iterator[Callable[[Sequence[Cell]], None]]:
    """Yield what shows cells as they are."""
    scores: dict[str, str] = {}
    if console.is_terminal:
        with Live(console=console, refresh_per_second=2) as view:
            yield lambda cells: view.update(_table(cells, scores))
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


def _table(cells: Sequence[Cell], scores: dict[str, str]) -> Table:
    done = sum(cell.state == "done" for cell in cells)
    table = Table(title=f"{done} of {len(cells)} cells done", title_justify="left")
    for column in ("cell", "state", "time", "answers, steps or mean score"):
        table.add_column(column, no_wrap=True)
    for cell in cells:
        time = _time(cell.seconds) if cell.seconds else ""
        texts = (cell.what.name, cell.state, time, _result(cell, scores))
        table.add_row(*map(escape, texts), style=_STYLES[cell.state])
    return table


def _result(cell: Cell, scores: dict[str, str]) -> str:
    """Return what there is to say of a cell: how far it is, what it scores, or why it failed."""
    if cell.state == "running":
        return progress(cell.what.folder)
    if cell.state == "done" and isinstance(cell.what, Evaluation):
        if cell.what.name not in scores and (run := cell.what.results()):
            by_role = means(run).by_role
            scores[cell.what.name] = ", ".join(
                f"{role} {percent(by_role[role]['mean'])}" for role in ROLES if by_role[role]
            )
        return scores.get(cell.what.name, "")
    return cell.reason


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
