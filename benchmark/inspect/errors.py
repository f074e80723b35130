"""From a row and an answer to judged items, whatever the family."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..decoding.answer import Status
from ..rows import ChoiceRow, FormRow, GraphRow, PairRow, Row, SpanRow
from .cells import judged_cells, judged_choice
from .items import Judged
from .relations import judged_edges, judged_pairs
from .spans import judged_spans


def judged_items(row: Row, answer: Any, status: Status = "valid") -> tuple[Judged, ...]:
    """Judge an answer item by item, as its family counts it.

    The items that are "right" are as many as the family's count "tp", those with an answer "pred",
    those with a gold "gold". What needs no answer and got none is no item.

    Args:
        row: the row that was asked about.
        answer: the family's answer, as `verdict.judge` reads it.
        status: the form of the answer: of one that is "unparseable", nothing is merely "missed".
    """
    items = _judged(row, answer)
    if status == "unparseable":
        return tuple(replace(item, kind="unparseable") if item.kind == "missed" else item for item in items)
    return items


def _judged(row: Row, answer: Any) -> tuple[Judged, ...]:
    match row:
        case SpanRow():
            return judged_spans(row, answer)
        case PairRow():
            return judged_pairs(row, answer)
        case GraphRow():
            return judged_edges(row, answer)
        case FormRow():
            return judged_cells(row, answer)
        case ChoiceRow():
            return judged_choice(row, answer)
    raise TypeError(f"Rows of the class {type(row).__name__} cannot be judged.")
