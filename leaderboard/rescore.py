"""Scores from raw answers: the same path as in the harness, with the notes in the order of the data.

The order decides which notes a resample draws, and with several processes the harness's own order
is another one: intervals are comparable to the last digit in this order alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from itamed.benchmark.decoding.answer import read_answer
from itamed.benchmark.docs import task_docs
from itamed.benchmark.suite import MINI_PREFIX, task_of
from itamed.benchmark.verdict import MODES, Mode, Record, filtered, record, report

Docs: TypeAlias = Mapping[str, Mapping[str, Any]]
"""A task's test documents by row id, in the order of the data."""
Finish: TypeAlias = Literal["whole", "cut", "loose"]
_FINISHES: Mapping[str, Finish] = {"valid": "whole", "truncated": "cut"}


@dataclass(frozen=True)
class Rescored:
    """What answers to a task are worth: by mode the records, and the report on them."""

    records: dict[Mode, tuple[Record, ...]]
    reports: dict[Mode, dict[str, Any]]


def docs_of(name: str) -> Docs:
    """Return the test documents of a task, or of its mini version.

    Raises:
        DataMissingError: its data are neither built nor to be fetched; the message names the command.
    """
    docs = task_docs(task_of(name).name, mini=name.startswith(MINI_PREFIX))["test"]
    return {str(doc["id"]): doc for doc in docs}


def rescore(docs: Docs, answers: Mapping[str, str]) -> Rescored:
    """Score answers by row id, at least one; rows without one are left out."""
    answered = [(answers[row], doc) for row, doc in docs.items() if row in answers]
    records = {mode: tuple(record(filtered(answer, doc, mode), doc) for answer, doc in answered) for mode in MODES}
    return Rescored(records, {mode: report(found) for mode, found in records.items()})


def finish_of(answer: str) -> Finish:
    """Return how an answer ends, see `manifest.Answer`."""
    return _FINISHES.get(read_answer(answer).status, "loose")
