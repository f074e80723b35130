"""MedMCQA in Italian: Indian medical entrance questions, machine-translated.

The publisher hides the test answers, so its validation part is the test here and dev is carved
out of train.
"""

from __future__ import annotations

from collections.abc import Mapping

from .choice import question_rows
from .hub import Tables
from .source import HubData, Rows, Source
from .splits import first_of_each, move_to_dev, without_leaks
from .tree import Tree

TASK = "itamed_qa_medmcqa"
DEV_SIZE = 500
"""Questions of the train part that serve as dev."""

_OPTIONS = ("opa", "opb", "opc", "opd")
_SPLITS = {"train": "train", "dev": "test"}

DATA = HubData(
    "medmcqa",
    ("Detsutut/medmcqa-ita", "NLP-FBK/medmcqa-it"),
    {"question": ("question",), **{name: (name,) for name in _OPTIONS}, "answer": ("cop", "answer_idx", "answer")},
    skip=("test/*", "*/test-*", "test-*", "*/test/*"),
)


def read(tables: Mapping[str, Tables], trees: Mapping[str, Tree]) -> Rows:
    """Read the questions; those that stand in two splits or nearly copy a test question leave train and dev."""
    del trees
    data = tables[DATA.name]
    data.require(*_SPLITS)
    asked = (
        row
        for split, ours in _SPLITS.items()
        for row in question_rows(data, split, ours, lambda record: [record[name] for name in _OPTIONS])
    )
    rows = first_of_each(asked, data.left_out)
    return {TASK: without_leaks(move_to_dev(rows, DEV_SIZE, TASK, "train"), data.left_out)}


SOURCE = Source(
    name="medmcqa",
    title="MedMCQA in Italian",
    homepage="https://huggingface.co/datasets/Detsutut/medmcqa-ita",
    licence="other",
    licence_note="The English original is MIT; the translation states no licence: load it, do not republish it.",
    redistribute=False,
    citation="Pal, Umapathi, Sankarasubbu (2022). MedMCQA. CHIL. Translation: Buonocore et al., arXiv 2407.06011.",
    tasks=(TASK,),
    hub=(DATA,),
    read_hub=read,
    traps=(
        "The publisher hides the test answers: the validation part is the test here, dev is carved out of train.",
        "Another translation (NLP-FBK/medmcqa-it, accepted from a sources folder) gives scores that do not compare.",
        "Rows with fewer than two different options, or whose right option stands twice, are dropped.",
    ),
)
