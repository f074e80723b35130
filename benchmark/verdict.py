"""From a raw response to a scored record: the one path that harness, reports and re-scoring share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from .decoding.answer import STATUSES, Status, read_answer
from .families import family_named, family_of
from .families.family import Family
from .rows import Row, row_class
from .scoring.bootstrap import RESAMPLES, Array, by_note, estimate
from .scoring.ratios import ratio, total

Record: TypeAlias = tuple[str, str, tuple[tuple[str, float], ...]]
"""The kind of row, the note's id and the row's sorted counts: hashable, small, plain enough for JSON."""
Mode: TypeAlias = Literal["strict", "repaired"]
MODES: tuple[Mode, ...] = ("strict", "repaired")
"""How much is forgiven: "strict" takes an answer only if its form is perfect."""


def judge(response: str, doc: Mapping[str, Any]) -> tuple[Any, Status]:
    """Read a response to a document into its family's answer and the final status.

    Args:
        response: the model's raw text.
        doc: a row as a mapping, with the task's "labels".

    Returns:
        (answer, status): a valid JSON value of the wrong shape is "repaired" as far as it can be
        used, so that "valid" means that nothing had to be done.
    """
    kind = row_class(doc)
    reading = read_answer(response)
    value = response if reading.status == "unparseable" else reading.value
    read = family_of(kind).read(value, kind.from_dict(dict(doc)), doc.get("labels", ()))
    usable = read.answer is not None and read.answer not in ([], {})
    if (reading.status == "valid" and not read.clean) or (reading.status == "unparseable" and usable):
        return read.answer, "repaired"
    return read.answer, reading.status


def filtered(response: str, doc: Mapping[str, Any], mode: Mode) -> str:
    """Return what a filter passes on: the answer that counts in `mode`, and its status, as JSON."""
    answer, status = judge(response, doc)
    kept = answer if mode == "repaired" or status == "valid" else None
    return json.dumps({"status": status, "answer": kept}, ensure_ascii=False)


def record(passed: str, doc: Mapping[str, Any]) -> Record:
    """Count one filtered answer (see `filtered`)."""
    kind = row_class(doc)
    family, row = family_of(kind), kind.from_dict(dict(doc))
    data = json.loads(passed)
    counts = family.count(row, _answer(data["answer"], row, family))
    counts |= {"rows": 1.0, f"status:{data['status']}": 1.0}
    return kind.__name__, row.doc_id, tuple(sorted((name, float(number)) for name, number in counts.items()))


def _answer(kept: Any, row: Row, family: Family[Any, Any]) -> Any:
    """Undo what JSON did to an answer; None stands for no usable answer."""
    if kept is None:
        return family.read(None, row, ()).answer
    return [tuple(item) for item in kept] if isinstance(kept, list) else kept


def finished(records: Sequence[Record]) -> tuple[Family[Any, Any], dict[str, dict[str, float]]]:
    """Return the family of some records, at least one, and the counts of each note as the corpus sums them."""
    family = family_named(records[0][0])
    summed = by_note((note, dict(pairs)) for _, note, pairs in records)
    return family, {note: family.finish(counts) for note, counts in summed.items()}


@lru_cache(maxsize=8)
def report(records: tuple[Record, ...], resamples: int = RESAMPLES) -> dict[str, Any]:
    """Return every metric of a task with its interval, and what it was computed from.

    Cached, because the harness asks once a metric for the same records.

    Args:
        records: of one task, at least one.
        resamples: number of bootstrap resamples.

    Returns:
        {"metrics": {name: {"value", "stderr", "low", "high"}}, "notes": n, "rows": n, "gold": n,
        "resamples": n}; the shares of the four answer forms are metrics too.
    """
    family, by_id = finished(records)
    notes = list(by_id.values())

    def metrics(sums: Mapping[str, Array]) -> dict[str, Array]:
        rates = {status: ratio(total(sums, f"status:{status}"), total(sums, "rows")) for status in STATUSES}
        return family.metrics(sums) | rates

    found = estimate(notes, metrics, resamples)
    sizes = {name: int(sum(counts.get(name, 0) for counts in notes)) for name in ("rows", "gold")}
    estimates = {name: asdict(value) for name, value in found.items()}
    return {"metrics": estimates, "notes": len(notes), **sizes, "resamples": resamples}
