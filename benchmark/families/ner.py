"""Named entities and argument components: `{"entities": [{"text": ..., "type": ...}]}`.

Answers give strings; alignment turns them into spans (scoring/align.py). The main score is micro
F1 on exact span and type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..decoding.lark import Bounds, copied, list_of, one_of, shape
from ..decoding.spans import ordered_spans
from ..decoding.units import MAX_UNITS, units
from ..rows import SpanRow
from ..scoring.align import Located, Mention, align
from ..scoring.bootstrap import Array
from ..scoring.iob import is_flat, strict_counts
from ..scoring.match import relaxed_matches
from ..scoring.ratios import prf, ratio, total
from .family import Family, Read
from .items import item_counts, read_records, typed_counts, typed_metrics


class Ner(Family[SpanRow, list[Mention]]):
    """Typed spans of a passage, by exact span and type."""

    shown = ("score", "precision", "recall", "relaxed_f1")

    def gold(self, row: SpanRow) -> dict[str, Any]:
        """Return the entities in text order, the longer of two that start together first."""
        spans = sorted(row.spans, key=lambda s: (s.start, -s.end, s.type))
        return {"entities": [{"text": span.text, "type": span.type} for span in spans]}

    def is_empty(self, row: SpanRow) -> bool:
        """Return whether the passage holds no entity."""
        return not row.spans

    def grammar(self, row: SpanRow, labels: Sequence[str], bounds: Bounds) -> list[str]:
        """Return rules for typed strings of the passage: in text order, in any order if it is very long."""
        size = len(units(row.text))
        if not size or not labels:
            return ["answer: " + shape('{"entities":[]}')]
        if size <= MAX_UNITS:
            return ordered_spans(row.text, labels, bounds)
        return [
            "answer: " + list_of("entities", "span", bounds.max_items),
            "span: " + shape('{"text":"@","type":"@"}', "COPY", one_of(labels)),
            *copied(row.text, bounds.max_chars),
        ]

    def read(self, value: Any, row: SpanRow, labels: Sequence[str]) -> Read[list[Mention]]:
        """Read (text, type) pairs; a type outside `labels` becomes "?", which is never right."""
        records = read_records(value, "entities", ("text", "type"))
        mentions = [(text, kind if kind in labels else "?") for text, kind in records.answer]
        return Read(mentions, records.clean and all(kind != "?" for _, kind in mentions))

    def count(self, row: SpanRow, answer: list[Mention]) -> dict[str, float]:
        """Count exact, relaxed, strict IOB2 and untagged matches, and strings that are not in the text."""
        truth: list[Located] = [(span.start, span.end, span.type) for span in row.spans]
        spans = align(answer, row.text, truth)
        located: list[Located] = [span for span in spans if span]
        # An unaligned string is a false positive of its type, at no place.
        guess = [span or (-1, -1, kind) for span, (_, kind) in zip(spans, answer, strict=True)]
        counts = typed_counts([(s, s[2]) for s in truth], [(s, s[2]) for s in guess])
        counts |= {"tp~": relaxed_matches(truth, located), "pred~": len(guess), "gold~": len(truth)}
        counts["unaligned"] = len(guess) - len(located)
        if is_flat(truth):
            hits, predicted, expected = strict_counts(row.text, truth, located)
            counts |= {"tp#": hits, "pred#": predicted + counts["unaligned"], "gold#": expected}
        return counts | _untagged(row, truth, guess)

    def metrics(self, sums: Mapping[str, Array]) -> dict[str, Array]:
        """Return exact, relaxed, strict IOB2 (flat gold only) and untagged F1, and the invented share."""
        found = typed_metrics(sums)
        for name, suffix in (("relaxed_f1", "~"), ("iob2_f1", "#"), ("untagged_f1", "!")):
            found[name] = prf(sums, suffix)[2]
        found["invented"] = ratio(total(sums, "unaligned"), total(sums, "pred"))
        return found


def _untagged(row: SpanRow, truth: list[Located], guess: list[Located]) -> dict[str, float]:
    """Count without tagged gold spans (answer options) and without the answers that name one."""
    tagged = {(span.start, span.end) for span in row.spans if span.tag}
    mine, theirs = ([span for span in side if span[:2] not in tagged] for side in (truth, guess))
    return item_counts(mine, theirs, "!")
