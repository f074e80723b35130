"""Which column holds what: the readers' defaults, and a user's own map where a data set changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from ..errors import SchemaError
from ..paths import home

Columns: TypeAlias = Mapping[str, tuple[str, ...]]


def columns_file() -> Path:
    """Return the path of the user's column map, which need not exist.

    It is YAML: data set name, then the reader's name, then the column (or list of columns to try):
    `medqa: {question: domanda, options: opzioni}`.
    """
    return home() / "columns.yaml"


def column_map(data_set: str, defaults: Columns) -> Columns:
    """Return the columns to look for, the user's in place of the defaults.

    Args:
        data_set: name of the data set in the file.
        defaults: candidates by the reader's name.

    Raises:
        SchemaError: the file is not YAML of that form, or maps a name that the reader does not have.
    """
    chosen = _read(columns_file()).get(data_set) or {}
    unknown = sorted(map(str, set(chosen) - set(defaults)))
    if unknown:
        message = f"{columns_file()} maps {', '.join(unknown)} for {data_set}, which reads {', '.join(defaults)} only."
        raise SchemaError(message)
    return {**defaults, **{name: _candidates(name, value) for name, value in chosen.items()}}


def resolve(data_set: str, origin: str, found: Iterable[str], wanted: Columns) -> dict[str, str]:
    """Return the column that each of the reader's names stands for.

    Args:
        data_set: name of the data set in the user's column map.
        origin: where the table is, for the message.
        found: the table's columns.
        wanted: candidates by the reader's name.

    Raises:
        SchemaError: a name has no column; the message lists those found and those wanted.
    """
    by_plain = {_plain(name): name for name in reversed(list(found))}
    chosen = {
        name: next((by_plain[c] for c in map(_plain, names) if c in by_plain), None) for name, names in wanted.items()
    }
    missing = [name for name, column in chosen.items() if column is None]
    if missing:
        lines = "; ".join(f"{name} ({' or '.join(wanted[name])})" for name in missing)
        raise SchemaError(
            f"{origin} has no column for {lines}. Found: {', '.join(by_plain[key] for key in sorted(by_plain))}. "
            f"If a column is only named otherwise, say so in {columns_file()}, for example:\n"
            f"{data_set}: {{{missing[0]}: NAME_OF_THE_COLUMN}}"
        )
    return {name: column for name, column in chosen.items() if column is not None}


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.strip().lower())


def _candidates(name: str, value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(column, str) for column in names):
        raise SchemaError(
            f"{columns_file()} maps {name} to {value!r:.80}, wanted the name of a column or a list of them."
        )
    return tuple(names)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text("utf-8")) or {}
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"Cannot read {path}: {error}. Correct it or delete it.") from error
    if not isinstance(content, dict) or not all(isinstance(value, dict) for value in content.values()):
        raise SchemaError(f"{path} must map data sets to columns, as in `medqa: {{question: domanda}}`.")
    return content
