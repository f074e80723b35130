"""Reports and tables as Markdown, for documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .sheet import Section, Sheet


def markdown(sections: Iterable[Section]) -> str:
    """Return a report's tables with their titles; pictures are left out."""
    return "\n".join(_section(section) for section in sections if section.sheets or section.text)


def _section(section: Section) -> str:
    said = [f"{section.text}\n"] if section.text else []
    return "\n".join([f"## {section.heading}\n", *said, sheets(section.sheets)])


def sheets(tables: Iterable[Sheet]) -> str:
    """Return tables, each under its title."""
    return "\n".join(f"{sheet.title}:\n\n{table(sheet.header, sheet.rows)}" for sheet in tables)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"
