"""What a family is: the same few functions on plain data, whatever the kind of row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from ..decoding.lark import Bounds
from ..rows import Row
from ..scoring.bootstrap import Array

R = TypeVar("R", bound=Row)
A = TypeVar("A")


@dataclass(frozen=True)
class Read(Generic[A]):
    """A family's view of a JSON value: the items it could use, and whether the form was perfect."""

    answer: A
    clean: bool


class Family(ABC, Generic[R, A]):
    """One kind of row `R` and its answers `A`: plain data, such as a list of tuples or an index."""

    shown: ClassVar[tuple[str, ...]]
    """Metrics that the harness's own table shows, the main one ("score") first; reports hold them all."""

    @abstractmethod
    def gold(self, row: R) -> dict[str, Any]:
        """Return the right answer as the JSON object that a model should write."""

    @abstractmethod
    def is_empty(self, row: R) -> bool:
        """Return whether the right answer says that there is nothing to find."""

    def variety(self, row: R) -> str:
        """Return what few-shot examples should differ in; the same for all rows where nothing matters."""
        return ""

    @abstractmethod
    def grammar(self, row: R, labels: Sequence[str], bounds: Bounds) -> list[str]:
        """Return Lark rules of which `answer` matches all right-shaped answers, as compact JSON.

        Args:
            row: the row that is asked about.
            labels: the task's types, where the family has types.
            bounds: how much an answer may hold.
        """

    @abstractmethod
    def read(self, value: Any, row: R, labels: Sequence[str]) -> Read[A]:
        """Take a JSON value for an answer; what cannot be used is dropped or kept as a wrong item.

        Args:
            value: parsed JSON, or None for a response without any.
            row: the row that was asked about.
            labels: the task's types, where the family has types.
        """

    @abstractmethod
    def count(self, row: R, answer: A) -> dict[str, float]:
        """Return additive counts of one row; "gold" is the number of gold items."""

    def finish(self, counts: Mapping[str, float]) -> dict[str, float]:
        """Turn the summed counts of one note into additive counts of the corpus."""
        return dict(counts)

    @abstractmethod
    def metrics(self, sums: Mapping[str, Array]) -> dict[str, Array]:
        """Return metric values from summed counts, as arrays over resamples; nan is undefined."""
