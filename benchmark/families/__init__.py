"""The five task families: gold answer, reading, counts and metrics of each."""

from __future__ import annotations

import json
from typing import Any

from ..rows import ChoiceRow, FormRow, GraphRow, PairRow, Row, SpanRow
from .arg import Arg
from .crf import Crf
from .family import Family, Read
from .ner import Ner
from .qa import Qa
from .re import Re

_BY_ROW: dict[type[Row], Family[Any, Any]] = {
    SpanRow: Ner(),
    PairRow: Re(),
    FormRow: Crf(),
    ChoiceRow: Qa(),
    GraphRow: Arg(),
}


def family_of(kind: type[Row]) -> Family[Any, Any]:
    """Return the family that answers and scores rows of a class."""
    return _BY_ROW[kind]


def right_answer(row: Row) -> str:
    """Return the right answer to a row as a model should write it: compact JSON on one line."""
    return json.dumps(family_of(type(row)).gold(row), ensure_ascii=False, separators=(",", ":"))


def family_named(kind: str) -> Family[Any, Any]:
    """Return the family of a row class by the class's name, as records carry it."""
    return next(family for row, family in _BY_ROW.items() if row.__name__ == kind)
