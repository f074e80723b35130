"""Scores note by note: what a run made of each, and how two runs fare on the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..families import family_named
from ..families.family import Family
from ..scoring.bootstrap import Table, by_note
from ..verdict import Mode, Record
from .run import Run


@dataclass(frozen=True)
class Duel:
    """On how many notes the second of two runs scores higher, the same and lower than the first."""

    wins: int
    ties: int
    losses: int


def finished(records: Sequence[Record]) -> tuple[Family[Any, Any], dict[str, dict[str, float]]]:
    """Return the family of some records, at least one, and the counts of each note as the corpus sums them."""
    family = family_named(records[0][0])
    summed = by_note((note, dict(pairs)) for _, note, pairs in records)
    return family, {note: family.finish(counts) for note, counts in summed.items()}


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
