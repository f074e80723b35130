"""The static site of a store: pages, downloads and what they need, the same bytes for the same store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeAlias

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.pages import environment
from itamed.benchmark.report.published import published_table
from itamed.benchmark.report.sheet import FAMILY_NAMES, ROLE_NAMES
from itamed.benchmark.suite import ROLES, own_name
from markupsafe import Markup, escape

from ..known import Facts, facts_of, tasks_of
from .cells import SIGNS, cell, score
from .columns import Column, board_columns, board_rows, filters, means, task_columns, task_rows
from .command import commands
from .dictionary import ENTRY_COLUMNS, SCORE_COLUMNS
from .downloads import KINDS, write_downloads
from .entry import BADGE_MEANINGS, Span, TaskScore
from .fetching import base_of
from .frontend import assets
from .listing import Row, boards
from .openness import OPEN
from .pairs import mode_pairs
from .ranks import Rank
from .replacing import replaced
from .scored import ranked_tasks
from .store import BUNDLE, Stored, place_of, read_store
from .telling import told_apart
from .types import type_columns, type_file, type_rows, types_of

SPACE = ("README.md", "app.py", "requirements.txt")
Space: TypeAlias = Literal["static", "gradio"]
"""How a Hugging Face Space shows the site: its files as they are, or by `app.py`."""
SPACES: Mapping[Space, str] = {"static": "index.html", "gradio": "app.py"}
"""The file that a Space of each kind begins with."""
_DESCRIBED = (("entries", "an entry", ENTRY_COLUMNS), ("scores", "a metric of a task of an entry", SCORE_COLUMNS))


def build(
    store: Path, site: Path, space: Space = "static", results: str = "", *, entries: Sequence[Stored] | None = None
) -> int:
    """Build the site of a store; returns the number of entries.

    Args:
        store: see `store`.
        site: where to write, may be the checkout of a Space, see `replaced`.
        space: what README.md says of the Space.
        results: where readers find the store, see `base_of`.
        entries: of the store, where they were read before.

    Raises:
        ItamedError: `results` is no address; the store is none or damaged, or has an entry of a suite that is not
            known here; `site` holds something else, or cannot be written.
    """
    base, found = base_of(results), boards(read_store(store) if entries is None else entries)
    if not found:
        raise ItamedError(f"{store} has no entry yet: accept a bundle first (itamed board accept).")
    rows = [row for board in found.values() for row in board]
    with replaced(site) as new:
        for name, text in assets().items():
            write_text(new / "assets" / name, text)
        (new / "data").mkdir()
        write_downloads(new / "data", rows)
        _pages(_Pages(new, found), found, base)
        for name in SPACE:
            text = files(__package__).joinpath("space", name).read_text(encoding="utf-8")
            write_text(new / name, text.replace("{sdk}", space).replace("{app_file}", SPACES[space]))
    return len(rows)


def _pages(pages: _Pages, boards: Mapping[str, Sequence[Row]], base: str) -> None:
    """Write all pages; `base` is the address of the store, or ""."""
    pages.write("columns.html", "data/columns.html", "Columns of the downloads", described=_DESCRIBED, kinds=KINDS)
    for version, board in boards.items():
        for row in board:
            _entry(pages, row, base)
        tasks = _task_facts(version, board)
        shown = _Board(version, board, told_apart(board), tasks, types_of(tasks, board))
        _tasks(pages, shown)
        _types(pages, shown)
        _board(pages, shown)


class _Pages:
    """Writes pages of templates into a site."""

    def __init__(self, site: Path, boards: Mapping[str, Sequence[Row]]) -> None:
        self.site = site
        self.ranked = {
            version: {role: _ranked(board, version, role) for role in ROLES} for version, board in boards.items()
        }
        self.called = {version: means(ranked) for version, ranked in self.ranked.items()}
        self.common: dict[str, Any] = {
            "versions": list(boards),
            "families": FAMILY_NAMES,
            "role_names": ROLE_NAMES,
            "badges": BADGE_MEANINGS,
            "signs": SIGNS,
            "called": self.called,
            "open_licences": ", ".join(sorted(OPEN)),
        }
        self.environment = environment(__package__)
        self.environment.filters |= {
            "score": score,
            "number": _number,
            "task_lines": _task_lines,
            "places": Rank.shown,
        }
        self.environment.globals["cell"] = cell
        self.environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}

    def write(self, template: str, name: str, title: str, **values: Any) -> None:
        """Write a page; `name` is its place in the site."""
        root = "../" * name.count("/")
        text = self.environment.get_template(template).render(self.common | {"title": title, "root": root} | values)
        write_text(self.site / name, text)


@dataclass(frozen=True)
class _Board:
    """A suite version: its rows, what tells them apart, its tasks, and its types with their tasks."""

    version: str
    rows: Sequence[Row]
    told: Mapping[str, str]
    tasks: Mapping[str, Facts]
    types: Mapping[str, Sequence[str]]


def _entry(pages: _Pages, row: Row, base: str) -> None:
    place = f"{place_of(row.stored.entry)}/{BUNDLE}"
    values = {"row": row, "roles": ROLES, "place": place, "address": base and f"{base}{place}"}
    again = commands(row.stored.entry)
    pages.write("entry.html", f"entries/{row.stored.key}.html", row.name, again=again, **values)


def _board(pages: _Pages, board: _Board) -> None:
    rows, called = board_rows(board.rows, board.told), pages.called[board.version]
    values = {
        "version": board.version,
        "tasks": board.tasks,
        "types": {label: type_file(label) for label in board.types},
        "ranked": pages.ranked[board.version],
        "published": published_table(),
        **_table(board_columns(called), rows, means=called, pairs=mode_pairs(board.rows)),
    }
    pages.write("board.html", f"suites/{board.version}.html", f"Suite {board.version}", **values)
    if board.version == pages.common["versions"][0]:
        pages.write("board.html", "index.html", "Leaderboard", **values)


def _tasks(pages: _Pages, board: _Board) -> None:
    for name, task in board.tasks.items():
        rows = [row for row in board.rows if name in row.stored.entry.tasks]
        values = {
            "version": board.version,
            "task": task,
            "types": {label: type_file(label) for label, tasks in board.types.items() if name in tasks},
            **_table(task_columns(name, rows), task_rows(name, task.role, rows, board.told)),
        }
        pages.write("task.html", f"tasks/{board.version}/{name}.html", name, **values)


def _types(pages: _Pages, board: _Board) -> None:
    for label, names in board.types.items():
        tasks = {name: board.tasks[name] for name in names}
        values = {
            "version": board.version,
            "tasks": names,
            "meanings": {task.labels[label]: None for task in tasks.values() if label in task.labels},
            **_table(type_columns(tasks), type_rows(label, names, board.rows, board.told)),
        }
        pages.write("type.html", f"types/{board.version}/{type_file(label)}", label, **values)


def _table(columns: Sequence[Column], rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return what a page needs of its table: the filters, and what scripts draw."""
    table = {"columns": [column._asdict() for column in columns], "rows": rows, "families": FAMILY_NAMES} | more
    return {"filters": filters(rows), "columns": columns, "table": table}


