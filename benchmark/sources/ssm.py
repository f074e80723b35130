"""ITAMed: Italian questions of the entrance examination for specialist medical training (SSM), 2017-2025."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from string import ascii_uppercase
from typing import Any

from ..errors import SchemaError
from ..rows import ChoiceRow
from .choice import question_row, read_answer, read_options, shuffled
from .hub import Tables
from .source import HubData, Rows, Source
from .splits import first_of_each, move_to_dev, without_leaks
from .tablefiles import Record
from .tree import Tree
from .values import key_of, text_of

TASK = "itamed_qa_ssm"
DEV_SIZE = 40
"""Questions set aside for few-shot examples; all others are test."""

_LETTERS = ascii_uppercase[:5]
_NO_IMAGE = {"", "0", "false", "n", "nan", "no", "none", "null"}

DATA = HubData(
    "ssm",
    ("Filo-White/ITAMed", "LM-Healthcare/ITAMed"),
    {
        "code": ("question_code",),
        "question": ("question",),
        **{letter: (f"answer_{letter.lower()}",) for letter in _LETTERS},
        "answer": ("correct_answer",),
        "image": ("has_image", "image"),
    },
    files=("ITAMed_complete.json",),
    skip=("EN/*", "en/*", "*/EN/*", "*/en/*", "*_EN.*", "en-*", "*/en-*", "*shuffled*"),
)


def read(tables: Mapping[str, Tables], trees: Mapping[str, Tree]) -> Rows:
    """Read the questions that need no image, with the options in a stable order of our own."""
    del trees
    data = tables[DATA.name]
    rows = first_of_each(_rows(data), data.left_out)
    if len({row.id for row in rows}) < len(rows):
        raise SchemaError(f"{data.origin} holds questions twice, perhaps in two languages: keep only {DATA.files[0]}.")
    return {TASK: without_leaks(move_to_dev(rows, DEV_SIZE, TASK, "test"), data.left_out)}


def _rows(data: Tables) -> Iterator[ChoiceRow]:
    asked = number = 0
    for number, record in enumerate(data.rows(), 1):
        row = "questions that need an image" if needs_image(record["image"]) else _row(data, record, number - 1)
        if isinstance(row, ChoiceRow):
            asked += 1
            yield row
        else:
            data.left_out[row] += 1
    data.require_most(asked, number, "questions can be asked")


def _row(data: Tables, record: Record, number: int) -> ChoiceRow | str:
    origin = f"{data.origin}, row {number}"
    key = f"ssm-{key_of(record, 'code', origin)}"
    question = text_of(record, "question", origin).strip()
    given = read_options({letter: record[letter] for letter in _LETTERS}, origin)
    answer = read_answer(record["answer"], given, origin)
    row = question_row("ssm", "test", question, shuffled(given, question), answer)
    return replace(row, id=key, doc_id=key) if isinstance(row, ChoiceRow) else row


def needs_image(value: Any) -> bool:
    """Tell whether a question's image mark (a yes or no in any writing, or the image itself) says yes."""
    return str(value).strip().lower() not in _NO_IMAGE


SOURCE = Source(
    name="ssm",
    title="ITAMed (SSM)",
    homepage="https://github.com/LM-Healthcare/ITAMed",
    licence="cc-by-4.0",
    licence_note="CC BY 4.0; the examination questions themselves are official acts of the Italian state.",
    redistribute=True,
    citation="Bianchini et al. (2026). A bilingual Italian and English dataset of clinical case questions from "
    "medical specialization exams. Scientific Data.",
    tasks=(TASK,),
    hub=(DATA,),
    read_hub=read,
    traps=(
        "The publisher's answer A is always right: here a stable hash of the question orders the options.",
        "Questions that need an image are left out.",
        "There is no train part: all questions are test but a few for few-shot examples.",
    ),
)
