"""Two runs on the same notes: where their scores differ, and how the answers do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from ..decoding.answer import Status
from ..report.notes import note_scores
from ..report.run import Run
from ..report.sheet import Sheet
from ..report.show import wide_console
from .describe import given, per_cent
from .items import Kind
from .marks import gold_marks, marks_of
from .page import section, write_page
from .printable import printable
from .read import NoteView, RedactedError, RowView, read_notes
from .terminal import block, indented, marked, show_answer, show_legend

_ROWS = 2
"""Rows of a note that the terminal shows."""


@dataclass(frozen=True)
class Contrast:
    """A note that two runs answered otherwise."""

    first: NoteView
    second: NoteView

    @property
    def gain(self) -> float:
        """Return the score of the second run less that of the first."""
        return self.second.score - self.first.score

    @property
    def rows(self) -> list[tuple[RowView, RowView]]:
        """Return the rows whose judged items differ, the largest difference in errors first."""
        theirs = {row.row.id: row for row in self.second.rows}
        pairs = [(row, theirs[row.row.id]) for row in self.first.rows if row.row.id in theirs]
        differing = [pair for pair in pairs if pair[0].items != pair[1].items]
        return sorted(differing, key=lambda pair: -abs(_errors(pair[0]) - _errors(pair[1])))

    @property
    def alike(self) -> int:
        """Return how many rows have the same items in both runs."""
        return len(self.first.rows) - len(self.rows)

    @property
    def kinds(self) -> Counter[Kind]:
        """Return how many items of each kind there are in both runs."""
        return self.first.kinds + self.second.kinds

    @property
    def statuses(self) -> Counter[Status]:
        """Return how many answers of each form there are in both runs."""
        return self.first.statuses + self.second.statuses


def _errors(row: RowView) -> int:
    return sum(item.kind != "right" for item in row.items)


def contrasts(first: Run, second: Run) -> dict[str, list[Contrast]]:
    """Return by task the notes whose judged items differ, those with the largest differences in score first.

    Of equal differences, the one of the note with more items comes first: two runs that both find nothing may differ
    in all that they say.

    Raises:
        ItamedError: answers are damaged, or a run is a copy without texts.
    """
    found = {}
    names = {result.name for result in second.tasks}
    for name in (result.name for result in first.tasks if result.name in names):
        common = set(note_scores(first, name)) & set(note_scores(second, name))
        views = [{view.note: view for view in read_notes(run, name, common)} for run in (first, second)]
        pairs = (Contrast(view, views[1][note]) for note, view in views[0].items())
        differing = [pair for pair in pairs if pair.rows]
        found[name] = sorted(differing, key=lambda each: (-abs(each.gain), -each.kinds.total(), each.first.note))
    return found


def show_contrasts(
    runs: tuple[Run, Run],
    tables: Sequence[Sheet],
    *,
    notes: int,
    html: Path | None = None,
    with_text: bool = False,
) -> None:
    """Print the notes on which two runs differ most, each task in turn; or write them as a page.

    Args:
        runs: the two runs.
        tables: what stands at the head of the page.
        notes: how many notes to print, or of each task in the page.
        html: where to write a page, if anywhere.
        with_text: put texts into the page whose licence forbids to give copies away.

    Raises:
        ItamedError: answers are damaged, or the page cannot be written.
    """
    console, notice = wide_console(), ""
    try:
        found = contrasts(*runs) if notes else {}
    except RedactedError as error:
        found, notice = {}, f"Notes on which they differ cannot be shown. {error}"
    if html:
        sections = [section(name, held, notes, with_text) for name, held in found.items() if held]
        write_page(
            html,
            "compare.html",
            sections,
            [("better", "Better", ("A", "B", "neither"))],
            title="itamed: two runs on the same notes",
            order=" with different answers, the largest differences in score first",
            labels=[run.label for run in runs],
            notice=notice,
            tables=tables,
            with_text=with_text,
        )
        console.print(f"Page: {html.resolve().as_uri()}", soft_wrap=True, markup=False)
    elif notice:
        console.print(notice, soft_wrap=True, markup=False)
    elif notes:
        _print(console, found, notes)


def _print(console: Console, found: Mapping[str, Sequence[Contrast]], notes: int) -> None:
    turns = [(place, each) for held in found.values() for place, each in enumerate(held)]
    show_legend(console)
    for _, each in sorted(turns, key=lambda turn: (turn[0], -abs(turn[1].gain)))[:notes]:
        scores = f"A {per_cent(each.first.score)}, B {per_cent(each.second.score)}"
        title = f"{each.first.task} · note {each.first.note} · {scores}"
        console.print(Rule(Text(printable(title), "bold"), align="left"))
        for pair in each.rows[:_ROWS]:
            _print_row(console, *pair)
        if len(each.rows) > _ROWS:
            console.print(indented(f"{len(each.rows) - _ROWS} more rows of this note differ."))


def _print_row(console: Console, first: RowView, second: RowView) -> None:
    console.print(Text(printable(f"row {first.row.id}"), "bold"))
    block(console, "gold", marked(first.row.text, gold_marks(first.items), full=False))
    for line in given(first.row):
        console.print(indented(line))
    for name, row in (("A", first), ("B", second)):
        if marks := marks_of(row.items, ("answer", "both")):
            block(console, f"{name} marked", marked(row.row.text, marks, full=False))
        show_answer(console, f"{name}, {row.status}", row, full=False)
