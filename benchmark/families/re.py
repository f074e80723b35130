"""Relations between an examination and its result: `{"relations": [{"esame": ..., "risultato": ...}]}`.

Strings are compared in normal form as a multiset: within one passage they name the pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..decoding.lark import Bounds, copied, list_of, shape
from ..decoding.pairs import ordered_pairs
from ..decoding.units import MAX_UNITS, first_places, units
from ..rows import PairRow
from ..scoring.bootstrap import Array
from ..scoring.normal import normal
from ..scoring.ratios import prf, ratio, total
from .family import Family, Read
from .items import item_counts, read_records

Relation: TypeAlias = tuple[str, str]
_KEYS = ("esame", "risultato")


class Re(Family[PairRow, list[Relation]]):
    """Pairs of strings of a passage."""

    shown = ("score", "precision", "recall")

    def gold(self, row: PairRow) -> dict[str, Any]:
        """Return the pairs in the text order of their examinations, and those of one in that of their results."""
        place = first_places(row.text)
        pairs = sorted(row.pairs, key=lambda pair: (place(pair.exam), place(pair.result)))
        return {"relations": [{"esame": pair.exam, "risultato": pair.result} for pair in pairs]}

    def is_empty(self, row: PairRow) -> bool:
        """Return whether the passage holds no relation."""
        return not row.pairs

    def grammar(self, row: PairRow, labels: Sequence[str], bounds: Bounds) -> list[str]:
        """Return rules for pairs of strings of the passage: in text order, in any order if it is very long."""
        size = len(units(row.text))
        if not size:
            return ["answer: " + shape('{"relations":[]}')]
        if size <= MAX_UNITS:
            return ordered_pairs(row.text, _KEYS, bounds)
        return [
            "answer: " + list_of("relations", "pair", bounds.max_items),
            "pair: " + shape('{"esame":"@","risultato":"@"}', "COPY", "COPY"),
            *copied(row.text, bounds.max_chars),
        ]

    def read(self, value: Any, row: PairRow, labels: Sequence[str]) -> Read[list[Relation]]:
        """Read (exam, result) pairs."""
        records = read_records(value, "relations", _KEYS)
        return Read([(exam, result) for exam, result in records.answer], records.clean)

    def count(self, row: PairRow, answer: list[Relation]) -> dict[str, float]:
        """Count exact pairs, and pairs of which a side is not in the text."""
        text = normal(row.text)
        truth = [(normal(pair.exam), normal(pair.result)) for pair in row.pairs]
        guess = [(normal(exam), normal(result)) for exam, result in answer]
        unaligned = sum(not all(side and side in text for side in pair) for pair in guess)
        return item_counts(truth, guess) | {"unaligned": unaligned}

    def metrics(self, sums: Mapping[str, Array]) -> dict[str, Array]:
        """Return micro F1 on exact pairs, precision, recall and the share of invented pairs."""
        precision, recall, score = prf(sums)
        invented = ratio(total(sums, "unaligned"), total(sums, "pred"))
        return {"score": score, "precision": precision, "recall": recall, "invented": invented}
