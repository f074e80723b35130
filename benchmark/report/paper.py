"""Tables for paper: broken into lines, and shared out among several where one is too wide or too high for a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Literal, NamedTuple, TypeAlias

from .sheet import INTERVAL, Sheet

LINE = 345.0
"""Width of a line of text in points: of LaTeX's article class, the narrowest that is common."""
GAP = 6.0
"""Points between two columns."""
_SIZE, _SMALL = 8.0, 7.6
"""Type of text and of intervals, in points; that of intervals has 7, but is as wide as this."""
_LINES = 46
"""Lines of text that leave room for title and note on a page of LaTeX's article class."""
_LIMITS = (22, 13)
"""Characters of a line in a cell: the first with which a table fits, or the last."""
_MINUS = re.compile(r"(?<![\w.])-(?=\d)")
_CODE = re.compile(r"^`(.*)`$")
_NARROW, _WIDE = frozenset(".,:;'|!()[]ijlft"), frozenset("−+<>=%MWmw&")


class Line(NamedTuple):
    """One line in a cell; minus signs are such ones."""

    text: str
    style: Literal["plain", "small", "code"] = "plain"

    @property
    def width(self) -> float:
        """Return about how wide it is, in points; not less."""
        size = _SMALL if self.style == "small" else _SIZE
        return size * sum(0.53 if self.style == "code" else _width(sign) for sign in self.text)


Cell: TypeAlias = list[Line]


class Part(NamedTuple):
    """A table, or the part of one that fits on a page."""

    title: str
    header: list[Cell]
    rows: list[list[Cell]]

    @property
    def width(self) -> float:
        """Return about how wide it is, in points."""
        widths = _widths(self)
        return sum(widths) + GAP * (len(widths) - 1)


def fitted(sheet: Sheet) -> list[Part]:
    """Return a table in parts that fit on a page, one where the whole does; their titles are numbered.

    Columns that belong together (`Sheet.keys`) are not torn apart, and may be too wide after all.
    """
    for limit in _LIMITS:
        whole = _laid(sheet, limit)
        if whole.width <= LINE:
            break
    found = [part for columns in _shares(sheet, whole) for part in _pages(whole, columns)]
    if len(found) == 1:
        return found
    return [part._replace(title=f"{part.title} ({number} of {len(found)})") for number, part in enumerate(found, 1)]


def _laid(sheet: Sheet, limit: int) -> Part:
    rows = [[_cell(text, limit) for text in row] for row in sheet.rows]
    return Part(sheet.title, [_broken(name, _LIMITS[-1]) for name in sheet.header], rows)


def _cell(text: str, limit: int) -> Cell:
    if interval := INTERVAL.match(text):
        value, bounds, rest = (_MINUS.sub("−", part) for part in interval.groups())
        return [Line(value + rest), Line(bounds, "small")]
    if code := _CODE.match(text):
        return [Line(line.text, "code") for line in _broken(code[1], limit)]
    return _broken(_MINUS.sub("−", text), limit)


def _broken(text: str, limit: int) -> Cell:
    # Names have underscores for spaces.
    lines = wrap(text.replace("_", "_ "), limit)
    return [Line(line.replace("_ ", "_")) for line in lines] or [Line("")]


def _width(sign: str) -> float:
    return (
        0.32
        if sign in _NARROW
        else 0.84
        if sign in _WIDE
        else 0.75
        if sign.isupper()
        else 0.36
        if sign == " "
        else 0.54
    )


def _widths(part: Part) -> list[float]:
    return [max(line.width for cell in column for line in cell) for column in zip(part.header, *part.rows, strict=True)]


def _shares(sheet: Sheet, whole: Part) -> Iterator[list[int]]:
    """Yield which columns stand in each table."""
    if not sheet.keys:
        yield list(range(len(sheet.header)))
        return
    widths, keys = _widths(whole), list(range(sheet.keys))
    room = LINE - sum(widths[: sheet.keys]) - GAP * (sheet.keys - 1)
    found: list[int] = []
    for column in range(sheet.keys, len(widths)):
        if found and sum(widths[other] + GAP for other in [*found, column]) > room:
            yield keys + found
            found = []
        found.append(column)
    yield keys + found


def _pages(whole: Part, columns: Sequence[int]) -> Iterator[Part]:
    header, left = [whole.header[column] for column in columns], _LINES
    rows: list[list[Cell]] = []
    for row in whole.rows:
        cells = [row[column] for column in columns]
        height = max(map(len, cells))
        if rows and height > left:
            yield Part(whole.title, header, rows)
            rows, left = [], _LINES
        rows.append(cells)
        left -= height
    yield Part(whole.title, header, rows)
