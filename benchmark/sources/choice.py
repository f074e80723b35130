"""Multiple-choice questions as their publishers write them, turned into rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from string import ascii_uppercase
from typing import Any

from ..errors import SchemaError
from ..rows import ChoiceRow
from ..text import stable_order
from .hub import Tables
from .tablefiles import Record
from .values import text_of


def question_rows(
    data: Tables, split: str, ours: str, options_of: Callable[[Record], Any] = lambda record: record["options"]
) -> Iterator[ChoiceRow]:
    """Yield the rows of a split's questions that can be asked; their ids start with the data set's name.

    Those that cannot are counted in `data.left_out`.

    Args:
        data: tables with `question`, `answer` and whatever `options_of` takes.
        split: the publisher's split.
        ours: the rows' split.
        options_of: picks the options out of a record, in a form that `read_options` takes.

    Raises:
        SchemaError: a question is not of the expected form, or most cannot be asked.
    """
    asked = number = 0
    for number, record in enumerate(data.rows(split), 1):
        origin = f"{data.origin}, {split} row {number - 1}"
        question = text_of(record, "question", origin)
        options = read_options(options_of(record), origin)
        row = question_row(data.data.name, ours, question, options, read_answer(record["answer"], options, origin))
        if isinstance(row, ChoiceRow):
            asked += 1
            yield row
        else:
            data.left_out[row] += 1
    data.require_most(asked, number, f"{split} questions can be asked")


def read_options(value: Any, origin: str) -> dict[str, str]:
    """Return options by letter.

    Args:
        value: an object by letter, a list of strings, or a list of objects with `key` and `value`;
            numbers count as strings, and what is missing as an empty one.
        origin: where the value stands, for the message.

    Raises:
        SchemaError: it is none of these.
    """
    given = _by_letter(value)
    if given is None or not all(text is None or type(text) in (str, int, float) for text in given.values()):
        raise SchemaError(
            f"{origin}: the options are {value!r:.80}, neither an object by letter nor a list of strings."
        )
    return {letter: _text(text) for letter, text in given.items()}


def read_answer(value: Any, options: Mapping[str, str], origin: str) -> str | None:
    """Return the letter of the right option, or None where the publisher hides it.

    Args:
        value: a letter, the text of an option, or an index from 0 (a number, or digits where a text
            format made a string of it); negative, empty or missing is hidden.
        options: options by letter.
        origin: where the value stands, for the message.

    Raises:
        SchemaError: it names no option.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer():
        # Options may be numbers, too: of a number the place comes first.
        if value < 0:
            return None
        if value < len(options):
            return list(options)[int(value)]
    plain = _text(value).upper()
    if plain in options:
        return plain
    same = [letter for letter, text in options.items() if text and text == _text(value)]
    if same:
        return same[0]
    if plain == "" or plain.startswith("-"):
        return None
    if plain.removesuffix(".0").isdecimal() and int(float(plain)) < len(options):
        return list(options)[int(float(plain))]
    message = f"{origin}: the answer is {value!r:.80}, neither a letter, the text of an option nor an index from 0."
    raise SchemaError(message)


def question_row(
    prefix: str, split: str, question: str, options: Mapping[str, str], answer: str | None
) -> ChoiceRow | str:
    """Return the row of a question, or why it cannot be asked, in words that follow a number.

    Empty options are not shown. The id is a hash of the content.
    """
    shown = {letter: text for letter, text in options.items() if text}
    texts = tuple(shown.values())
    if not question.strip():
        return "questions without text"
    if answer is None:
        return "questions whose answer is missing or hidden"
    if answer not in shown or len(set(texts)) < 2 or texts.count(shown[answer]) > 1:
        return "questions with fewer than two options, or whose right option is empty or stands twice"
    digest = hashlib.sha256("\0".join((question.strip(), *texts)).encode()).hexdigest()[:16]
    row_id = f"{prefix}-{digest}"
    return ChoiceRow(row_id, row_id, split, question.strip(), texts, list(shown).index(answer))


def shuffled(options: Mapping[str, str], salt: str) -> dict[str, str]:
    """Return the options in an order that depends on `salt` alone, still under their own letters."""
    return {letter: options[letter] for letter in stable_order(options, salt)}


def _by_letter(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return {str(key).strip().upper(): text for key, text in value.items()}
    if not isinstance(value, list) or len(value) > len(ascii_uppercase):
        return None
    if all(isinstance(entry, Mapping) and {"key", "value"} <= set(entry) for entry in value):
        return {str(entry["key"]).strip().upper(): entry["value"] for entry in value}
    return dict(zip(ascii_uppercase, value, strict=False))


def _text(value: Any) -> str:
    """Return a value as text on one line; None and a number that is none stand for nothing."""
    return "" if value is None or value != value else " ".join(str(value).split())  # noqa: PLR0124
