"""Pictures that are drawn when somebody asks for them, as SVG for pages and as PDF for papers."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Fixed ids and no date: the same results give the same file. Fonts of a PDF are embedded as TrueType (42), which
# publishers ask for; an SVG has those of its reader.
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "itamed",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": "sans-serif",
}


@dataclass(frozen=True)
class Picture:
    """A picture, and how it is drawn: once, whatever formats are asked for."""

    draw: Callable[[], Figure]

    @cached_property
    def svg(self) -> str:
        """Return the `svg` element, for a page or a file of its own."""
        text = drawn(self._figure)
        return text[text.index("<svg") :]

    @cached_property
    def pdf(self) -> bytes:
        """Return a PDF file of one page, as large as the picture, with its fonts."""
        return _saved(self._figure, "pdf", {"CreationDate": None})

    @cached_property
    def _figure(self) -> Figure:
        import matplotlib as mpl

        # Legends are measured with the letters that they are saved with.
        with mpl.rc_context(_SETTINGS):
            return self.draw()


def drawn(figure: Figure) -> str:
    """Return a figure as the text of an SVG file."""
    return _saved(figure, "svg", {"Date": None}).decode()


def _saved(figure: Figure, kind: str, metadata: Mapping[str, Any]) -> bytes:
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context(_SETTINGS):
        figure.savefig(buffer, format=kind, metadata=metadata)
    return buffer.getvalue()
