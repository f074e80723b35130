"""ITAMed: Italian questions of the entrance examination for specialist medical training (SSM), 2017-2025."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from string import ascii_uppercase
from typing import Any

from ..errors import SchemaError
from ..rows import ChoiceRow
from .choice import question_row, read_answer, shuffled
from .hub import Tables
from .source import HubData, Rows, Source
from .splits import first_of_each, move_to_dev, without_leaks
from .tree import Tree

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
    rows = first_of_each(_rows(tables[DATA.name]))
    if len({row.id for row in rows}) < len(rows):
        message = (
            f"{tables[DATA.name].origin} holds questions twice, perhaps in two languages: keep only {DATA.files[0]}."
        )
        raise SchemaError(message)
    return {TASK: without_leaks(move_to_dev(rows, DEV_SIZE, TASK, "test"))}


def _rows(data: Tables) -> Iterator[ChoiceRow]:
    for number, record in enumerate(data.rows()):
        if needs_image(record["image"]):
            continue
        question = str(record["question"] or "").strip()
        given = {letter: " ".join(str(record[letter] or "").split()) for letter in _LETTERS}
        answer = read_answer(record["answer"], given, f"{data.origin}, row {number}")
        row = question_row("ssm", "test", question, shuffled(given, question), answer)
        if row is not None:
            key = f"ssm-{record['code']}"
            yield replace(row, id=key, doc_id=key)


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
