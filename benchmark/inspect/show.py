"""Browse one run: errors by kind, and the worst notes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import ItamedError
from ..report.run import Run
from ..report.show import wide_console
from .counts import tallies
from .page import write_inspection
from .read import NoteView, read_notes
from .terminal import show_legend, show_note, show_tallies

_NOTES = 1
_NOTES_OF_A_PAGE = 20


def show_inspection(
    run: Run,
    *,
    tasks: Sequence[str] = (),
    note: str | None = None,
    notes: int | None = None,
    prompts: bool = False,
    html: Path | None = None,
    with_text: bool = False,
) -> None:
    """Print the errors of a run by kind, then its worst notes; or write these as a page.

    Args:
        run: a run with its samples.
        tasks: names of tasks of the run; all of them if empty.
        note: show this note alone, in full and with its prompts.
        notes: at most so many notes a task.
        prompts: print prompts as sent, too.
        html: where to write a page, if anywhere; it always holds the prompts that it may hold.
        with_text: put texts into the page whose licence forbids to give copies away.

    Raises:
        ItamedError: a task or note is not there, the answers were not kept, or the page cannot be written.
    """
    views = {name: read_notes(run, name) for name in _chosen(run, tasks)}
    chosen = views if note is None else _of_note(run, views, note)
    found = tallies(run, views)
    console = wide_console()
    show_tallies(console, found)
    if html:
        write_inspection(html, run, found, chosen, _NOTES_OF_A_PAGE if notes is None else notes, with_text)
        console.print(f"Page: {html.resolve().as_uri()}", soft_wrap=True, markup=False)
        return
    show_legend(console)
    for held in chosen.values():
        for view in held[: _NOTES if notes is None else notes]:
            show_note(console, view, full=note is not None, prompts=prompts or note is not None)


def _chosen(run: Run, tasks: Sequence[str]) -> list[str]:
    names = [result.name for result in run.tasks]
    if unknown := [task for task in tasks if task not in names]:
        raise ItamedError(f"The run has no task {', '.join(unknown)}. Its tasks are: {', '.join(names)}.")
    return [name for name in names if not tasks or name in tasks]


def _of_note(run: Run, views: dict[str, list[NoteView]], note: str) -> dict[str, list[NoteView]]:
    found = {name: [view for view in held if view.note == note] for name, held in views.items()}
    found = {name: held for name, held in found.items() if held}
    if not found:
        some = ", ".join(f"{held[0].note} ({name})" for name, held in list(views.items())[:5])
        raise ItamedError(f"{run.path} has no note {note} in these tasks. The worst notes of some are: {some}.")
    return found
