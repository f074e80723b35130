"""Compare strings as a reader would: Unicode forms, typographic quotes and white space aside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_SAME = dict.fromkeys("‘’‚‛`´", "'") | dict.fromkeys("“”„«»", '"') | dict.fromkeys("‐‑‒–—−", "-")
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_GONE = dict.fromkeys(sorted(_INVISIBLE), "")
_RUN = re.compile(r"\s+|\S+")
_JOINING = re.compile("[\u0900-\U0010ffff]")
"""From the first of these on there are characters that are no combining marks and yet join what stands before them."""


@lru_cache(maxsize=512)
def normal_map(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the normal form of `text` and where each of its characters comes from.

    The normal form is NFKC (so that composed and decomposed accents, ligatures and width variants
    agree) with straight quotes, plain hyphens, no invisible characters, and every run of white
    space as one blank. Case is kept: it is part of what was to be copied.

    Returns:
        (normal, offsets): `offsets[i]` is the index in `text` of the code point that gave
        `normal[i]`; one more entry, `len(text)`, closes the list.
    """
    # Equal quotes before NFKC: it would turn an acute accent into a blank and a combining mark.
    source = _replaced(text, _SAME)
    out: list[str] = []
    offsets: list[int] = []
    if _is_plain(source):  # nothing but white space changes: most notes, and ten times as fast
        for run in _RUN.finditer(source):
            blank = run[0].isspace()
            out.append(" " if blank else run[0])
            offsets.extend(range(run.start(), run.start() + 1 if blank else run.end()))
        return "".join(out), (*offsets, len(text))
    at = 0
    while at < len(source):
        end = at + 1
        while end < len(source) and unicodedata.combining(source[end]):
            end += 1
        for char in unicodedata.normalize("NFKC", source[at:end]):
            shown = " " if char.isspace() else char
            if char in _INVISIBLE or (shown == " " and out and out[-1] == " "):
                continue
            out.append(shown)
            offsets.append(at)
        at = end
    offsets.append(len(text))
    return "".join(out), tuple(offsets)


def _is_plain(text: str) -> bool:
    """Return whether NFKC leaves every character of a text as it is, and none is invisible or combining."""
    characters = set(text)
    return (
        characters.isdisjoint(_INVISIBLE)
        and not any(map(unicodedata.combining, characters))
        and unicodedata.is_normalized("NFKC", text)
    )


def normal(text: str) -> str:
    """Return the normal form of `text` (see `normal_map`) without edge blanks.

    An answer may hold hundreds of strings, and their offsets are of no use: hence two short cuts
    for text in which NFKC cannot join what `normal_map` takes one after the other.
    """
    source = _replaced(text, _SAME)
    if not unicodedata.is_normalized("NFKC", source):
        if _JOINING.search(source):
            return normal_map(text)[0].strip()
        source = unicodedata.normalize("NFKC", source)
    return " ".join(_replaced(source, _GONE).split())


def _replaced(text: str, characters: Mapping[str, str]) -> str:
    """Replace single characters; faster than `translate`, which looks at each one of a text with accents."""
    for old, new in characters.items():
        text = text.replace(old, new)
    return text


def loose(text: str) -> str:
    """Return the normal form for free values of a form: case and final punctuation aside, too."""
    return normal(text).casefold().strip(" .;,:")
