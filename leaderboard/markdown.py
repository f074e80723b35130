"""A stranger's words as Markdown in which they are text alone: in code spans that nothing in them can end."""

from __future__ import annotations

import re

_LONGEST = 160
_UNPLAIN = re.compile(r"[^A-Za-z0-9 ._/+:-]")
_ENDS = str.maketrans("`|<>", "'/()")


def code(text: str) -> str:
    """Return a name as code, with a question mark for any character that no name has."""
    return f"`{_UNPLAIN.sub('?', text)[:_LONGEST]}`"


def said(text: str) -> str:
    """Return a sentence as code, on one line and fit for a table's cell; "" if it is empty."""
    plain = "".join(each if each.isascii() and each.isprintable() else "?" for each in text.translate(_ENDS)).strip()
    short = plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."
    return f"`{short}`" if short else ""
