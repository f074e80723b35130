"""Rows: what a source becomes, one frozen dataclass a family, and their Arrow schemas.

All offsets are Unicode code points into `Row.text`, end exclusive. A long note is cut into several
rows (passages, or pages of a form) that share `doc_id`; scores are summed by `doc_id`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import pyarrow as pa

from .errors import SchemaError

Split: TypeAlias = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")

_BASE = [("id", pa.string()), ("doc_id", pa.string()), ("split", pa.string()), ("text", pa.string())]


@dataclass(frozen=True)
class Span:
    """A typed stretch of a row's text: `text == row.text[start:end]`.

    `tag` marks spans that are also reported apart, e.g. answer options among argument components.
    """

    start: int
    end: int
    type: str
    text: str
    tag: str = ""


@dataclass(frozen=True)
class Pair:
    """One relation between two strings of the text: an examination and its result."""

    exam: str
    result: str


@dataclass(frozen=True)
class Item:
    """One cell of a case report form.

    `kind` is "finding", "exam" or another class that scores are broken down by; `options` are the
    allowed values in the order shown (empty: a free string of the note or the empty value);
    `scored` is false where the gold is ambiguous and the cell must not count; `empty` is the value
    that says "the note does not tell".
    """

    name: str
    kind: str
    value: str
    options: tuple[str, ...] = ()
    scored: bool = True
    empty: str = "non disponibile"


@dataclass(frozen=True)
class Component:
    """An argument component given to the model as input of relation extraction."""

    id: str
    text: str
    type: str


@dataclass(frozen=True)
class Edge:
    """A directed relation between two components, by their ids."""

    head: str
    tail: str
    type: str


@dataclass(frozen=True)
class Row:
    """What every row has: unique `id`, the note's `doc_id`, its split and the text shown."""

    id: str
    doc_id: str
    split: str
    text: str

    schema: ClassVar[pa.Schema] = pa.schema(_BASE)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data in the shape of `schema`."""
        return _plain(asdict(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Row:
        """Build a row from plain data; keys that are not fields of the row are ignored."""
        known = {key: data[key] for key in cls.__dataclass_fields__ if key in data}
        for key, record in cls._nested().items():
            known[key] = tuple(_record(record, value) for value in known[key])
        return cls(**known)

    @classmethod
    def _nested(cls) -> dict[str, type]:
        return {}


@dataclass(frozen=True)
class SpanRow(Row):
    """Named entities, or argument components, of one passage.

    `offset` is where the passage starts in its note: `note[offset + s.start : offset + s.end]`.
    """

    spans: tuple[Span, ...]
    offset: int = 0

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            *_BASE,
            (
                "spans",
                pa.list_(
                    pa.struct(
                        {
                            "start": pa.int32(),
                            "end": pa.int32(),
                            "type": pa.string(),
                            "text": pa.string(),
                            "tag": pa.string(),
                        }
                    )
                ),
            ),
            ("offset", pa.int32()),
        ]
    )

    @classmethod
    def _nested(cls) -> dict[str, type]:
        return {"spans": Span}


@dataclass(frozen=True)
class PairRow(Row):
    """Relations of one passage, as pairs of strings."""

    pairs: tuple[Pair, ...]

    schema: ClassVar[pa.Schema] = pa.schema(
        [*_BASE, ("pairs", pa.list_(pa.struct({"exam": pa.string(), "result": pa.string()})))]
    )

    @classmethod
    def _nested(cls) -> dict[str, type]:
        return {"pairs": Pair}


@dataclass(frozen=True)
class FormRow(Row):
    """One page of a case report form to be filled from a note; item names are unique in a note."""

    items: tuple[Item, ...]

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            *_BASE,
            (
                "items",
                pa.list_(
                    pa.struct(
                        {
                            "name": pa.string(),
                            "kind": pa.string(),
                            "value": pa.string(),
                            "options": pa.list_(pa.string()),
                            "scored": pa.bool_(),
                            "empty": pa.string(),
                        }
                    )
                ),
            ),
        ]
    )

    @classmethod
    def _nested(cls) -> dict[str, type]:
        return {"items": Item}


@dataclass(frozen=True)
class ChoiceRow(Row):
    """A multiple-choice question: `text` is the whole question part, `answer` indexes `options`."""

    options: tuple[str, ...]
    answer: int

    schema: ClassVar[pa.Schema] = pa.schema([*_BASE, ("options", pa.list_(pa.string())), ("answer", pa.int32())])

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ChoiceRow:
        """Build a row from plain data (options arrive as a list)."""
        return cls(data["id"], data["doc_id"], data["split"], data["text"], tuple(data["options"]), data["answer"])


@dataclass(frozen=True)
class GraphRow(Row):
    """Argument relations between the given components of one document."""

    components: tuple[Component, ...]
    relations: tuple[Edge, ...]

    schema: ClassVar[pa.Schema] = pa.schema(
        [
            *_BASE,
            ("components", pa.list_(pa.struct({"id": pa.string(), "text": pa.string(), "type": pa.string()}))),
            ("relations", pa.list_(pa.struct({"head": pa.string(), "tail": pa.string(), "type": pa.string()}))),
        ]
    )

    @classmethod
    def _nested(cls) -> dict[str, type]:
        return {"components": Component, "relations": Edge}


ROW_CLASSES: tuple[type[Row], ...] = (SpanRow, PairRow, FormRow, ChoiceRow, GraphRow)


def row_class(columns: Iterable[str]) -> type[Row]:
    """Return the class of rows that have all of its columns among `columns`.

    Raises:
        SchemaError: no kind of row fits.
    """
    names = set(columns)
    for kind in ROW_CLASSES:
        if names >= set(kind.schema.names):
            return kind
    raise SchemaError(
        f"No kind of row has the columns {', '.join(sorted(names))}: build the data again (itamed data build)."
    )


def _plain(value: Any) -> Any:
    """Turn tuples into lists, all the way down, as parquet and JSON give them back."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _record(record: type, value: dict[str, Any]) -> Any:
    return record(**{key: tuple(inner) if isinstance(inner, list) else inner for key, inner in value.items()})
