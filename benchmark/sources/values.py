"""Values of records as a reader needs them: of another type they are refused by name, and never guessed at."""

from __future__ import annotations

from typing import Any

from ..errors import SchemaError
from .columns import columns_file
from .tablefiles import Record


def text_of(record: Record, name: str, origin: str) -> str:
    """Return the string under `name`; "" where there is none.

    Raises:
        SchemaError: the value is of another type.
    """
    value = record[name]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(value, name, origin, "a text")
    return value


def needed_text(record: Record, name: str, origin: str) -> str:
    """Return the string under `name`, which must be there.

    Raises:
        SchemaError: it is missing or blank, or the value is of another type.
    """
    value = text_of(record, name, origin)
    if not value.strip():
        raise wrong(record[name], name, origin, "a text")
    return value


def texts_of(record: Record, name: str, origin: str) -> list[str]:
    """Return the list of strings under `name`.

    Raises:
        SchemaError: the value is of another type, or one in the list is.
    """
    value = record[name]
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise wrong(value, name, origin, "a list of texts")
    return value


def key_of(record: Record, name: str, origin: str) -> str:
    """Return what a record is called, a string or a whole number.

    Raises:
        SchemaError: it has no name, or one of another type.
    """
    value = record[name]
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise wrong(value, name, origin, "a name")
    return str(value).strip()


def wrong(value: Any, name: str, origin: str, wanted: str) -> SchemaError:
    """Return the error of a value that is not what was wanted."""
    return SchemaError(
        f"{origin}: {name} is {value!r:.80}, wanted {wanted}. Download the data set again; if that is in another "
        f"column, say so in {columns_file()}."
    )
