"""Compare strings as a reader would: Unicode forms, typographic quotes and white space aside."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_SAME = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "‛": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'}
    | {"‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-"}
)
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")


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
    source = text.translate(_SAME)
    out: list[str] = []
    offsets: list[int] = []
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


def normal(text: str) -> str:
    """Return the normal form of `text` (see `normal_map`) without edge blanks."""
    return normal_map(text)[0].strip()


def loose(text: str) -> str:
    """Return the normal form for free values of a form: case and final punctuation aside, too."""
    return normal(text).casefold().strip(" .;,:")
