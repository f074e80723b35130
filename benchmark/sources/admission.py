"""The Italian medical admission test: multiple-choice questions published by the ministry."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import SchemaError
from ..rows import ChoiceRow
from ..text import near_copies, stable_hash
from .source import Archive, Rows, Source
from .splits import content
from .tree import Tree

QA = "itamed_qa_admission"
COLUMNS = ("id", "text", "answers", "label")
SHARES = (("train", 0.6), ("dev", 0.7), ("test", 1.0))
"""Upper end of each split's share of the hashes."""

_PATH = "data/questions/medical_school_questions.jsonl"

ARCHIVE = Archive(
    name="test-medicina-main.tar.gz",
    url="https://github.com/room-b007/test-medicina/archive/refs/heads/main.tar.gz",
    wanted=(_PATH,),
    digest="199fc5c33a0bc6a85e151b660c9ff9adb33e3fdaf9f5abb24bc7f7cc5178941e",
)


def read(trees: Mapping[str, Tree]) -> Rows:
    """Return the questions, split by a stable hash so that near-copies stay together.

    Args:
        trees: the source's files, by `Archive.name`.

    Raises:
        SourceError: the file is missing.
        SchemaError: a line is not a question with the columns `COLUMNS`.
    """
    tree = trees[ARCHIVE.name]
    rows = [question(record) for record in _records(tree.text(_PATH))]
    tree.left_out["questions with an empty option, or one that stands twice"] += rows.count(None)
    distinct: dict[str, ChoiceRow] = {}
    for row in filter(None, rows):
        if row is not distinct.setdefault(content(row), row):
            tree.left_out["questions that repeat another"] += 1
    return {QA: list(split_by_groups(list(distinct.values())))}


def question(record: Mapping[str, Any]) -> ChoiceRow | None:
    """Return the row of one question, not yet in a split, or None where options are empty or doubled.

    Everything after a "<" was lost in some options: what is left of them cannot be told apart.
    """
    options = tuple(_clean(option) for option in record["answers"])
    if "" in options or len(set(options)) < len(options):
        return None
    row_id = f"{int(record['id']):04d}"
    text = "\n".join(filter(None, map(_clean, record["text"].split("\n"))))
    return ChoiceRow(row_id, row_id, "", text, options, record["label"])


def split_by_groups(rows: Sequence[ChoiceRow]) -> Iterator[ChoiceRow]:
    """Yield the rows with their split, drawn by a hash of the smallest id among a row's near-copies."""
    texts = [(row.id, content(row)) for row in rows]
    first = {row.id: row.id for row in rows}

    def root(key: str) -> str:
        while first[key] != key:
            key = first[key]
        return key

    for left, right, _ in near_copies(texts, texts):
        low, high = sorted((root(left), root(right)))
        first[high] = low
    for row in rows:
        yield replace(row, split=_split(root(row.id)))


def _split(key: str) -> str:
    share = stable_hash(f"admission:{key}") / 2**64
    return next(split for split, end in SHARES if share < end)


def _records(content: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            yield _checked(_parsed(line, number), number)


def _parsed(line: str, number: int) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise SchemaError(f"{_PATH}, line {number} is not JSON ({error}): download the source again.") from error
    if not isinstance(record, dict) or not set(COLUMNS) <= set(record):
        found = ", ".join(map(str, record)) if isinstance(record, dict) else type(record).__name__
        message = f"{_PATH}, line {number}: found the columns {found}, wanted {', '.join(COLUMNS)}"
        raise SchemaError(f"{message}: the publisher's file has changed.")
    return record


def _checked(record: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    answers, label = record["answers"], record["label"]
    strings = isinstance(answers, list) and all(isinstance(text, str) for text in (record["text"], *answers))
    if not strings or not isinstance(label, int) or not 0 <= label < len(answers):
        message = f"{_PATH}, line {number}: wanted strings and a label that indexes the answers, found {label!r}"
        raise SchemaError(f"{message} for {answers!r:.80}: the publisher's file has changed.")
    return record


def _clean(text: str) -> str:
    return " ".join(html.unescape(text).split())


SOURCE = Source(
    name="admission",
    title="Italian medical admission test",
    homepage="https://github.com/room-b007/test-medicina",
    licence="other",
    licence_note=(
        "The questions are the ministry's (MUR, domande-ap.mur.gov.it), which states no licence for them. The "
        "read-me of the collection says Apache 2.0, which its authors can grant for their own part alone."
    ),
    redistribute=False,
    citation=(
        "Ministero dell'Università e della Ricerca, questions of the national admission test; collected as "
        "Medschool-Test by room-b007 (2024), github.com/room-b007/test-medicina."
    ),
    tasks=(QA,),
    read=read,
    archives=(ARCHIVE,),
    traps=(
        "Everything after a < was lost in some options: 11 questions with empty or doubled options are dropped; about "
        "18 more, all mathematics, keep an option that is cut short.",
        "Of 3,301 questions, 1,180 are biology, 1,009 chemistry, 655 physics and mathematics, 245 general knowledge, "
        "212 logic: the test measures what a candidate knows before studying medicine.",
        "The publisher has no parts: 60 % of the questions are training, 10 % development, 30 % test, by a hash. "
        "Near-copies (half of the shorter one's eight-word sequences, options included) stay in one part.",
    ),
)
