"""Multiple-choice questions as their publishers write them, turned into rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from ..errors import SchemaError
from ..rows import ChoiceRow
from ..text import stable_order
from .hub import Tables
from .tablefiles import Record


def question_rows(
    data: Tables, split: str, ours: str, options_of: Callable[[Record], Any] = lambda record: record["options"]
) -> Iterator[ChoiceRow]:
    """Yield the rows of a split's questions that can be asked; their ids start with the data set's name.

    Args:
        data: tables with `question`, `answer` and whatever `options_of` takes.
        split: the publisher's split.
        ours: the rows' split.
        options_of: picks the options out of a record, in a form that `read_options` takes.

    Raises:
        SchemaError: a question is not of the expected form.
    """
    for number, record in enumerate(data.rows(split)):
        origin = f"{data.origin}, {split} row {number}"
        options = read_options(options_of(record), origin)
        answer = read_answer(record["answer"], options, origin)
        row = question_row(data.data.name, ours, str(record["question"] or ""), options, answer)
        if row is not None:
            yield row


def read_options(value: Any, origin: str) -> dict[str, str]:
    """Return options by letter.

    Args:
        value: an object by letter, a list of strings, or a list of objects with `key` and `value`.
        origin: where the value stands, for the message.

    Raises:
        SchemaError: it is none of these.
    """
    if isinstance(value, Mapping):
        return {str(key).strip().upper(): _text(text) for key, text in value.items() if text is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(entry, Mapping) and {"key", "value"} <= set(entry) for entry in value):
            return {str(entry["key"]).strip().upper(): _text(entry["value"]) for entry in value}
        if not any(isinstance(entry, Mapping) for entry in value):
            return {ascii_uppercase[number]: _text(text) for number, text in enumerate(value)}
    raise SchemaError(f"{origin}: the options are {value!r:.80}, neither an object by letter nor a list of strings.")


def read_answer(value: Any, options: Mapping[str, str], origin: str) -> str | None:
    """Return the letter of the right option, or None where the publisher hides it.

    Args:
        value: a letter, the text of an option, or an index from 0 (a number, or digits where a text
            format made a string of it); negative or empty is hidden.
        options: options by letter.
        origin: where the value stands, for the message.

    Raises:
        SchemaError: it names no option.
    """
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
) -> ChoiceRow | None:
    """Return the row of a question, or None for one that cannot be asked.

    It cannot be asked when the answer is hidden, fewer than two different options are left without
    the empty ones, or the right option stands there twice. The id is a hash of the content.
    """
    shown = {letter: text for letter, text in options.items() if text}
    if answer is None or not question.strip() or answer not in shown or len(set(shown.values())) < 2:
        return None
    texts = tuple(shown.values())
    if texts.count(shown[answer]) > 1:
        return None
    digest = hashlib.sha256("\0".join((question.strip(), *texts)).encode()).hexdigest()[:16]
    row_id = f"{prefix}-{digest}"
    return ChoiceRow(row_id, row_id, split, question.strip(), texts, list(shown).index(answer))


def shuffled(options: Mapping[str, str], salt: str) -> dict[str, str]:
    """Return the options in an order that depends on `salt` alone, still under their own letters."""
    return {letter: options[letter] for letter in stable_order(options, salt)}


def _text(value: Any) -> str:
    return " ".join(str(value).split()) if value is not None else ""
