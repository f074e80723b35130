"""The documents that the harness sees: rows with what their task's prompt and grammar need."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from uuid import uuid4

import pyarrow as pa
from datasets import Dataset

from .data.load import load_rows
from .errors import DataMissingError, ItamedError
from .fewshot import choose_shots
from .mini.rows import mini_rows
from .rows import SPLITS, Row
from .suite import Task, task_of
from .text import stable_order


def task_docs(
    name: str,
    *,
    mini: bool = False,
    fewshot_seed: int = 0,
    eval_split: str = "test",
    eval_notes: int | None = None,
    eval_wording: int = 0,
) -> dict[str, Dataset]:
    """Return the documents of a task: "test" to be answered, "fewshot" as examples for prompts.

    Args:
        name: a task of the suite.
        mini: take the embedded set instead of the built or published data.
        fewshot_seed: see `choose_shots`.
        eval_split: "dev" to develop prompts or watch training without looking at the test rows.
        eval_notes: at most so many notes, whole and the same ones every time; the harness's own
            limit counts rows, which for long notes are passages.
        eval_wording: see `Task.worded`.

    Raises:
        DataMissingError: the rows are not there; the message names the command that builds them.
        ItamedError: there is no such split, number of notes or wording.
    """
    if eval_split not in SPLITS:
        raise ItamedError(f"eval_split={eval_split} is unknown: choose one of {', '.join(SPLITS)}.")
    if eval_notes is not None and not (isinstance(eval_notes, int) and eval_notes > 0):
        raise ItamedError(f"eval_notes={eval_notes} is no number of notes: give at least 1, or leave it out.")
    task = task_of(name).worded(eval_wording)
    shots_task, shots_split = task.shots
    wanted = {eval_split, shots_split} if shots_task == name else {eval_split}
    rows = task_rows(name, wanted, mini=mini)
    if not rows.get(eval_split):
        raise DataMissingError(
            f"{name} has no {eval_split} rows: take another eval_split, or build its data again with "
            "`itamed data build --force`."
        )
    pool = rows if shots_task == name else task_rows(shots_task, {shots_split}, mini=mini)
    evaluated = _sample(rows[eval_split], eval_notes)
    shots = choose_shots(pool.get(shots_split, []), fewshot_seed)
    return {"test": _dataset(evaluated, task), "fewshot": _dataset(shots or evaluated[:0], task, like=evaluated[0])}


def _sample(rows: list[Row], notes: int | None) -> list[Row]:
    """Return the rows of a fixed sample of notes, in their order."""
    chosen = set(stable_order({row.doc_id for row in rows}, "sample")[:notes])
    return [row for row in rows if row.doc_id in chosen]


def task_rows(name: str, splits: Collection[str], *, mini: bool) -> dict[str, list[Row]]:
    """Return a task's rows by split, from the embedded set or from the built or published data."""
    if not mini:
        return load_rows(name, splits)
    return {split: [row for row in mini_rows(name) if row.split == split] for split in splits}


def _dataset(rows: Sequence[Row], task: Task, like: Row | None = None) -> Dataset:
    """Return rows as a data set, with the task's labels, instruction and bounds in every document."""
    kind = type(like or rows[0])
    table = pa.Table.from_pylist([row.to_dict() for row in rows], schema=kind.schema)
    constants = {
        "labels": pa.array([list(task.labels)] * len(rows), pa.list_(pa.string())),
        "definitions": pa.array([list(task.labels.values())] * len(rows), pa.list_(pa.string())),
        "instruction": pa.array([task.instruction] * len(rows), pa.string()),
        "bounds": pa.array([asdict(task.bounds)] * len(rows)),
    }
    for name, column in constants.items():
        table = table.append_column(name, column)
    # Any name will do: without one, all rows are pickled and hashed for caches that nothing here uses.
    return Dataset(table, fingerprint=uuid4().hex)
