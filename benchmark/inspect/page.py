"""Self-contained pages of notes: they work offline, from a file, and without scripts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment

from ..decoding.answer import STATUSES
from ..files import write_text
from ..pages import environment
from ..report.run import Run
from ..report.sheet import FAMILY_NAMES, Sheet
from ..sources.source import Source
from ..version import __version__
from .counts import Tallies
from .describe import given, lines, per_cent, readable, shared_beginning
from .items import KINDS, Judged
from .licence import closed, sources_of
from .marks import SYMBOLS, Segment, cut, gold_marks, marks_of
from .printable import printable
from .read import NoteView, RowView


@dataclass(frozen=True)
class Section:
    """A task of a page: the notes shown, out of how many; `hidden` keeps all of their texts out.

    `beginning` is what all prompts of these notes begin with, where they are shown.
    """

    name: str
    shown: Sequence[Any]
    total: int
    sources: Sequence[Source]
    closed: bool
    hidden: bool
    beginning: str = ""


def section(name: str, views: Sequence[Any], limit: int, with_text: bool) -> Section:
    """Return a task's section, with at most `limit` of its notes.

    Args:
        name: the task's name in its run.
        views: its notes, in the order to be shown.
        limit: how many to show.
        with_text: show texts even if their licence forbids to give copies away.
    """
    shut = closed(name)
    return Section(name, views[:limit], len(views), sources_of(name), shut, shut and not with_text)


def write_inspection(
    path: Path, run: Run, found: Iterable[Tallies], views: Mapping[str, Sequence[NoteView]], limit: int, with_text: bool
) -> None:
    """Write the page of one run.

    Args:
        path: where to write; replaced as a whole.
        run: the run.
        found: its errors by kind.
        views: its notes by task, the worst first.
        limit: how many notes a task to show.
        with_text: see `section`.

    Raises:
        ItamedError: the page cannot be written.
    """
    sections = [section(name, held, limit, with_text) for name, held in views.items()]
    write_page(
        path,
        "inspect.html",
        [each if each.hidden else replace(each, beginning=_beginning(each.shown)) for each in sections],
        title=f"itamed: {run.label}, note by note",
        order=", the worst first",
        run=run,
        tables=[_tally_table(each) for each in found],
        with_text=with_text,
    )


def write_page(
    path: Path,
    template: str,
    sections: Sequence[Section],
    filters: Collection[tuple[str, str, Sequence[str]]] = (),
    **values: Any,
) -> None:
    """Fill a template of this package and write it.

    Args:
        path: where to write; replaced as a whole.
        template: its file name.
        sections: the tasks to show.
        filters: more choices of the reader: name of the notes' data attribute, label, values.
        **values: what the template needs besides.

    Raises:
        ItamedError: the page cannot be written.
    """
    choices = [
        ("task", "Task", [each.name for each in sections]),
        ("kinds", "Error", [kind for kind in KINDS if kind != "right"]),
        ("status", "Answer", STATUSES),
        *filters,
    ]
    page = _environment().get_template(template)
    write_text(path, page.render(sections=sections, filters=choices, version=__version__, **values))


def _environment() -> Environment:
    found = environment(__package__, finalize=lambda value: printable(value) if isinstance(value, str) else value)
    found.globals |= {"kinds": KINDS, "signs": SYMBOLS}
    found.filters |= {
        "slug": lambda kind: kind.replace(" ", "-"),
        "segments": _segments,
        "gold_segments": lambda row: cut(row.row.text, gold_marks(row.items)),
        "answer_segments": lambda row: cut(row.row.text, marks_of(row.items, ("answer", "both"))),
        "gold_alone": _gold_alone,
        "given": given,
        "lines": lines,
        "per_cent": per_cent,
        "readable": readable,
    }
    return found


def _beginning(views: Iterable[NoteView]) -> str:
    return shared_beginning([readable(row.prompt) for view in views for row in view.rows])


def _segments(row: RowView) -> list[Segment]:
    return cut(row.row.text, marks_of(row.items))


def _gold_alone(items: Iterable[Judged]) -> list[Judged]:
    return [replace(item, kind="right", answer=None) for item in items if item.gold]


def _tally_table(found: Tallies) -> Sheet:
    rows = [
        [tally.task, per_cent(tally.score), str(tally.kinds.get("right", 0)), str(tally.errors)]
        + [f"{tally.kinds.get(kind, 0)} ({100 * tally.share(kind):.0f} %)" for kind in found.kinds]
        for tally in found.tasks
    ]
    header = ["task", "score", "right", "errors", *found.kinds]
    return Sheet(f"{FAMILY_NAMES[found.family]}: errors by kind", header, rows)
