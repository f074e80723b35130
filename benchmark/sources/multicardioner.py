"""MultiCardioNER in Italian: medicines in clinical cases of all kinds and of cardiology."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from ..errors import SchemaError
from ..passages import passages
from ..rows import Row, Span, SpanRow
from .source import Archive, Rows, Source
from .splits import carve, without_leaks
from .tree import Tree

DRUGTEMIST = "itamed_ner_drugtemist"
CARDIOCCC = "itamed_ner_cardioccc"
LABELS = {"FARMACO": "farmaco"}
COLUMNS = ("filename", "label", "start_span", "end_span", "text")

_FOLDERS = {
    DRUGTEMIST: {"drugtemist_train": "train", "drugtemist_test": "test"},
    CARDIOCCC: {"cardioccc_dev": "dev", "cardioccc_test": "test"},
}
"""The publisher's folders and the split that each becomes, by task."""

ARCHIVE = Archive(
    name="multicardioner-it.tar.gz",
    url="https://zenodo.org/records/10948354",
    wanted=("*/*.tsv", "*/txt/*.txt"),
    digest="939b1bb9555026ae8f4c0c49d4c71946f19c8f6edf351fbe8a61fc6ef615a1e6",
    by_hand=(
        "From the Italian part of https://zenodo.org/records/10948354 lay out a folder multicardioner-it with the "
        "folders drugtemist_train, drugtemist_test, cardioccc_dev and cardioccc_test, each with its notes (txt/*.txt) "
        "and a table of its own name (.tsv) with the columns filename, label, start_span, end_span and text."
    ),
)


def read(trees: Mapping[str, Tree]) -> Rows:
    """Return passages of at most about 900 characters with their medicines.

    A tenth of the DrugTEMIST train documents becomes dev; CardioCCC has no train part, since it
    tests what a model makes of another distribution.

    Args:
        trees: the source's files, by `Archive.name`.

    Raises:
        SourceError: a file is missing.
        SchemaError: a column is missing, a label is unknown, or a span is not what stands in the text.
    """
    tree = trees[ARCHIVE.name]
    rows = {task: _task_rows(tree, folders) for task, folders in _FOLDERS.items()}
    kept = {row.id for row in without_leaks([row for listed in rows.values() for row in listed], tree.left_out)}
    return {task: [row for row in listed if row.id in kept] for task, listed in rows.items()}


def _task_rows(tree: Tree, folders: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    for folder, split in folders.items():
        paths = {PurePosixPath(path).stem: path for path in tree.glob(f"{folder}/txt/*.txt")}
        dev = carve(paths, len(paths), "drugtemist-dev") if split == "train" else set()
        spans = read_spans(tree, f"{folder}/{folder}.tsv", paths)
        for doc_id, path in paths.items():
            rows += _document_rows(doc_id, "dev" if doc_id in dev else split, tree.text(path), spans.get(doc_id, []))
    return rows


def _document_rows(doc_id: str, split: str, text: str, spans: list[Span]) -> list[SpanRow]:
    for span in spans:
        found = text[span.start : span.end]
        if found != span.text:
            raise SchemaError(
                f"{doc_id}: characters {span.start} to {span.end} read {found!r}, but the annotation says "
                f"{span.text!r}. Texts and annotations are of different versions: download both again."
            )
    return passages(doc_id, split, text, spans)


def read_spans(tree: Tree, path: str, documents: Mapping[str, str]) -> dict[str, list[Span]]:
    """Return the annotations of one part, by document; offsets count characters of its text.

    Args:
        tree: the source's files.
        path: the annotation table, tab-separated, with the columns `COLUMNS` in any order.
        documents: the documents there are, by name.

    Raises:
        SchemaError: a column is missing, or a row names an unknown document or label.
    """
    spans: dict[str, list[Span]] = {}
    for number, record in _records(tree.text(path), path):
        name, label, start, end, text = (record[column] for column in COLUMNS)
        if name not in documents or label not in LABELS or not (start.isdecimal() and end.isdecimal() and text):
            raise SchemaError(
                f"{path}, line {number}: found {list(record.values())}, wanted a document of the folder txt, one of "
                f"the labels {', '.join(LABELS)}, two offsets and the text: download the source again."
            )
        spans.setdefault(name, []).append(Span(int(start), int(end), LABELS[label], text))
    return spans


def _records(content: str, path: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and record; quotation marks are text, not quoting."""
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
    found = list(reader.fieldnames or ())
    if not set(COLUMNS) <= set(found):
        message = f"{path}: found the columns {', '.join(found) or 'none'}, wanted {', '.join(COLUMNS)}"
        raise SchemaError(f"{message}: is it the right table?")
    for record in reader:
        yield reader.line_num, record


SOURCE = Source(
    name="multicardioner",
    title="MultiCardioNER in Italian: DrugTEMIST and CardioCCC",
    homepage="https://doi.org/10.5281/zenodo.10948354",
    licence="cc-by-4.0",
    licence_note=(
        "The read-me that comes with the data states CC BY 4.0: credit the authors and say what was changed. The "
        "archive read here is laid out anew from a copy of the Zenodo record; check the record before publishing."
    ),
    redistribute=True,
    citation=(
        "Lima-López et al. (2024). Overview of MultiCardioNER task at BioASQ 2024 on Medical Speciality and "
        "Language Adaptation of Clinical NER Systems for Spanish, English and Italian. CLEF Working Notes."
    ),
    tasks=(DRUGTEMIST, CARDIOCCC),
    read=read,
    archives=(ARCHIVE,),
    traps=(
        "Most DrugTEMIST passages hold no medicine: balance empty and filled examples.",
        "The parts have 857, 142, 257 and 247 documents, where the shared task speaks of 1,000 for DrugTEMIST and 258 "
        "for the CardioCCC development part: the split of DrugTEMIST is not the official 750 and 250.",
        "CardioCCC notes are three times as long as DrugTEMIST notes.",
    ),
)
