"""Which runs answered a sample of notes alone, and how many notes there are."""

from __future__ import annotations

from ..data.record import read_record
from ..mini.rows import mini_rows
from ..paths import datasets_dir
from .run import Run, TaskResult


def sample_text(run: Run) -> str:
    """Return what a run answered of each task, where that is not all: "at most 60 notes of each task"."""
    notes, limit = run.settings.eval_notes, run.settings.limit
    found = [f"at most {notes} notes of each task"] if notes else []
    return " and ".join([*found, *([f"no more of its rows than --limit {limit:g}"] if limit else [])])


def notes_text(run: Run, result: TaskResult) -> str:
    """Return how many notes of a task a run answered: "142", of a sample "60 of 142", or "60, a sample"."""
    asked = run.settings.eval_notes
    # So few notes that all of them were asked.
    whole = not run.settings.limit and (asked is None or result.notes < asked)
    available = None if whole else notes_available(run, result)
    if whole or available == result.notes:
        return str(result.notes)
    return f"{result.notes}, a sample" if available is None else f"{result.notes} of {available}"


def notes_available(run: Run, result: TaskResult) -> int | None:
    """Return how many notes a task has to answer: as the results file tells, else as the data here; None if neither."""
    if known := run.settings.available.get(result.name):
        return int(known)
    split = run.settings.eval_split or "test"
    if result.name != result.task.name:
        return len({row.doc_id for row in mini_rows(result.task.name) if row.split == split})
    record = read_record(datasets_dir() / result.task.source)
    counts = record.tasks.get(result.name, {}).get(split) if record else None
    return int(counts["documents"]) if counts else None
