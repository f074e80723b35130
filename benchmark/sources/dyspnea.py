"""Emergency notes of patients with dyspnea and the 134 items of their case report form (CL4Health 2026)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..errors import SchemaError
from ..rows import FormRow, Item, Row
from .dyspnea_form import EMPTY, item, options_of
from .hub import Tables
from .source import Archive, HubData, Rows, Source
from .splits import move_to_dev, without_leaks
from .tree import Tree
from .values import key_of, needed_text

TASK = "itamed_crf_dyspnea"
PAGE = 20
"""Most items on one page of the form."""
ITEMS = 134
DEV_SIZE = 8
"""Notes set aside for few-shot examples where the publisher hides the answers of its test part."""

_LABELS = "development_data/dev_gt.jsonl"
_COLUMNS = {"document_id": ("document_id",), "note": ("clinical_note",), "annotations": ("annotations",)}
_SKIP = ("en-*", "*/en-*", "en/*", "*/en/*")
DEVELOPMENT = HubData("dyspnea_development", ("NLP-FBK/dyspnea-crf-development",), _COLUMNS, skip=_SKIP)
TEST = HubData("dyspnea_test", ("NLP-FBK/dyspnea-crf-test",), _COLUMNS, skip=_SKIP)
ARCHIVE = Archive(
    "CRF-filling-CL4Health2026-main.tar.gz",
    "https://codeload.github.com/hltfbk/CRF-filling-CL4Health2026/tar.gz/refs/heads/main",
    (_LABELS,),
    "9566783449c98233e34a496cf863f39de811caf7ced8f83c2d3e52b300cf93ee",
)


@dataclass(frozen=True)
class Form:
    """A note with its filled form: value by item name, in the form's order."""

    id: str
    note: str
    values: dict[str, str]


def read(tables: Mapping[str, Tables], trees: Mapping[str, Tree]) -> Rows:
    """Read the Italian notes, one row a page of the form.

    The publisher's test part is the test, its development part dev. Where the test part comes
    without answers, the development part is the test but a few notes for few-shot examples.
    """
    development = _forms(tables[DEVELOPMENT.name])
    test = _forms(tables[TEST.name])
    known = [*_labels(trees[ARCHIVE.name]), *(form.values for form in (*development, *test))]
    options = {name: options_of(name, seen) for name, seen in _seen(known).items()}
    if any(value != EMPTY for form in test for value in form.values.values()):
        rows = [*_rows(development, "dev", options), *_rows(test, "test", options)]
    else:
        rows = move_to_dev(_rows(development, "test", options), DEV_SIZE, TASK, "test")
    return {TASK: without_leaks(rows, tables[DEVELOPMENT.name].left_out)}


def _forms(data: Tables) -> list[Form]:
    forms = []
    for number, record in enumerate(data.rows("it")):
        key = key_of(record, "document_id", f"{data.origin}, row {number}")
        origin = f"{data.origin}, note {key}"
        forms.append(Form(key, needed_text(record, "note", origin), _values(record["annotations"], origin)))
    return sorted(forms, key=lambda form: form.id)


def _values(annotations: object, origin: str) -> dict[str, str]:
    """Return the value of each item; one that is hidden (no answer at all) is empty."""
    entries = annotations if isinstance(annotations, list) else []
    values: dict[str, str] = {}
    for entry in entries:
        value = entry.get("ground_truth") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(entry.get("item"), str) or not isinstance(value, str | None):
            raise SchemaError(
                f"{origin}: an annotation is {entry!r:.80}, not an object with `item` and `ground_truth`."
            )
        values[entry["item"].strip()] = (value or "").strip() or EMPTY
    if not len(entries) == len(values) == ITEMS:
        message = f"{origin} has {len(entries)} form items, {len(values)} of them different, instead of {ITEMS}"
        raise SchemaError(f"{message}: is it the right data set?")
    return values


def _labels(tree: Tree) -> Iterator[dict[str, str]]:
    for number, line in enumerate(filter(str.strip, tree.text(_LABELS).splitlines())):
        yield _values(json.loads(line).get("annotations"), f"{_LABELS}, line {number}")


def _seen(forms: Iterable[Mapping[str, str]]) -> dict[str, set[str]]:
    seen: dict[str, set[str]] = {}
    for values in forms:
        for name, value in values.items():
            seen.setdefault(name, set()).add(value)
    return seen


def _rows(forms: Iterable[Form], split: str, options: Mapping[str, tuple[str, ...]]) -> list[Row]:
    return [
        FormRow(f"dyspnea-{form.id}-p{number}", f"dyspnea-{form.id}", split, form.note, page)
        for form in forms
        for number, page in enumerate(_pages(form, options))
    ]


def _pages(form: Form, options: Mapping[str, tuple[str, ...]]) -> list[tuple[Item, ...]]:
    items = [item(name, value, options[name], form.note) for name, value in form.values.items()]
    return [tuple(items[start : start + PAGE]) for start in range(0, len(items), PAGE)]


SOURCE = Source(
    name="dyspnea",
    title="CL4Health 2026 dyspnea forms",
    homepage="https://github.com/hltfbk/CRF-filling-CL4Health2026",
    licence="other",
    licence_note="No licence stated, neither for the notes (Hub) nor for the labels: load them, do not republish them.",
    redistribute=False,
    citation="CRF:Filling shared task, CL4Health workshop at LREC 2026 (NLP unit, Fondazione Bruno Kessler).",
    tasks=(TASK,),
    archives=(ARCHIVE,),
    hub=(DEVELOPMENT, TEST),
    read_hub=read,
    traps=(
        "Nearly all cells are empty (`unknown`): a form left empty scores 0.41 by the official metric.",
        "A free value that the note does not write in the same way cannot be copied from it: the cell is not scored.",
        "If the publisher hides the answers of its test part, the development notes are the test but eight.",
        "The labels of the development part have a few slips, such as a mobility value under `ph`.",
    ),
)
