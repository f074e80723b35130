"""What a tagger is beside its weights: which outputs are whose tags, and how texts are cut into windows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate

from ...errors import ItamedError, reason_of
from ...mini.rows import mini_rows
from ...rows import SpanRow
from ...suite import Task, suite, task_of
from .tags import Head

FILE = "tagger.json"
"""Stands beside the weights."""
_FORMAT = 1


@dataclass(frozen=True)
class Settings:
    """The heads in the order of the model's outputs; `length` and `overlap` of windows in tokens."""

    heads: tuple[Head, ...]
    length: int
    overlap: int

    @property
    def labels(self) -> list[str]:
        """Return a name for each output of the model."""
        return [label for head in self.heads for label in head.labels]

    @property
    def layers(self) -> list[tuple[Head, slice]]:
        """Return the outputs of every layer of every head, in order."""
        every = [head for head in self.heads for _ in range(head.layers)]
        ends = list(accumulate(head.width for head in every))
        return [(head, slice(end - head.width, end)) for head, end in zip(every, ends, strict=True)]

    def head_of(self, name: str) -> Head | None:
        """Return the head that answers a task (or its mini version), if there is one.

        A task without training rows is answered by a head of the same source and types: cardiology notes by
        that of drugs.
        """
        task = task_of(name)
        own = next((head for head in self.heads if head.task == task.name), None)
        return own or next((head for head in self.heads if _alike(task_of(head.task), task)), None)

    def answered(self) -> list[str]:
        """Return the tasks of the suite that can be answered."""
        return [task.name for task in span_tasks() if self.head_of(task.name)]

    def to_json(self) -> str:
        """Return the text of `FILE`."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, place: str) -> Settings:
        """Read the text of `FILE`.

        Raises:
            ItamedError: it is something else.
        """
        try:
            data = json.loads(text)
            if data["format"] != _FORMAT:
                raise ValueError(f"format {data['format']}")
            heads = [Head(each["task"], tuple(each["types"]), int(each["layers"])) for each in data["heads"]]
            for head in heads:
                task_of(head.task)
            return cls(tuple(heads), int(data["length"]), int(data["overlap"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ItamedError(
                f"{place} is not what this itamed writes ({reason_of(error)}): train the tagger again."
            ) from error


def span_tasks() -> Sequence[Task]:
    """Return the tasks of the suite whose answers are typed spans."""
    return [task for task in suite().values() if isinstance(mini_rows(task.name)[0], SpanRow)]


def _alike(trained: Task, other: Task) -> bool:
    same = (trained.source, trained.family) == (other.source, other.family)
    return same and list(trained.labels) == list(other.labels) and trained.shots[0] != other.name