def _task_facts(version: str, board: Sequence[Row]) -> dict[str, Facts]:
    """Return the tasks that any entry has, as that suite had them and in its order."""
    found = {name: facts_of(name, version) for row in board for name in row.stored.entry.tasks}
    order = list(tasks_of(version))
    return dict(sorted(found.items(), key=lambda each: order.index(own_name(each[0]))))


def _ranked(board: Sequence[Row], version: str, role: str) -> dict[str, str]:
    """Return the tasks that the means of a role are over, with their families; without ranked rows those to be."""
    tasks = (row.stored.entry.roles[role].tasks for row in board if role in row.ranks)
    ranked = next(tasks, None)
    return ranked_tasks(version, role) if ranked is None else {name: facts_of(name, version).family for name in ranked}


# In a template the following would take most of the time of a build.
def _number(value: int | None) -> str:
    return f"{value:,}" if value is not None else "an unknown number"


def _task_lines(tasks: Mapping[str, TaskScore], place: str) -> Markup:
    """Return the lines of an entry's table of tasks, whose pages are at `place`."""
    return Markup("\n").join(
        Markup(
            f'<tr><th scope="row"><a href="{escape(place)}{escape(name)}.html">{escape(name)}</a></th>'
            f"<td>{task.notes}</td><td>{task.gold}</td>"
            f"<td>{score(task.metrics['score'])}</td><td>{score(task.strict)}</td>"
            f'<td class="text"><details><summary>{len(task.metrics)}</summary>{escape(_metrics(task.metrics))}'
            "</details></td></tr>"
        )
        for name, task in tasks.items()
    )


def _metrics(found: Mapping[str, Span]) -> str:
    """Return all metrics of a task on one line."""
    return "; ".join(
        f"{name} {100 * value:.1f} ({100 * low:.1f}–{100 * high:.1f})" for name, (value, low, high) in found.items()
    )
