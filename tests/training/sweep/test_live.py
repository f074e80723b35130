"""What a terminal shows while cells run."""

import io
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

from itamed.training.sweep.live import live
from itamed.training.sweep.matrix import Method
from itamed.training.sweep.run import Cell
from rich.console import Console

from .conftest import RUNS, damage, finish


@dataclass(frozen=True)
class Named:
    """A cell that is nothing but its name."""

    name: str
    folder: Path = Path("/no/such")


def cells(**states):
    """Return cells of some states, as many as asked for, in the order of the states' names."""
    return [Cell(Named(f"{state} {n}"), state) for state, count in states.items() for n in range(count)]


def screens(made, height=24):
    """Return the lines that a terminal shows of a table while cells run, and when all has ended."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, height=height, color_system=None)
    with live(console) as view:
        before = file.tell()
        view(made)
        # It is drawn twice a second.
        while file.tell() == before:
            time.sleep(0.05)
        running = file.getvalue()[before:]
    after = file.getvalue()[before + len(running) :]
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text).splitlines() for text in (running, after)]


def names(lines):
    """Return the cells in some lines, in order."""
    return [found[1] for line in lines if (found := re.match(r"│ (\w+ \d+) ", line))]


def test_what_runs_and_what_failed_is_seen_whatever_the_number_of_cells():
    made = cells(done=40, waiting=80, running=4, failed=2)
    during, after = screens(made)
    assert len(during) <= 24 and "..." not in " ".join(during)
    assert names(during) == [*(f"running {n}" for n in range(4)), "failed 0", "failed 1"] + [
        f"waiting {n}" for n in range(5)
    ]
    said = " ".join(during)
    assert "40 of 126 cells done" in said and "and 75 waiting, 40 done" in said
    assert names(after) == [cell.what.name for cell in made], "at the end all, in their order"


def test_more_failures_than_lines_hide_nothing_that_runs():
    during, _ = screens(cells(failed=120, running=6))
    assert names(during) == [*(f"running {n}" for n in range(6)), *(f"failed {n}" for n in range(12))]
    assert "and 108 failed" in " ".join(during) and len(during) <= 24


def test_few_cells_are_shown_in_their_order():
    made = cells(done=3, waiting=2, running=1)
    during, _ = screens(made)
    assert names(during) == [cell.what.name for cell in made] and "and " not in " ".join(during)


def test_answers_that_were_damaged_since_end_nothing(asked, monkeypatch):
    finish(asked, *RUNS)
    whole = asked[0].results()
    damage(asked[0])
    late = replace(asked[0], seed=1, method=Method(1, constrained=False))
    # Between the look at its results and that at its answers.
    monkeypatch.setitem(vars(late), "results", lambda: whole)
    file = io.StringIO()
    with live(Console(file=file, width=80)) as view:
        view([Cell(asked[0], "done"), Cell(late, "done"), Cell(asked[1], "done")])
    first, second, third = file.getvalue().splitlines()
    assert first == f"done: {asked[0].name} its results are damaged"
    assert second == f"done: {late.name} its results are damaged"
    assert third.startswith(f"done: {asked[1].name} id ")


def test_what_is_queued_is_what_comes_next():
    during, _ = screens(cells(waiting=40, running=2, queued=30))
    assert names(during) == [*(f"running {n}" for n in range(2)), *(f"queued {n}" for n in range(5))]
    assert "and 40 waiting, 25 queued" in " ".join(during)
