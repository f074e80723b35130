"""Write a report in the formats that were asked for, and tell what was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..files import write_bytes, write_text
from .html import write_page
from .latex import latex
from .markdown import markdown
from .series import Series
from .sheet import Section
from .tidy import tidy


@dataclass(frozen=True)
class Outputs:
    """Files that a report is written to; `figures` is a folder that gets each picture as SVG and as PDF."""

    html: Path | None = None
    markdown: Path | None = None
    latex: Path | None = None
    csv: Path | None = None
    figures: Path | None = None

    def folders(self) -> list[Path]:
        """Return the folders of these files, each once."""
        files = (self.html, self.markdown, self.latex, self.csv)
        return list(
            dict.fromkeys([*(file.parent for file in files if file), *([self.figures] if self.figures else [])])
        )


NO_FILES = Outputs()


def write(series: Sequence[Series], sections: Sequence[Section], base: Series | None, outputs: Outputs) -> list[str]:
    """Write a report; return a line for each thing that was written, and each folder that was made for it.

    Args:
        series: the lines of the report.
        sections: its parts.
        base: the one that gains are told on, if any.
        outputs: what to write.

    Raises:
        ItamedError: a file cannot be written.
    """
    said = [f"Made the folder {folder}" for folder in outputs.folders() if not folder.exists()]
    if outputs.markdown:
        write_text(outputs.markdown, markdown(sections))
        said.append(f"Markdown: {outputs.markdown}")
    if outputs.latex:
        write_text(outputs.latex, latex(sections))
        said.append(f"LaTeX: {outputs.latex}")
    if outputs.csv:
        write_text(outputs.csv, tidy(series, base))
        said.append(f"CSV: {outputs.csv}")
    if outputs.figures:
        figures = [figure for section in sections for figure in section.figures]
        for caption, picture in figures:
            name = re.sub(r"\W+", "-", caption.lower()).strip("-")
            write_text(outputs.figures / f"{name}.svg", picture.svg + "\n")
            write_bytes(outputs.figures / f"{name}.pdf", picture.pdf)
        said.append(f"Figures: {outputs.figures}, {len(figures)} as SVG and PDF")
    if outputs.html:
        runs = sum(len(each.runs) for each in series)
        title = f"itamed: Italian medical NLP, {runs} run{'s' if runs > 1 else ''}"
        write_page(outputs.html, title, sections)
        said.append(f"Report: {outputs.html.resolve().as_uri()}")
    return said
