"""From the human-readable notes of one YAML file to the rows of one task, a function a row class."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import SchemaError
from ..rows import ChoiceRow, Component, Edge, FormRow, GraphRow, Item, Pair, PairRow, Span, SpanRow
from .markup import Mark, Marked, read_marked

_OPTION = re.compile(r"o\d")


@dataclass(frozen=True)
class Sheet:
    """The notes of one task: parsed YAML `notes`, and what their file says of forms, if anything."""

    task: str
    notes: list[dict[str, Any]]
    pages: dict[str, list[dict[str, Any]]]
    empty: str

    def base(self, note: dict[str, Any], suffix: str = "") -> tuple[str, str, str]:
        """Return (id, doc_id, split) of a row; ids are unique over all tasks, doc_ids shared by them."""
        return f"mini-{self.task.removeprefix('itamed_')}-{note['id']}{suffix}", f"mini-{note['id']}", note["split"]


def span_rows(sheet: Sheet, types: Collection[str]) -> Iterator[SpanRow]:
    """Yield one row a passage, with its marks whose label is in `types`."""
    for note in sheet.notes:
        for number, (offset, passage) in enumerate(read_marked(note["text"]).passages()):
            marks = [mark for mark in passage.marks if mark.label in types]
            yield SpanRow(*sheet.base(note, f"-p{number}"), passage.text, _spans(passage, marks), offset)


def pair_rows(sheet: Sheet) -> Iterator[PairRow]:
    """Yield one row a passage; a mark's note is the examination that the marked result pertains to."""
    for note in sheet.notes:
        for number, (_, passage) in enumerate(read_marked(note["text"]).passages()):
            pairs = [Pair(mark.note, passage.text[mark.start : mark.end]) for mark in passage.marks if mark.note]
            yield PairRow(*sheet.base(note, f"-p{number}"), passage.text, tuple(pairs))


def form_rows(sheet: Sheet) -> Iterator[FormRow]:
    """Yield one row a page of each note's form; items that the note does not fill have the empty value.

    Raises:
        SchemaError: a note fills an item that its page has not.
    """
    for note in sheet.notes:
        text = read_marked(note["text"]).text
        for page, filled in note["forms"].items():
            names = {item["name"] for item in sheet.pages[page]}
            if not filled.keys() <= names:
                raise SchemaError(f"{note['id']} fills {sorted(filled.keys() - names)}: not on its page {page!r}.")
            items = [_item(item, filled, sheet.empty, note.get("unscored", ())) for item in sheet.pages[page]]
            yield FormRow(*sheet.base(note, f"-{page}"), text, tuple(items))


def choice_rows(sheet: Sheet) -> Iterator[ChoiceRow]:
    """Yield one row a question; the answer is written as a letter."""
    for note in sheet.notes:
        yield ChoiceRow(*sheet.base(note), note["question"], tuple(note["options"]), "ABCDE".index(note["answer"]))


def component_rows(sheet: Sheet) -> Iterator[SpanRow]:
    """Yield one row a document with all its marks; answer options are tagged."""
    for note in sheet.notes:
        marked = read_marked(note["text"])
        yield SpanRow(*sheet.base(note), marked.text, _spans(marked, marked.marks))


def graph_rows(sheet: Sheet) -> Iterator[GraphRow]:
    """Yield one row a document that has components; its `relations` read "head type tail"."""
    for note in sheet.notes:
        marked = read_marked(note["text"])
        ids = {mark.note: f"A{number}" for number, mark in enumerate(marked.marks, 1)}
        components = [Component(ids[m.note], marked.text[m.start : m.end], m.label) for m in marked.marks]
        edges = [_edge(relation, ids) for relation in note.get("relations", ())]
        if components:
            yield GraphRow(*sheet.base(note), marked.text, tuple(components), tuple(edges))


def _spans(marked: Marked, marks: Collection[Mark]) -> tuple[Span, ...]:
    return tuple(
        Span(m.start, m.end, m.label, marked.text[m.start : m.end], "opzione" if _OPTION.fullmatch(m.note) else "")
        for m in marks
    )


def _item(item: dict[str, Any], filled: dict[str, str], empty: str, unscored: Collection[str]) -> Item:
    name, options = item["name"], tuple(item.get("options", ()))
    return Item(name, item["kind"], filled.get(name, empty), options, name not in unscored, empty)


def _edge(relation: str, ids: dict[str, str]) -> Edge:
    head, kind, tail = relation.split()
    return Edge(ids[head], ids[tail], kind)
