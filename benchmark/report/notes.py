"""Scores note by note: what a run made of each, and how two runs fare on the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..scoring.bootstrap import Table
from ..verdict import Mode, finished
from .run import Run


@dataclass(frozen=True)
class Duel:
    """On how many notes the second of two runs scores higher, the same and lower than the first."""

    wins: int
    ties: int
    losses: int

    def __add__(self, other: Duel) -> Duel:
        """Return the duel on the notes of two tasks: a note that both tasks have counts twice."""
        return Duel(self.wins + other.wins, self.ties + other.ties, self.losses + other.losses)


def note_scores(run: Run, name: str, mode: Mode = "repaired") -> dict[str, float]:
    """Return the main score of a task on each of its notes; none where the answers were not kept.

    Where there is nothing to find and nothing was found, the score of the note is 1.

    Raises:
        ItamedError: the samples file is damaged.
    """
    records = run.records(name, mode)
    if not records:
        return {}
    family, notes = finished(records)
    scores = family.metrics(Table(notes.values()).sums(np.eye(len(notes))))["score"]
    return dict(zip(notes, np.nan_to_num(scores, nan=1.0).tolist(), strict=True))


def duel(first: Mapping[str, float], second: Mapping[str, float]) -> Duel:
    """Count the notes that both runs answered; a tie is the same score."""
    gains = [second[note] - score for note, score in first.items() if note in second]
    return Duel(sum(gain > 0 for gain in gains), sum(gain == 0 for gain in gains), sum(gain < 0 for gain in gains))
