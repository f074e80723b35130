"""Inline annotation: `[text|label]`, nested at will, so that nobody writes offsets by hand.

A mark may carry a note after a colon, `[text|label:note]`: what a result pertains to
(`[41 mg/dl|risultato:urea]`), or the handle by which relations name an argument component. Square
brackets and bars are kept for the markup. A line break ends a passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..errors import SchemaError

_TOKEN = re.compile(r"\[|\|(?P<label>[^\[\]|:]*)(?::(?P<note>[^\[\]|]*))?\]|[^\[\]|]+|.", re.DOTALL)


@dataclass(frozen=True)
class Mark:
    """One annotated stretch of `Marked.text`, end exclusive; `note` is empty if none was given."""

    start: int
    end: int
    label: str
    note: str = ""


@dataclass(frozen=True)
class Marked:
    """A text without its markup, and its marks in the order (start, end, label)."""

    text: str
    marks: tuple[Mark, ...]

    def passages(self) -> Iterator[tuple[int, Marked]]:
        """Yield each line as (offset in this text, line with its own marks)."""
        for line in re.finditer(r"[^\n]+", self.text):
            begin, end = line.span()
            inside = (mark for mark in self.marks if begin <= mark.start and mark.end <= end)
            shifted = (replace(mark, start=mark.start - begin, end=mark.end - begin) for mark in inside)
            yield begin, Marked(line[0], tuple(shifted))


def read_marked(source: str) -> Marked:
    """Read a text with inline annotation.

    Raises:
        SchemaError: a bracket is not closed, or a bracket or a bar stands alone.
    """
    text, open_at, marks = "", [], []
    for token in _TOKEN.finditer(source):
        if token[0] == "[":
            open_at.append(len(text))
        elif token["label"] is not None and open_at:
            marks.append(Mark(open_at.pop(), len(text), token["label"], token["note"] or ""))
        elif token[0] in "]|" or token["label"] is not None:
            raise SchemaError(f"Stray {token[0]!r} after {text[-30:]!r}: write spans as [text|label].")
        else:
            text += token[0]
    if open_at:
        raise SchemaError(f"Bracket not closed at {text[open_at[-1] :][:30]!r}: write spans as [text|label].")
    return Marked(text, tuple(sorted(marks, key=lambda mark: (mark.start, mark.end, mark.label))))
