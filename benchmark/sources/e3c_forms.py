"""Case report forms derived from E3C: the items of similar notes pooled into one form.

A form that held only what its note reports would give the answer away, so each group of similar
notes shares one form and most of its cells are absent in any one note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..rows import SPLITS, FormRow, Item
from ..text import words
from .e3c_items import ABSENT, STATUSES, Fact, facts, status
from .e3c_notes import Note

GROUP_SIZE = 6
"""Notes, about, that share a form: 6 leaves some 84 % of the scored test cells absent."""

PAGE_SIZE = 20
"""Most items on a page of a form."""


@dataclass(frozen=True)
class Field:
    """One item of a form: the facts with these keys fill it; `surfaces` are all its written forms."""

    kind: str
    name: str
    keys: frozenset[str]
    surfaces: frozenset[str]


def form_rows(notes: Sequence[Note]) -> list[FormRow]:
    """Return the pages of every complete note's form, groups made within each split."""
    rows: list[FormRow] = []
    for split in SPLITS:
        reported = {n.id: facts(n.document) for n in notes if n.split == split and n.complete}
        texts = {n.id: n.document.text for n in notes if n.id in reported}
        for group in groups(reported, texts):
            pages = cut(fields(fact for key in group for fact in reported[key]))
            for key in group:
                rows += _pages(key, split, texts[key], reported[key], pages)
    return sorted(rows, key=lambda row: row.doc_id)


def groups(reported: Mapping[str, Sequence[Fact]], texts: Mapping[str, str], size: int = GROUP_SIZE) -> list[list[str]]:
    """Put similar notes together, greedily, in groups of nearly equal size.

    Each group is the first note left and those that share most facts with it, then most words.

    Args:
        reported: the facts of each note, by id.
        texts: the text of each note, by id.
        size: wanted number of notes in a group; as many groups are made as come nearest to it.

    Returns:
        The ids of each group, sorted.
    """
    keys = {note: {(fact.kind, fact.key) for fact in found} for note, found in reported.items()}
    bags = {note: set(words(texts[note])) for note in reported}
    left, result = sorted(reported), []
    count = max(1, round(len(left) / size)) if left else 0
    for number in range(count):
        seed = left[0]
        nearest = sorted(left[1:], key=lambda n: (-len(keys[seed] & keys[n]), -_jaccard(bags[seed], bags[n]), n))
        group = sorted([seed, *nearest[: -(-len(left) // (count - number)) - 1]])
        left = [note for note in left if note not in group]
        result.append(group)
    return result


def fields(pool: Iterable[Fact]) -> list[Field]:
    """Return the items of one form in alphabetical order, each under a name of its own.

    An item is named by its most usual written form; items of one kind with the same name are one.
    An exam that is named like a finding becomes "<name> (valore)".
    """
    written: dict[tuple[str, str], Counter[str]] = {}
    for fact in pool:
        written.setdefault((fact.kind, fact.key), Counter()).update(fact.surfaces)
    merged: dict[tuple[str, str], Field] = {}
    for (kind, key), forms in sorted(written.items()):
        name = _most_usual(forms)
        old = merged.get((kind, name.lower()), Field(kind, name, frozenset(), frozenset()))
        merged[kind, name.lower()] = Field(kind, old.name, old.keys | {key}, old.surfaces | set(forms))
    taken = {name for kind, name in merged if kind == "reperto"}
    named = [
        replace(field, name=f"{field.name} (valore)") if kind == "esame" and name in taken else field
        for (kind, name), field in merged.items()
    ]
    return sorted(named, key=lambda field: field.name.lower())


def cut(form: Sequence[Field], size: int = PAGE_SIZE) -> list[Sequence[Field]]:
    """Cut a form into pages of nearly equal length, none longer than `size`."""
    if not form:
        return []
    length = -(-len(form) // -(-len(form) // size))
    return [form[i : i + length] for i in range(0, len(form), length)]


def cell(field: Field, text: str, reported: Sequence[Fact]) -> Item:
    """Fill one item for one note.

    Not scored: an item that is written in the note without an annotation that fills it; a finding
    whose mentions contradict each other; any finding where a note's findings were not annotated.

    Args:
        field: the item.
        text: the note.
        reported: all facts of the note.
    """
    own = [fact for fact in reported if fact.kind == field.kind and fact.key in field.keys]
    values = [value for fact in own for value in fact.values]
    if field.kind == "esame":
        value = "; ".join(dict.fromkeys(values)) or None
        annotated = True
    else:
        value = status(values)
        annotated = any(fact.kind == "reperto" for fact in reported)
    silent = not own and annotated and not mentioned(field.surfaces, text)
    options = STATUSES if field.kind == "reperto" else ()
    return Item(field.name, field.kind, value or ABSENT, options, value is not None or silent)


def mentioned(surfaces: Iterable[str], text: str) -> bool:
    """Tell whether the words of any of the written forms stand in `text` one after the other."""
    line = f" {' '.join(words(text))} "
    return any(f" {' '.join(words(surface))} " in line for surface in surfaces if words(surface))


def _pages(
    key: str, split: str, text: str, reported: Sequence[Fact], pages: Sequence[Sequence[Field]]
) -> Iterator[FormRow]:
    for number, page in enumerate(pages):
        items = tuple(cell(field, text, reported) for field in page)
        yield FormRow(f"{key}-f{number}", key, split, text, items)


def _most_usual(forms: Counter[str]) -> str:
    """Return the most usual form, case aside; among its spellings the most usual, small letters first."""
    folded: Counter[str] = Counter()
    for form, count in forms.items():
        folded[form.lower()] += count
    return min(forms, key=lambda form: (-folded[form.lower()], form.lower(), -forms[form], form.swapcase()))


def _jaccard(left: set[str], right: set[str]) -> float:
    return len(left & right) / max(1, len(left | right))
