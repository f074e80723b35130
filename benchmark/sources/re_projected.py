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

TASK = "itamed_re_e3c_projected"
DEV_SIZE = 40
"""Sentences set aside for few-shot examples; all others are test."""

DATA = HubData(
    "re_projected",
    ("NLP-FBK/Italian_Relation_Exteraction",),
    {"text": ("text",), "relations": ("relations",)},
)


def read(tables: Mapping[str, Tables], trees: Mapping[str, Tree]) -> Rows:
    """Read the sentences of every split; those with a string that is not in the text are left out."""
    del trees
    data = tables[DATA.name]
    rows = list(_rows(data))
    total = sum(1 for _ in data.rows())
    if 2 * len(rows) < total:
        message = (
            f"{data.origin}: only {len(rows)} of {total} sentences hold their pairs. Is `relations` the right column?"
        )
        raise SchemaError(message)
    return {TASK: without_leaks(move_to_dev(first_of_each(rows), DEV_SIZE, TASK, "test"))}


def _rows(data: Tables) -> Iterator[PairRow]:
    for number, record in enumerate(data.rows()):
        text = str(record["text"] or "").strip()
        pairs = read_pairs(record["relations"], f"{data.origin}, row {number}")
        if text and all(pair.exam in text and pair.result in text for pair in pairs):
            row_id = f"re-projected-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
            yield PairRow(row_id, row_id, "test", text, pairs)


def read_pairs(value: Any, origin: str) -> tuple[Pair, ...]:
    """Return the pairs of a sentence, each once, from lists [result, examination].

    Raises:
        SchemaError: an entry is not a list of two strings.
    """
    pairs: dict[Pair, None] = {}
    for entry in value if value is not None else ():
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
        "Sentences with a pair of which a string is not in the text are left out, and repeated sentences stand once.",
        "Derived from E3C notes of another language: near copies of our E3C notes among them are not looked for.",
    ),
)
