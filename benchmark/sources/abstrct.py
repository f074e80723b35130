"""AbstRCT in Italian: argument components in the abstracts of clinical trials, sentence by sentence."""

from __future__ import annotations

from collections.abc import Mapping

from ..rows import SpanRow
from .iob import read_sentences, render
from .source import Archive, Rows, Source
from .splits import without_leaks
from .tree import Tree

NEOPLASM = "itamed_arg_abstrct"
GLAUCOMA = "itamed_arg_abstrct_glaucoma"
LABELS = {"Premise": "premessa", "Claim": "affermazione", "MajorClaim": "affermazione"}

_FOLDER = "data/data_for_experiments/IT/nllb/argument_components/manual_revision"
_PARTS = {
    NEOPLASM: (("train", "neoplasm", "train"), ("dev", "neoplasm", "dev"), ("test", "neoplasm", "test")),
    GLAUCOMA: (("test", "glaucoma", "test"),),
}
"""Split, disease and the publisher's name of the part, by task."""

ARCHIVE = Archive(
    name="abstrct-projections-main.tar.gz",
    url="https://github.com/ragerri/abstrct-projections/archive/refs/heads/main.tar.gz",
    wanted=(f"{_FOLDER}/it_neoplasm_nllb_awesome_*.tsv", f"{_FOLDER}/it_glaucoma_nllb_awesome_*.tsv"),
    digest="fdc9d0c7673ba5ba681eb2810607ca40efe9703ad34a5f78bf38269dea2db3a3",
)


def read(trees: Mapping[str, Tree]) -> Rows:
    """Return one row a sentence; train and dev sentences that nearly copy a test sentence are dropped.

    Args:
        trees: the source's files, by `Archive.name`.

    Raises:
        SourceError: a file is missing.
        SchemaError: a line or a label is not what the corpus holds.
    """
    tree = trees[ARCHIVE.name]
    rows = {task: [row for part in parts for row in _sentence_rows(tree, *part)] for task, parts in _PARTS.items()}
    kept = {row.id for row in without_leaks([row for listed in rows.values() for row in listed], tree.left_out)}
    return {task: [row for row in listed if row.id in kept] for task, listed in rows.items()}


def _sentence_rows(tree: Tree, split: str, disease: str, part: str) -> list[SpanRow]:
    path = f"{_FOLDER}/it_{disease}_nllb_awesome_{part}.tsv"
    rows = []
    for number, sentence in enumerate(read_sentences(tree.text(path), path)):
        text, spans = render(sentence, LABELS)
        key = f"{disease}-{part}-{number:04d}"
        rows.append(SpanRow(key, key, split, text, tuple(spans)))
    return rows


SOURCE = Source(
    name="abstrct",
    title="AbstRCT in Italian: argument components in abstracts of clinical trials",
    homepage="https://github.com/ragerri/abstrct-projections",
    licence="cc-by-nc-sa-4.0",
    licence_note=(
        "The authors publish the same data on the Hub (HiTZ/multilingual-abstrct) as CC BY-NC-SA 4.0, while the "
        "repository with the files read here carries an Apache-2.0 licence. The stricter terms are applied: no "
        "commercial use, credit, and the same licence on copies."
    ),
    redistribute=True,
    citation=(
        "Mayer, Cabrio, Villata (2020). Transformer-Based Argument Mining for Healthcare Applications. ECAI. "
        "Yeginbergen, Agerri (2024). Cross-lingual Argument Mining in the Medical Domain. Procesamiento del "
        "Lenguaje Natural."
    ),
    tasks=(NEOPLASM, GLAUCOMA),
    read=read,
    archives=(ARCHIVE,),
    traps=(
        "The files mark sentences, not abstracts: a sentence is a document here, and intervals count sentences.",
        "In 87 % of the sentences with a component it is the whole sentence.",
        "Text was translated by machine: quotation marks around semicolons and HTML entities are the publisher's.",
        "Glaucoma has a test part only: its few-shot examples come from the neoplasm train part.",
    ),
)
