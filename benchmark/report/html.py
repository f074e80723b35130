"""One self-contained HTML page: works offline, from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup, escape

from ..files import write_text
from ..pages import environment
from ..version import __version__
from .sheet import INTERVAL, Section


def write_page(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write the report page.

    Args:
        path: where to write; replaced as a whole.
        title: heading of the page.
        sections: what it shows.

    Raises:
        ItamedError: the file cannot be written.
    """
    templates = environment(__package__, "")
    templates.filters["cell"] = _cell
    page = templates.get_template("page.html")
    write_text(path, page.render(title=title, sections=sections, version=__version__))


def _cell(text: str) -> Markup:
    """Return a cell's text, an interval in smaller type, a name in backticks as code."""
    if interval := INTERVAL.match(text):
        value, bounds, rest = map(escape, interval.groups())
        return Markup("{} <span class='ci'>{}</span>{}").format(value, bounds, rest)
    if text.startswith("`") and text.endswith("`") and len(text) > 1:
        return Markup("<code>{}</code>").format(text[1:-1])
    return escape(text)
