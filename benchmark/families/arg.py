"""Argument relations between given components: `{"relations": [{"head", "tail", "type"}]}`.

Argument components are typed spans and belong to ner.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..decoding.lark import Bounds, list_of, one_of, shape
from ..decoding.relations import MAX_CHOICES, ordered_relations
from ..rows import GraphRow
from ..scoring.bootstrap import Array
from .family import Family, Read
from .items import read_records, typed_counts, typed_metrics

Relation: TypeAlias = tuple[str, str, str]
_KEYS = ("head", "tail", "type")


class Arg(Family[GraphRow, list[Relation]]):
    """Typed edges between given components."""

    shown = ("score", "precision", "recall")

    def gold(self, row: GraphRow) -> dict[str, Any]:
        """Return the relations in the order of the components, of the heads first."""
        place = {component.id: number for number, component in enumerate(row.components)}
        edges = sorted(row.relations, key=lambda edge: (place[edge.head], place[edge.tail], edge.type))
        return {"relations": [{"head": edge.head, "tail": edge.tail, "type": edge.type} for edge in edges]}

    def is_empty(self, row: GraphRow) -> bool:
        """Return whether no relation is annotated."""
        return not row.relations

    def grammar(self, row: GraphRow, labels: Sequence[str], bounds: Bounds) -> list[str]:
        """Return rules for relations of the given components: in their order, in any order if they are too many."""
        ids = [component.id for component in row.components]
        if len(ids) < 2 or not labels:
            return ["answer: " + shape('{"relations":[]}')]
        if len(ids) * len(labels) <= MAX_CHOICES:
            return ordered_relations(ids, labels, bounds)
        return [
            "answer: " + list_of("relations", "edge", bounds.max_items),
            "edge: " + shape('{"head":"@","tail":"@","type":"@"}', "ID", "ID", one_of(labels)),
            "ID: " + one_of(ids),
        ]

    def read(self, value: Any, row: GraphRow, labels: Sequence[str]) -> Read[list[Relation]]:
        """Read (head id, tail id, type) triples; a type outside `labels` becomes "?", never right."""
        records = read_records(value, "relations", _KEYS)
        ids = {component.id for component in row.components}
        triples = [(head, tail, kind if kind in labels else "?") for head, tail, kind in records.answer]
        known = all(head in ids and tail in ids and kind != "?" for head, tail, kind in triples)
        return Read(triples, records.clean and known)

    def count(self, row: GraphRow, answer: list[Relation]) -> dict[str, float]:
        """Count exact triples, overall and by type."""
        truth = [((edge.head, edge.tail, edge.type), edge.type) for edge in row.relations]
        return typed_counts(truth, [(triple, triple[2]) for triple in answer])

    def metrics(self, sums: Mapping[str, Array]) -> dict[str, Array]:
        """Return micro F1 on exact triples, precision, recall, and F1 by type."""
        return typed_metrics(sums)
