"""MedQA in Italian: questions of the United States medical licensing examination, machine-translated."""

from __future__ import annotations

from collections.abc import Mapping

from ..rows import SPLITS
from .choice import question_rows
from .hub import Tables
from .source import HubData, Rows, Source
from .splits import first_of_each, move_to_dev, without_leaks
from .tree import Tree

TASK = "itamed_qa_medqa"
DEV_SIZE = 500
"""Questions of the train part that serve as dev where the publisher has no validation part."""

DATA = HubData(
    "medqa",
    ("NLP-FBK/medqa-it",),
    # As in the usual English copies; the Italian columns were never seen: $ITAMED_HOME/columns.yaml overrides.
    {"question": ("question",), "options": ("options",), "answer": ("answer_idx", "answer")},
)


def read(tables: Mapping[str, Tables], trees: Mapping[str, Tree]) -> Rows:
    """Read the questions; those that stand in two splits or nearly copy a test question leave train and dev."""
    del trees
    data = tables[DATA.name]
    data.require("test", "train")
    known = [split for split in SPLITS if split in data.splits]
    rows = first_of_each((row for split in known for row in question_rows(data, split, split)), data.left_out)
    if "dev" not in known:
        rows = move_to_dev(rows, DEV_SIZE, TASK, "train")
    return {TASK: without_leaks(rows, data.left_out)}


SOURCE = Source(
    name="medqa",
    title="MedQA in Italian",
    homepage="https://huggingface.co/datasets/NLP-FBK/medqa-it",
    licence="other",
    licence_note="The English original is MIT; the translation states no licence: load it, do not republish it.",
    redistribute=False,
    citation="Jin et al. (2021). What disease does this patient have? Applied Sciences 11(14), 6421.",
    tasks=(TASK,),
    hub=(DATA,),
    read_hub=read,
    traps=(
        "The columns of the Italian copy were not public when the reader was written: "
        "if they differ, the build says which it found, and columns.yaml maps them.",
        "Questions of train and dev that nearly copy a test question are dropped.",
    ),
)
