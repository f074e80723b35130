"""Notes with their errors on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ..report.sheet import FAMILY_NAMES
from .counts import Tallies
from .describe import given, lines, per_cent, readable
from .items import KINDS, Judged, Kind
from .marks import SYMBOLS, Mark, Segment, Side, cut, marks_of
from .printable import printable
from .read import NoteView, RowView

_STYLES: dict[Kind, str] = {"right": "green", "missed": "yellow", "unparseable": "yellow", "spurious": "red"}
_OTHER = "magenta"
_BRACKETS: dict[Side, tuple[str, str]] = {"gold": ("[", "]"), "both": ("[", "]"), "answer": ("{", "}")}
_AROUND = 70
"""Characters that are kept at both ends of a stretch without marks."""
_RESPONSE = 300
"""Characters of a raw answer that are shown, unless the note is shown in full."""
_LINES = 15
"""Lines of errors of a row that are shown, unless the note is shown in full."""


def show_tallies(console: Console, found: Iterable[Tallies]) -> None:
    """Print the errors by kind: counts, and shares of all errors of a task."""
    for each in found:
        title = f"{FAMILY_NAMES[each.family]}: errors by kind, share of all errors of the task"
        table = Table(title=title, title_justify="left")
        table.add_column("task", overflow="fold")
        for column in ("score", "right", "errors", *each.kinds):
            table.add_column(column, justify="right", overflow="fold")
        for tally in each.tasks:
            shares = (
                f"{tally.kinds[kind]} {100 * tally.share(kind):.0f}\u00a0%" if tally.kinds.get(kind) else "–"
                for kind in each.kinds
            )
            figures = (per_cent(tally.score), str(tally.kinds.get("right", 0)), str(tally.errors))
            table.add_row(*map(_text, (tally.task, *figures, *shares)))
        console.print(table)


def show_legend(console: Console) -> None:
    """Print what the marks mean."""
    signs = ", ".join(f"{SYMBOLS[kind]} {kind}" for kind in KINDS)
    console.print(_text(f"[gold]  {{answer alone}}  {signs}", "dim"))


def show_note(console: Console, view: NoteView, *, full: bool, prompts: bool) -> None:
    """Print a note: its rows with marked text, answer and errors; those without any error only in full.

    Args:
        console: where to print.
        view: the note.
        full: leave nothing out.
        prompts: print the prompts as sent, too.
    """
    title = f"{view.task} · note {view.note} · score {per_cent(view.score)}"
    console.print(Rule(_text(title, "bold"), align="left"))
    shown = [row for row in view.rows if full or any(item.kind != "right" for item in row.items)]
    for row in shown:
        show_row(console, row, full=full, prompts=prompts)
    if len(shown) < len(view.rows):
        console.print(indented(f"{len(view.rows) - len(shown)} more rows of this note have no error."))


def show_row(console: Console, row: RowView, *, full: bool, prompts: bool) -> None:
    """Print a row of a note (see `show_note`)."""
    console.print(_text(f"row {row.row.id} · answer {row.status}", "bold"))
    if prompts:
        block(console, "prompt", _text(readable(row.prompt)))
    block(console, "text", marked(row.row.text, marks_of(row.items), full))
    for line in given(row.row):
        console.print(indented(line))
    show_answer(console, "answer", row, full=full)


def show_answer(console: Console, title: str, row: RowView, *, full: bool) -> None:
    """Print the raw answer to a row and what is wrong with it."""
    rest = len(row.response) - _RESPONSE
    raw = row.response if full or rest <= 0 else f"{row.response[:_RESPONSE]} … ({rest} characters more)"
    block(console, title, _text(raw))
    found = error_lines(row.items)
    shown = found if full else found[:_LINES]
    for line in shown:
        console.print(indented(line))
    if len(shown) < len(found):
        console.print(indented(f"… {len(found) - len(shown)} lines more"))


def error_lines(items: Sequence[Judged]) -> list[Text]:
    """Return one line for all errors that read alike, and one that counts what is right."""
    found = []
    right = sum(item.kind == "right" for item in items)
    if right:
        found.append(_text(f"{SYMBOLS['right']} {right} right", _STYLES["right"]))
    for kind, of_type, gold, answer, times in lines(item for item in items if item.kind != "right"):
        said = [f"gold “{gold}”"] * bool(gold) + [f"answer “{answer}”"] * bool(answer)
        words = [f"{SYMBOLS[kind]} {kind}", *[of_type] * bool(of_type), *said, *[f"{times} times"] * (times > 1)]
        found.append(_text(" · ".join(words), _STYLES.get(kind, _OTHER)))
    return found


def marked(text: str, marks: Iterable[Mark], full: bool) -> Text:
    """Return a text with its marks as brackets, signs and styles; long stretches without any are cut short."""
    found = Text()
    for segment in cut(text, marks):
        for mark in segment.opening:
            found.append(_BRACKETS[mark.side][0], _style(mark))
        style = f"{_style(segment.inside[-1])} underline" if segment.inside else ""
        found.append(printable(segment.text if full else _shortened(segment)), style)
        for mark in segment.closing:
            found.append(f"{_BRACKETS[mark.side][1]}{SYMBOLS[mark.kind]}{printable(mark.type)}", _style(mark))
    return found


def _shortened(segment: Segment) -> str:
    text = segment.text
    short = not segment.inside and len(text) > 3 * _AROUND
    return f"{text[:_AROUND]} […] {text[-_AROUND:]}" if short else text


def _style(mark: Mark) -> str:
    return _STYLES.get(mark.kind, _OTHER)


def block(console: Console, title: str, content: Text) -> None:
    """Print a text under a title of its own."""
    console.print(Padding(Text.assemble((f"{title}: ", "dim"), content), (0, 0, 0, 2)))


def indented(line: str | Text) -> Padding:
    """Return a line that belongs to what stands above it."""
    return Padding(_text(line) if isinstance(line, str) else line, (0, 0, 0, 4))


def _text(text: str, style: str = "") -> Text:
    return Text(printable(text), style)
