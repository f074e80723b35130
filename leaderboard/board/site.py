"""The static site of a store: pages, downloads and what they need, the same bytes for the same store."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.pages import environment
from itamed.benchmark.report.published import published_table
from itamed.benchmark.report.sheet import FAMILY_NAMES, ROLE_NAMES
from itamed.benchmark.suite import ROLES, suite, task_of

from .columns import BOARD, board_rows, filters, task_columns, task_rows
from .downloads import write_downloads
from .entry import Span
from .frontend import assets
from .listing import Row, boards
from .pairs import mode_pairs
from .ranks import Rank
from .store import read_store

FOLDERS = ("assets", "data", "entries", "suites", "tasks")
"""What is made anew each time; nothing else in the folder is touched but the files of `space`."""
SPACE = ("README.md", "app.py", "requirements.txt")
_MARK = Path("data", "entries.json")


def build(store: Path, site: Path) -> int:
    """Build the site of a store; returns the number of entries.

    Args:
        store: see `store`.
        site: where to write, may be the checkout of a Space; its folders of `FOLDERS` are replaced.

    Raises:
        ItamedError: the store is none or damaged, `site` holds something else, or cannot be written.
    """
    found = boards(read_store(store))
    if not found:
        raise ItamedError(f"{store} has no entry yet: accept a bundle first (itamed board accept).")
    made = assets()
    _clear(site)
    for name, text in made.items():
        write_text(site / "assets" / name, text)
    pages = _Pages(site, list(found))
    rows = [row for board in found.values() for row in board]
    (site / "data").mkdir(parents=True, exist_ok=True)
    write_downloads(site / "data", rows)
    for row in rows:
        pages.write("entry.html", f"entries/{row.stored.key}.html", row.name, row=row, roles=ROLES)
    for version, board in found.items():
        _tasks(pages, version, board)
        _board(pages, version, board)
    for name in SPACE:
        write_text(site / name, files(__package__).joinpath("space", name).read_text(encoding="utf-8"))
    return len(rows)


class _Pages:
    """Writes pages of templates into a site."""

    def __init__(self, site: Path, versions: Sequence[str]) -> None:
        self.site = site
        self.common: dict[str, Any] = {"versions": versions, "families": FAMILY_NAMES, "role_names": ROLE_NAMES}
        self.environment = environment(__package__)
        self.environment.filters |= {
            "interval": _interval,
            "percent": _percent,
            "metrics": _metrics,
            "places": Rank.shown,
            "task": task_of,
        }
        self.environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}

    def write(self, template: str, name: str, title: str, **values: Any) -> None:
        """Write a page; `name` is its place in the site."""
        root = "../" * name.count("/")
        text = self.environment.get_template(template).render(self.common | {"title": title, "root": root} | values)
        write_text(self.site / name, text)


def _board(pages: _Pages, version: str, board: Sequence[Row]) -> None:
    rows = board_rows(board)
    values = {
        "version": version,
        "filters": filters(rows),
        "tasks": _task_names(board),
        "ranked": {role: _ranked(board, role) for role in ROLES},
        "published": published_table(),
        "table": {
            "columns": [column._asdict() for column in BOARD],
            "rows": rows,
            "families": FAMILY_NAMES,
            "pairs": mode_pairs(board),
        },
    }
    pages.write("board.html", f"suites/{version}.html", f"Suite {version}", **values)
    if version == pages.common["versions"][0]:
        pages.write("board.html", "index.html", "Leaderboard", **values)


def _tasks(pages: _Pages, version: str, board: Sequence[Row]) -> None:
    for name in _task_names(board):
        rows = [row for row in board if name in row.stored.entry.tasks]
        columns = [column._asdict() for column in task_columns(name, rows)]
        listed = task_rows(name, rows)
        values = {
            "version": version,
            "task": task_of(name),
            "filters": filters(listed),
            "table": {"columns": columns, "rows": listed, "families": FAMILY_NAMES},
        }
        pages.write("task.html", f"tasks/{version}/{name}.html", name, **values)


def _task_names(board: Sequence[Row]) -> list[str]:
    """Return the tasks that any entry has, in the order of the suite."""
    names = {name for row in board for name in row.stored.entry.tasks}
    order = list(suite())
    return sorted(names, key=lambda name: order.index(task_of(name).name))


def _ranked(board: Sequence[Row], role: str) -> list[str]:
    """Return the tasks that the ranked means of a role are over."""
    return next((row.stored.entry.roles[role].tasks for row in board if role in row.ranks), [])


def _clear(site: Path) -> None:
    """Empty the folders of a site that was built before.

    Raises:
        ItamedError: there are such folders, and they are not those of a site.
    """
    there = [site / name for name in FOLDERS if (site / name).exists()]
    if there and not (site / _MARK).is_file():
        raise ItamedError(f"{there[0]} is not of a board that was built here: choose another folder for --site.")
    for folder in there:
        shutil.rmtree(folder)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _metrics(found: Mapping[str, Span]) -> str:
    """Return all metrics of a task on one line: in a template they would take most of the time of a build."""
    return "; ".join(f"{name} {_percent(span[0])} ({_interval(span)})" for name, span in found.items())


def _interval(span: Span) -> str:
    """Return an interval in per cent, "55.0–61.2"."""
    return f"{_percent(span[1])}–{_percent(span[2])}"
