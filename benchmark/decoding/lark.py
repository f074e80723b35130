"""Building blocks of grammars in llguidance's Lark dialect: quoting, bounded lists, copied strings.

The lexer is greedy and never goes back. Where two continuations share a beginning they must stand
in one terminal, or be literals of which none is the beginning of another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ALWAYS = "%if ge(_,0)"
"""It says nothing, but llguidance forgets a change of a parameter that a rule without a condition makes alone."""
# The chunks that copied strings are made of; no right answer of any task cuts one.
_CHUNK = re.compile(r"\w+|\s|[^\w\s]")
# One character as `json.dumps` writes it: any, and any that is not white space.
_ANY = r"(?:[^\\]|\\[^u]|\\u.{4})"
_VISIBLE = r'(?:[^\s\\]|\\["\\b]|\\u00(?:0[^b]|1[^c-f]))'


@dataclass(frozen=True)
class Bounds:
    """How much a right-shaped answer may hold: the longest of training and development, with a margin.

    `nested` tells whether spans may overlap, `one_word` that the first string of a pair holds no
    blank; `max_items` bounds a list, or the values that one free cell of a form joins; `max_chars`
    bounds a copied string of several words, in characters.
    """

    nested: bool = False
    one_word: bool = False
    max_items: int = 32
    max_chars: int = 200


def literal(text: str) -> str:
    """Return a terminal that matches `text`; it is all ASCII, whatever the text holds."""
    return json.dumps(text)


def escaped(text: str) -> str:
    """Return `text` as it stands between the quotes of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def one_of(texts: Iterable[str]) -> str:
    """Return alternatives that match one of some texts inside a JSON string."""
    return " | ".join(literal(escaped(text)) for text in texts)


def bounded(item: str, most: int, separator: str = ",") -> str:
    """Return an expression for one to `most` times `item`, separated."""
    return f"{item} ({literal(separator)} {item}){{0,{most - 1}}}" if most > 1 else item


def woven(texts: Sequence[str], parts: Sequence[str]) -> str:
    """Return an expression for texts with an expression between each and the next."""
    return " ".join(
        [literal(texts[0]), *(f"({part}) {literal(text)}" for part, text in zip(parts, texts[1:], strict=True))]
    )


def shape(template: str, *parts: str) -> str:
    """Return an expression for JSON in which each "@" stands for an expression, in their order."""
    return woven(template.split("@"), parts)


def list_of(root: str, item: str, most: int) -> str:
    """Return an expression for `{"<root>":[...]}` with up to `most` times `item`."""
    return shape(f'{{"{root}":[@]}}', f"({bounded(item, most)})?")


def copied(text: str, max_chars: int) -> list[str]:
    """Return definitions of COPY, a stretch of whole chunks of `text` without blanks at its edges.

    Chunks are escaped one by one, so that no match cuts an escape sequence in two.

    Args:
        text: holds something that is not white space.
        max_chars: length of the longest stretch, in characters of the text; no word is too long.
    """
    chunks = _CHUNK.findall(text)
    inner = max(max_chars, *map(len, chunks), 2) - 2
    return [
        f'CHUNKS: %regex {{"substring_chunks": {json.dumps([escaped(chunk) for chunk in chunks])}}}',
        f"COPY: CHUNKS & /{_VISIBLE}(?:{_ANY}{{0,{inner}}}{_VISIBLE})?/",
    ]
