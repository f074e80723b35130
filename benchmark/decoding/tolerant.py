"""A forgiving JSON reader: takes what a model wrote and keeps every complete item of it.

It accepts what small models get wrong (single or curly quotes, bare words, trailing commas, raw
line breaks in strings, a missing end) in one pass, linear in the length of the text.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 12
_DECODER = json.JSONDecoder(strict=False)
_BLANK = re.compile(r"\s*")
_SEPARATOR = re.compile(r"[\s,]*")
_QUOTES = {'"': '"', "'": "'", "“": "”", "«": "»"}
# An Italian apostrophe is no closing quote: one of those is followed by punctuation of JSON.
_CLOSE = {quote: re.compile(f"(.*?){end}(?=\\s*[,:}}\\]])", re.DOTALL) for quote, end in _QUOTES.items()}
_BARE = re.compile(r"[^,}\]\n]*")
_WORDS = {"true": True, "false": False, "null": None, "none": None}
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])|\\(.)|(")', re.DOTALL)
"""In a string: an escape of JSON, another one, or a quote that is none of the string's own."""


class Broken(Exception):
    """The text ended or went wrong inside a value; `partial` holds its complete part.

    `cut` is true when the end of the text was the reason.
    """

    def __init__(self, partial: Any, *, cut: bool) -> None:
        super().__init__()
        self.partial, self.cut = partial, cut


def read_value(text: str, start: int) -> tuple[Any, int]:
    """Read the JSON-like value that begins at `start`; return it and where it ends.

    Raises:
        Broken: the value is incomplete or malformed beyond repair; see `Broken.partial`.
    """
    return _value(text, start, 0)


def _skip(text: str, at: int, what: re.Pattern[str] = _BLANK) -> int:
    match = what.match(text, at)
    return match.end() if match else at


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    at = _skip(text, at)
    if at >= len(text):
        raise Broken(None, cut=True)
    if depth > MAX_DEPTH:
        raise Broken(None, cut=False)
    if text[at] == "{":
        return _object(text, at + 1, depth + 1)
    if text[at] == "[":
        return _array(text, at + 1, depth + 1)
    if text[at] in _QUOTES:
        return _string(text, at)
    return _bare(text, at)


def _string(text: str, at: int) -> tuple[str, int]:
    if text[at] == '"':
        try:
            return _DECODER.raw_decode(text, at)
        except ValueError:  # no end, or an escape that is none
            found = _STRING.match(text, at)
    else:
        found = _CLOSE[text[at]].match(text, at + 1)
    if found is None:
        raise Broken(None, cut=True)
    return _unescaped(found.group(1)), found.end()


def _unescaped(text: str) -> str:
    """Return what a string says that JSON does not read: its escapes, those of quotes that need none, others as is."""

    def written(match: re.Match[str]) -> str:
        right, other, _ = match.groups()
        if right:
            return match[0]
        if other:
            return other if other in _CLOSE else f"\\\\{other}"
        return '\\"'

    try:
        return str(json.loads(f'"{_ESCAPE.sub(written, text)}"', strict=False))
    except ValueError:  # a backslash at the end
        return text


def _bare(text: str, at: int) -> tuple[Any, int]:
    match = _BARE.match(text, at)
    end = match.end() if match else at
    if end >= len(text):
        raise Broken(None, cut=True)
    word = text[at:end].strip()
    if not word:
        raise Broken(None, cut=False)
    if word.lower() in _WORDS:
        return _WORDS[word.lower()], end
    try:
        return json.loads(word), end
    except ValueError:
        return word, end


def _array(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while (at := _skip(text, at, _SEPARATOR)) < len(text) and text[at] != "]":
        try:
            item, at = _value(text, at, depth)
        except Broken as broken:
            raise Broken(items, cut=broken.cut) from None
        items.append(item)
    if at >= len(text):
        raise Broken(items, cut=True)
    return items, at + 1


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    while (at := _skip(text, at, _SEPARATOR)) < len(text) and text[at] != "}":
        try:
            key, at = _key(text, at)
            value, at = _value(text, at, depth)
            members[key] = _once(members, key, value)
        except Broken as broken:
            # A list that was cut keeps its complete items; a cut string or number is not an answer.
            if isinstance(broken.partial, list | dict):
                members[key] = _once(members, key, broken.partial)
            raise Broken(members, cut=broken.cut) from None
    if at >= len(text):
        raise Broken(members, cut=True)
    return members, at + 1


def _once(members: dict[str, Any], key: str, value: Any) -> Any:
    """Return what a key says that may have stood before: lists go on, and of different values none was chosen."""
    if key not in members or members[key] == value:
        return value
    before = members[key]
    return [*before, *value] if isinstance(before, list) and isinstance(value, list) else None


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON by its pairs.

    Raises:
        ValueError: a key stands twice, which says two things.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _key(text: str, at: int) -> tuple[str, int]:
    if at >= len(text):
        raise Broken(None, cut=True)
    if text[at] in _QUOTES:
        key, at = _string(text, at)
    else:
        end = text.find(":", at)
        if end < 0:
            raise Broken(None, cut=True)
        key, at = text[at:end].strip(), end
    at = _skip(text, at)
    if text[at : at + 1] != ":":
        raise Broken(None, cut=at >= len(text))
    return key, at + 1
