"""PharmaER.IT: drugs, diseases, symptoms and body parts in Italian drug leaflets, as tagged tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..errors import SchemaError
from ..passages import passages
from ..rows import SPLITS, Row, Span
from .hub import Tables
from .source import HubData, Rows, Source
from .splits import without_leaks
from .tree import Tree
from .values import key_of, needed_text, texts_of

TASK = "itamed_ner_pharmaer"

LABELS = {
    **dict.fromkeys(("farmaco", "drug"), "farmaco"),
    **dict.fromkeys(("malattia", "disease"), "malattia"),
    **dict.fromkeys(("sintomo", "symptom"), "sintomo"),
    **dict.fromkeys(("parte anatomica", "anatomical part"), "parte anatomica"),
}
"""Our types by the publisher's: Italian in its version 0.2, English since 0.3."""

_REACH = 40
"""How far after the last token the next may start; a token that was altered is not sought further off."""

DATA = HubData(
    "pharmaer",
    ("expertai/PharmaER.IT",),
    {
        "document_id": ("document_id",),
        "text": ("text",),
        "tokens": ("tokens",),
        "labels": ("labels", "ner_tags"),
    },
    skip=("*silver*",),
)


def read(tables: Mapping[str, Tables], trees: Mapping[str, Tree]) -> Rows:
    """Read the hand-checked leaflets, cut into passages."""
    del trees
    data = tables[DATA.name]
    data.require(*SPLITS)
    rows = [row for split in SPLITS for row in _rows(data, split)]
    return {TASK: without_leaks(rows, data.left_out)}


def _rows(data: Tables, split: str) -> Iterator[Row]:
    for number, record in enumerate(data.rows(split)):
        key = key_of(record, "document_id", f"{data.origin}, {split} row {number}")
        origin = f"{data.origin}, document {key}"
        text, tokens = needed_text(record, "text", origin), texts_of(record, "tokens", origin)
        spans = bio_spans(text, token_offsets(text, tokens), texts_of(record, "labels", origin), origin)
        yield from passages(f"pharmaer-{key}", split, text, spans)


def token_offsets(text: str, tokens: Sequence[str]) -> list[tuple[int, int] | None]:
    """Return where each token stands in the text, in order; None for one that is not written so there."""
    offsets: list[tuple[int, int] | None] = []
    cursor, reach = 0, _REACH
    for token in tokens:
        start = text.find(token, cursor, cursor + reach + len(token)) if token.strip() else -1
        if start < 0:
            offsets.append(None)
            reach += len(token)
        else:
            cursor, reach = start + len(token), _REACH
            offsets.append((start, cursor))
    return offsets


def bio_spans(text: str, offsets: Sequence[tuple[int, int] | None], labels: Sequence[str], origin: str) -> list[Span]:
    """Return the spans of BIO labels, read again in the text; an I that continues nothing opens a span.

    Raises:
        SchemaError: labels and tokens do not match, a label is unknown, or a labelled token is not in the text.
    """
    if len(offsets) != len(labels):
        raise SchemaError(f"{origin} has {len(offsets)} tokens but {len(labels)} labels: download the data set again.")
    found: list[tuple[int, int, str]] = []
    before = ""
    for number, (offset, label) in enumerate(zip(offsets, labels, strict=True)):
        kind = _type(label, origin)
        if kind and offset is None:
            raise SchemaError(f"{origin}: token {number} is labelled {label} but does not stand in the text in order.")
        if kind and offset is not None:
            goes_on = label.upper().startswith("I") and kind == before
            start = found.pop()[0] if goes_on else offset[0]
            found.append((start, offset[1], kind))
        before = kind
    return [Span(start, end, kind, text[start:end]) for start, end, kind in found]


def _type(label: str, origin: str) -> str:
    if label == "O":
        return ""
    prefix, _, name = str(label).partition("-")
    plain = " ".join(name.replace("_", " ").lower().split())
    if prefix.upper() not in ("B", "I") or plain not in LABELS:
        raise SchemaError(f"{origin} has the label {label!r}; known are O, and B- or I- with {', '.join(LABELS)}.")
    return LABELS[plain]


SOURCE = Source(
    name="pharmaer",
    title="PharmaER.IT",
    homepage="https://huggingface.co/datasets/expertai/PharmaER.IT",
    licence="apache-2.0",
    licence_note="Apache 2.0, behind a form that asks for contact details: point others to it, do not republish it.",
    redistribute=False,
    citation="Zugarini, Rigutini (2025). PharmaER.IT: an Italian Dataset for Entity Recognition in the "
    "Pharmaceutical Domain. CLiC-it.",
    tasks=(TASK,),
    hub=(DATA,),
    read_hub=read,
    traps=(
        "Only the hand-checked part is used; the much larger automatic one (`silver`) is not gold.",
        "Leaflets follow a template: train and dev leaflets that nearly copy a test leaflet are dropped.",
        "Offsets are found again in the text, since the publisher gives tokens only.",
    ),
)
