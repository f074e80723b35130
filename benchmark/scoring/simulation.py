"""Made-up notes whose true scores are known: what intervals and tests are checked against.

A note has a number of gold items, none in some notes, and a difficulty that all models share. A model finds each item
of a note with the same probability, so that items of a note are correlated, and answers wrong items the more often,
the less it finds. The log odds of that probability are the model's level, less the note's difficulty, plus a deviation
of this model on this note, all normal. Micro F1 over infinitely many notes follows from the level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .bootstrap import Array, Counts

_EXTRA = 0.5
"""Wrong items that a model which finds nothing answers in a note, beside one a gold item."""


@dataclass(frozen=True)
class Corpus:
    """What notes are like, and how models answer them.

    `items` is the mean number of gold items of notes that have any, `empty` the share of notes without, `shape` that of
    the negative binomial distribution (the smaller, the more they differ). `hardness` and `own` are the standard
    deviations of note difficulty and of a model's own deviation, in log odds. The second of two models answers a share
    `alike` of the notes as the first does. If `questions`, each note is one question, and every answer one item.
    """

    notes: int
    items: float = 6.0
    empty: float = 0.15
    shape: float = 1.0
    hardness: float = 1.0
    own: float = 0.5
    alike: float = 0.0
    questions: bool = False

    def answered(self, rng: np.random.Generator, scores: Sequence[float]) -> list[list[Counts]]:
        """Make up the notes, and what models answer to them.

        Args:
            rng: the generator to draw from.
            scores: the true micro F1 of each model, more than 0 and less than 1.

        Returns:
            For each model the counts "tp", "pred" and "gold" of each note.
        """
        gold, hard = self._gold(rng), rng.normal(0, self.hardness, self.notes)
        first, *others = (self._answers(rng, gold, hard, score) for score in scores)
        same = rng.random(self.notes) < self.alike
        models = [first, *(np.where(same, first, other) for other in others)]
        return [[{"tp": tp, "pred": pred, "gold": n} for tp, pred, n in model.T.tolist()] for model in models]

    def _gold(self, rng: np.random.Generator) -> Array:
        if self.questions:
            return np.ones(self.notes)
        filled = 1 + rng.negative_binomial(self.shape, self.shape / (self.shape + self.items - 1), self.notes)
        return np.where(rng.random(self.notes) < self.empty, 0.0, filled)

    def _answers(self, rng: np.random.Generator, gold: Array, hard: Array, score: float) -> Array:
        """Return the numbers of right, of all answered and of gold items, (3, notes)."""
        logits = _level(self._recall(score), float(np.hypot(self.hardness, self.own))) - hard
        found = 1 / (1 + np.exp(-logits - rng.normal(0, self.own, self.notes)))
        right = rng.binomial(gold.astype(int), found)
        wrong = gold - right if self.questions else rng.poisson((gold + _EXTRA) * (1 - found))
        return np.stack([right, right + wrong, gold])

    def _recall(self, score: float) -> float:
        """Solve F1 = 2 right / (answered + gold) for the share of gold items that are found."""
        if self.questions:
            return score
        gold = (1 - self.empty) * self.items
        return score * (2 * gold + _EXTRA) / (2 * gold + _EXTRA * score)


@lru_cache
def _level(recall: float, spread: float) -> float:
    """Return the mean of normal log odds with this spread at which the mean probability is `recall`."""
    points, shares = np.polynomial.hermite_e.hermegauss(64)
    levels = np.linspace(-30, 30, 6001)
    recalls = 1 / (1 + np.exp(-levels[:, None] - spread * points)) @ (shares / shares.sum())
    return float(np.interp(recall, recalls, levels))
