"""Cut long notes into passages at sentence ends, never through a span."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .rows import Span, SpanRow

MAX_CHARS = 900
"""Aim for the length of a passage, in characters; a single longer sentence stays whole."""

_SENTENCE_END = re.compile(r"(?<=[.!?;:])[\"»”’)\]]*\s+|\n+")


def cut_points(text: str, spans: Sequence[Span], max_chars: int = MAX_CHARS) -> list[int]:
    """Return the offsets at which to cut `text`, first 0 and last `len(text)`.

    A cut lies where a sentence starts and inside no span. Passages are filled greedily up to
    `max_chars`; one that has no allowed cut within the limit runs to the next allowed one.
    """
    inside = {i for span in spans for i in range(span.start + 1, span.end)}
    allowed = [m.end() for m in _SENTENCE_END.finditer(text) if m.end() not in inside and m.end() < len(text)]
    cuts, last = [0], 0
    for here in [*allowed, len(text)]:
        if here - cuts[-1] > max_chars and last > cuts[-1]:
            cuts.append(last)
        last = here
    cuts.append(len(text))
    return cuts


def passages(doc_id: str, split: str, text: str, spans: Sequence[Span], max_chars: int = MAX_CHARS) -> list[SpanRow]:
    """Cut one annotated note into rows; each keeps the spans that lie in it, offsets shifted.

    Edge white space belongs to no passage; passages without any visible character are left out.
    """
    cuts = cut_points(text, spans, max_chars)
    rows = []
    for number, (begin, end) in enumerate(pairwise(cuts)):
        piece = text[begin:end].strip()
        if not piece:
            continue
        start = text.index(piece, begin)
        inner = tuple(
            Span(s.start - start, s.end - start, s.type, s.text, s.tag)
            for s in sorted(spans, key=lambda s: (s.start, s.end, s.type))
            if start <= s.start and s.end <= start + len(piece)
        )
        rows.append(SpanRow(f"{doc_id}-p{number}", doc_id, split, piece, inner, start))
    return rows
