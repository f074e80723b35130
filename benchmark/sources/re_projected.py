"""E3C measurement relations by projection: sentences with pairs of a result and its examination.

Published by the E3C group as an Italian relation extraction set; labels were carried over from
another language's annotation. All sentences are test but a few for few-shot examples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import SchemaError
from ..rows import Pair, PairRow
from .hub import Tables
from .source import HubData, Rows, Source
from .splits import first_of_each, move_to_dev, without_leaks
from .tree import Tree
from .values import text_of, wrong

TASK = "itamed_re_e3c_projected"
DEV_SIZE = 40
"""Sentences set aside for few-shot examples; all others are test."""

DATA = HubData(
    "re_projected",
    ("NLP-FBK/Italian_Relation_Exteraction",),
    {"text": ("text",), "relations": ("relations",)},
)


def read(tables: Mapping[str, Tables], trees: Mapping[str, Tree]) -> Rows:
    """Read the sentences of every split; those that are not annotated, or wrongly so, are left out."""
    del trees
    data = tables[DATA.name]
    rows = first_of_each(_rows(data), data.left_out)
    return {TASK: without_leaks(move_to_dev(rows, DEV_SIZE, TASK, "test"), data.left_out)}


def _rows(data: Tables) -> Iterator[PairRow]:
    kept = number = 0
    for number, record in enumerate(data.rows(), 1):
        origin = f"{data.origin}, row {number - 1}"
        text = text_of(record, "text", origin).strip()
        pairs = read_pairs(record["relations"], origin)
        if not text:
            data.left_out["sentences without text"] += 1
        elif pairs is None:
            data.left_out["sentences whose relations are missing, which is not to have none"] += 1
        elif not all(pair.exam in text and pair.result in text for pair in pairs):
            data.left_out["sentences with a pair that does not stand in them"] += 1
        else:
            kept += 1
            row_id = f"re-projected-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
            yield PairRow(row_id, row_id, "test", text, pairs)
    data.require_most(kept, number, "sentences hold their pairs")


def read_pairs(value: Any, origin: str) -> tuple[Pair, ...] | None:
    """Return the pairs of a sentence, each once, from lists [result, examination]; None if it is not annotated.

    Raises:
        SchemaError: it is no list, or an entry is not a list of two strings.
    """
    if value is None:
        return None
    if not isinstance(value, list):
        raise wrong(value, "relations", origin, "a list of relations")
    pairs: dict[Pair, None] = {}
    for entry in value:
        strings = [part for part in entry if isinstance(part, str) and part.strip()] if isinstance(entry, list) else []
        if len(strings) != 2 or len(entry) != 2:
            raise SchemaError(
                f"{origin}: a relation is {entry!r:.80}, not a list of two strings [result, examination]."
            )
        pairs[Pair(exam=strings[1].strip(), result=strings[0].strip())] = None
    return tuple(pairs)


SOURCE = Source(
    name="re_projected",
    title="E3C relations, projected to Italian",
    homepage="https://huggingface.co/datasets/NLP-FBK/Italian_Relation_Exteraction",
    licence="other",
    licence_note="No licence stated; derived from E3C (CC BY-NC): load it, do not republish it.",
    redistribute=False,
    citation="Magnini et al. (2020). The E3C project: European clinical case corpus.",
    tasks=(TASK,),
    hub=(DATA,),
    read_hub=read,
    traps=(
        "All sentences are test but a few for few-shot examples: there is no train part, and a model trained on "
        "other splits of this set has seen the test.",
        "Sentences without annotation, or with a pair of which a string is not in the text, are left out, and "
        "repeated sentences stand once.",
        "Derived from E3C notes of another language: near copies of our E3C notes among them are not looked for.",
    ),
)
