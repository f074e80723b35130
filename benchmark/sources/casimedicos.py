"""CasiMedicos-Arg in Italian: questions of the Spanish residency exam, explained by doctors."""

from __future__ import annotations

from collections.abc import Mapping

from ..passages import passages
from ..rows import ChoiceRow, Component, Edge, GraphRow, SpanRow
from .casimedicos_documents import CASE_IDS, PAIRS, TOKENS, Document, read_documents
from .casimedicos_relations import project
from .casimedicos_text import annotated_text
from .source import Archive, Rows, Source
from .tree import Tree

QA = "itamed_qa_casimedicos"
COMPONENTS = "itamed_arg_casimedicos_components"
RELATIONS = "itamed_arg_casimedicos_relations"

ARGUMENTS = Archive(
    name="casimedicos-arg.tar.gz",
    url="https://github.com/ixa-ehu/antidote-casimedicos/archive/refs/heads/main.tar.gz",
    wanted=(TOKENS.format(language="IT", split="*"), TOKENS.format(language="EN", split="*")),
    digest="cb27981150d7368a346b577451cf0c77bd97ff52c74201845ad16c109938472d",
)
GRACE = Archive(
    name="grace-iberlfef26-main.tar.gz",
    url="https://github.com/adrmisty/grace-iberlfef26/archive/refs/heads/main.tar.gz",
    wanted=(CASE_IDS.format(part="*"), PAIRS.format(part="*")),
    digest="c347200b909a0418acfcc1899dac3ccee6f340203a871581daa7994d4e1c444d",
)


def read(trees: Mapping[str, Tree]) -> Rows:
    """Return the rows of the three tasks, all with the same split of the documents.

    Args:
        trees: the source's files, by `Archive.name`.

    Raises:
        SourceError: a file is missing.
        SchemaError: a file is not what its publisher's version of 2024 holds.
    """
    documents = read_documents(trees[ARGUMENTS.name], trees[GRACE.name])
    return {
        QA: [choice_row(document) for document in documents],
        COMPONENTS: [row for document in documents for row in component_rows(document)],
        RELATIONS: [row for document in documents if (row := graph_row(document)).relations],
    }


def choice_row(document: Document) -> ChoiceRow:
    """Return the question with its options; neither answer line nor explanation is in it."""
    case = document.italian
    return ChoiceRow(
        document.id, document.id, document.split, case.question_text(), case.option_texts(), case.answer_index()
    )


def component_rows(document: Document) -> list[SpanRow]:
    """Cut a document into passages with its argument components, those of options tagged."""
    text, components = annotated_text(document.italian)
    return passages(document.id, document.split, text, [span for _, span in components])


def graph_row(document: Document) -> GraphRow:
    """Return a document with all its components and the relations between them, in order of text."""
    text, placed = annotated_text(document.italian)
    edges = project(document.pairs, document.english_components(), placed)
    return GraphRow(
        document.id,
        document.id,
        document.split,
        text,
        tuple(Component(f"A{number}", span.text, span.type) for number, (_, span) in enumerate(placed, 1)),
        tuple(Edge(f"A{head + 1}", f"A{tail + 1}", kind) for head, tail, kind in sorted(edges)),
    )


SOURCE = Source(
    name="casimedicos",
    title="CasiMedicos-Arg in Italian: exam questions and doctors' explanations",
    homepage="https://github.com/ixa-ehu/antidote-casimedicos",
    licence="cc-by-4.0",
    licence_note=(
        "The publisher's read-me states CC BY 4.0, the licence file of the repository CC0: the stricter is applied. "
        "Case ids and relations come from a second repository, which states no licence of its own for its version of "
        "the same data."
    ),
    redistribute=True,
    citation=(
        "Sviridova, Yeginbergen, Estarrona, Cabrio, Villata, Agerri (2024). CasiMedicos-Arg: A Medical Question "
        "Answering Dataset Annotated with Explanatory Argumentative Structures. EMNLP. Alonso, Oronoz, Agerri "
        "(2024). MedExpQA: Multilingual benchmarking of Large Language Models for Medical Question Answering. "
        "Artificial Intelligence in Medicine."
    ),
    tasks=(QA, COMPONENTS, RELATIONS),
    read=read,
    archives=(ARGUMENTS, GRACE),
    traps=(
        "27 of the 117 official test questions stand in train or dev as well, explained by another doctor: 51 train "
        "and 2 dev documents are dropped, and the test is kept.",
        "Italian text was translated by machine.",
        "The text of the argument tasks gives the right answer; the question answering task never shows it.",
        "Every option is annotated as a claim, a third of all components: such spans bear the tag opzione.",
        "Relations are annotated on the English text and carried over by the place of each component: 724 of the 754 "
        "published test pairs. Pairs without a relation are not annotated, rather than known to have none.",
        "Explanations quote options by number.",
    ),
)
