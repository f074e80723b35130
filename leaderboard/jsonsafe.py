"""JSON of strangers: refused where it is ambiguous, deep, not finite, or does not say what it shows."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Collection
from typing import Any

from .findings import Finding, Refused, shown

MAX_BYTES = 2**20
"""Of a document, or of one line of many; the scores of all tasks take about a tenth."""
MAX_DEPTH = 8
MAX_INTEGER = 2**53
_UNSEEN_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols by their category that show nothing."""
_FORMULA = tuple("=+-@＝＋－＠")
"""Signs with which a formula begins, also as full-width letters: spreadsheets take both."""


class _Odd(Exception):
    """A value that is refused: what was expected, what was found, and at which place inside."""

    def __init__(self, expected: str, found: str, place: str = "") -> None:
        super().__init__(expected)
        self.expected, self.found, self.place = expected, found, place


def read_json(content: bytes, file: str, place: str = "", raw: Collection[str] = ()) -> Any:
    """Parse a document and check every key and string of it.

    Args:
        content: UTF-8.
        file: for messages.
        place: of the document in its file, for messages.
        raw: keys whose strings may hold anything that can be written: models answer as they like.

    Raises:
        Refused: it is longer than `MAX_BYTES`, or no JSON; has a key twice; holds a number that is not finite
            or no other program can hold; is nested deeper than `MAX_DEPTH`; or has a string with a flaw, see `flaw`.
    """
    if len(content) > MAX_BYTES:
        raise Refused(Finding(file, place, f"at most {MAX_BYTES} bytes", str(len(content))))
    try:
        value = json.loads(
            content.decode(),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
        _check(value, "", 0, raw)
    except _Odd as odd:
        where = " ".join(filter(None, (place, odd.place)))
        raise Refused(Finding(file, where, odd.expected, odd.found)) from odd
    except RecursionError as error:
        raise Refused(Finding(file, place, f"at most {MAX_DEPTH} levels", "many more")) from error
    except ValueError as error:
        raise Refused(Finding(file, place, "JSON in UTF-8", shown(str(error)))) from error
    return value


def json_bytes(value: Any) -> bytes:
    """Return the content of a JSON file of ours, for people to read, too."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def flaw(text: str) -> str:
    """Return why a name or a sentence is not what it seems to be, or may harm what shows it; "" where all is well.

    No such text of ours needs angle brackets (HTML), a sign of a formula at its beginning, after blanks or after a
    semicolon (where spreadsheets of Italy begin a cell), line breaks, or a character that is unseen, changes direction,
    or joins its neighbour.
    """
    if any(cell.lstrip().startswith(_FORMULA) for cell in text.split(";")):
        return "the beginning of a spreadsheet's formula"
    if "<" in text or ">" in text:
        return "an angle bracket, as HTML has"
    if text.isascii() and text.isprintable():
        return ""
    for character in unicodedata.normalize("NFC", text):
        unseen = not character.isprintable() or character in _UNSEEN_LETTERS
        if unseen or unicodedata.category(character).startswith("M"):
            return f"the character U+{ord(character):04X}, which is not seen as such"
    return "" if unicodedata.is_normalized("NFC", text) else "characters that are not composed (NFC)"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Odd("every key once", f"{shown(twice)} twice")
    return found


def _constant(name: str) -> Any:
    raise _Odd("finite numbers", name)


def _integer(digits: str) -> int:
    if len(digits) > len(str(MAX_INTEGER)) + 1 or abs(int(digits)) > MAX_INTEGER:
        raise _Odd("integers up to 2^53", shown(digits))
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Odd("finite numbers", shown(digits))
    return value


def _check(value: Any, place: str, depth: int, raw: Collection[str]) -> None:
    if depth >= MAX_DEPTH and isinstance(value, dict | list):
        raise _Odd(f"at most {MAX_DEPTH} levels", "more", place)
    if isinstance(value, str):
        _check_text(value, place)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key, place)
            if key in raw and isinstance(inner, str):
                _check_raw(inner, key)
            else:
                _check(inner, f"{place}.{key}" if place else key, depth + 1, raw)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _check(inner, f"{place}[{number}]", depth + 1, raw)


def _check_text(text: str, place: str) -> None:
    if found := flaw(text):
        raise _Odd("plain text", f"{found}, in {shown(text)}", place)


def _check_raw(text: str, place: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _Odd("text that UTF-8 can hold", "half a character (a surrogate)", place) from error
