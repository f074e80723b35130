"""One self-contained HTML page: works offline, from a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from ..files import write_text
from ..version import __version__
from .sheet import Section

_INTERVAL = re.compile(r"^(\S+) (\[[^\]]*\])(.*)$")


def write_page(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write the report page.

    Args:
        path: where to write; replaced as a whole.
        title: heading of the page.
        sections: what it shows.

    Raises:
        ItamedError: the file cannot be written.
    """
    template = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["cell"] = _cell
    write_text(path, environment.from_string(template).render(title=title, sections=sections, version=__version__))


def _cell(text: str) -> Markup:
    """Return a cell's text, an interval in smaller type, a name in backticks as code."""
    if interval := _INTERVAL.match(text):
        value, bounds, rest = map(escape, interval.groups())
        return Markup("{} <span class='ci'>{}</span>{}").format(value, bounds, rest)
    if text.startswith("`") and text.endswith("`") and len(text) > 1:
        return Markup("<code>{}</code>").format(text[1:-1])
    return escape(text)
