"""From a run to what was asked, answered and made of it, note by note."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..decoding.answer import Status
from ..errors import ItamedError
from ..report.notes import note_scores
from ..report.run import Run, unkept
from ..report.samples import damaged, read_samples, samples_path
from ..report.usage import prompt_of
from ..rows import Row, row_class
from ..verdict import judge
from .errors import judged_items
from .items import Judged, Kind, errors


class RedactedError(ItamedError):
    """A run has neither notes nor answers, as they were taken out of it."""


@dataclass(frozen=True)
class RowView:
    """A row with the prompt as sent, the raw answer, its form, and the judged items."""

    row: Row
    prompt: str
    response: str
    status: Status
    items: tuple[Judged, ...]


@dataclass(frozen=True)
class NoteView:
    """A note of a task: its main score, from 0 to 1, and its rows."""

    task: str
    note: str
    score: float
    rows: tuple[RowView, ...]

    @property
    def kinds(self) -> Counter[Kind]:
        """Return how many items there are of each kind."""
        return Counter(item.kind for row in self.rows for item in row.items)

    @property
    def errors(self) -> int:
        """Return how many items are not right."""
        return errors(self.kinds)

    @property
    def statuses(self) -> Counter[Status]:
        """Return how many answers there are of each form."""
        return Counter(row.status for row in self.rows)


def read_notes(run: Run, name: str, only: Collection[str] | None = None) -> list[NoteView]:
    """Return the notes of a task, the worst first: by score, then by the number of errors.

    Args:
        run: a run with its samples.
        name: the task's name in it.
        only: the ids of the notes to read; None for all.

    Raises:
        RedactedError: the run is a copy without texts.
        ItamedError: the answers were not kept, or are damaged.
    """
    scores = note_scores(run, name)
    if not scores:
        raise unkept(run, [name])
    rows: dict[str, list[RowView]] = {note: [] for note in scores if only is None or note in only}
    path = samples_path(run.path, name)
    for sample in read_samples(path):
        if "resps" not in sample:
            raise RedactedError(
                f"{path} holds neither notes nor answers: it is a redacted copy. Take the run that it was made from."
            )
        if sample["filter"] == "repaired" and sample["score"][1] in rows:
            try:
                rows[sample["score"][1]].append(_row(sample))
            except (KeyError, TypeError, IndexError) as error:
                raise damaged(path, repr(error)) from error
    views = [NoteView(name, note, scores[note], tuple(found)) for note, found in rows.items()]
    return sorted(views, key=lambda view: (view.score, -view.errors))


def _row(sample: dict[str, Any]) -> RowView:
    doc, response = sample["doc"], str(sample["resps"][0][0])
    row = row_class(doc).from_dict(dict(doc))
    answer, status = judge(response, doc)
    return RowView(row, prompt_of(sample), response, status, judged_items(row, answer, status))
