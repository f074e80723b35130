"""E3C, the European Clinical Case Corpus, Italian layer 1: six tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..passages import passages
from ..rows import Pair, PairRow, Span, SpanRow
from .e3c_forms import form_rows
from .e3c_notes import ANNOTATIONS, METADATA, OFFICIAL_SPLIT, Note, read_notes
from .source import Archive, Rows, Source
from .tree import Tree
from .xmi import XmiDocument

ENTITIES = {
    "itamed_ner_e3c_clinentity": ("CLINENTITY", "disturbo"),
    "itamed_ner_e3c_bodypart": ("BODYPART", "parte del corpo"),
    "itamed_ner_e3c_timex": ("TIMEX3", "espressione temporale"),
    "itamed_ner_e3c_result": ("RML", "risultato"),
}
"""Annotation type and label shown, by task."""

RELATIONS = "itamed_re_e3c_pertainsto"
FORMS = "itamed_crf_e3c"

ARCHIVE = Archive(
    name="E3C-Corpus-master.tar.gz",
    url="https://github.com/hltfbk/E3C-Corpus/archive/8196181.tar.gz",
    wanted=(
        ANNOTATIONS,
        METADATA,
        OFFICIAL_SPLIT,
        "preprocessed_data/clinical_entities/layer1/Italian/*.txt",
    ),
    digest="ec799dd7c22db02b7541bd74aed6febfa913463e5f94dc9f83d256d2aa51fd21",
)


def read(trees: Mapping[str, Tree]) -> Rows:
    """Return the rows of the six tasks; only clinical entities use notes that are not complete.

    Args:
        trees: the source's files, by `Archive.name`.

    Raises:
        SourceError: a file is missing or cut off.
        SchemaError: a file is not what the corpus holds.
    """
    tree = trees[ARCHIVE.name]
    notes = read_notes(tree)
    complete = [note for note in notes if note.complete]
    tree.left_out["notes with clinical entities alone, from the other tasks"] += len(notes) - len(complete)
    # A note on several diseases without a single entity was not annotated for them (IT102068).
    with_entities = [note for note in notes if note.document.of("CLINENTITY")]
    tree.left_out["notes without an entity, from the task of clinical entities"] += len(notes) - len(with_entities)
    rows: Rows = {}
    for task, (kind, label) in ENTITIES.items():
        chosen = with_entities if kind == "CLINENTITY" else complete
        rows[task] = [row for note in chosen for row in span_rows(note, kind, label)]
    rows[RELATIONS] = [row for note in complete for row in pair_rows(note)]
    rows[FORMS] = [*form_rows(complete)]
    return rows


def span_rows(note: Note, kind: str, label: str) -> list[SpanRow]:
    """Cut a note into passages with the annotations of one type; nested spans are kept."""
    spans = [Span(a.start, a.end, label, a.text) for a in note.document.of(kind)]
    return passages(note.id, note.split, note.document.text, spans)


def pair_rows(note: Note) -> list[PairRow]:
    """Cut a note into passages that part no pair; passages without a pair are kept."""
    links = linked(note.document)
    bridges = [_bridge(note.document.text, exam, result) for exam, result in links]
    rows = []
    for row in passages(note.id, note.split, note.document.text, bridges):
        end = row.offset + len(row.text)
        inner = [(e, r) for e, r in links if row.offset <= min(e.start, r.start) and max(e.end, r.end) <= end]
        pairs = tuple(Pair(exam.text, result.text) for exam, result in inner)
        rows.append(PairRow(row.id, row.doc_id, row.split, row.text, pairs))
    return rows


def linked(document: XmiDocument) -> Sequence[tuple[Span, Span]]:
    """Return (examination, result) for every result-pertains-to link, ordered by result, then exam."""
    pairs = [(event, result) for result in document.of("RML") for event in document.targets(result, "PERTAINSTO")]
    spans = [tuple(Span(a.start, a.end, a.type, a.text) for a in pair) for pair in pairs]
    return sorted(((exam, result) for exam, result in spans), key=lambda p: (p[1].start, p[1].end, p[0].start))


def _bridge(text: str, left: Span, right: Span) -> Span:
    start, end = min(left.start, right.start), max(left.end, right.end)
    return Span(start, end, "pair", text[start:end])


SOURCE = Source(
    name="e3c",
    title="E3C, European Clinical Case Corpus (Italian, layer 1)",
    homepage="https://github.com/hltfbk/E3C-Corpus",
    licence="cc-by-nc-4.0",
    licence_note=(
        "The publisher releases the corpus as CC BY-NC, without a version (4.0 is our reading). Each note also states "
        "its own licence: CC-BY for 51 of the 86 Italian layer-1 notes, CC-BY-NC for 35; none forbids derived works. "
        "The stricter terms are applied to all: no commercial use, credit to the corpus and to each note's source."
    ),
    redistribute=True,
    citation=(
        "Bernardo Magnini, Begoña Altuna, Alberto Lavelli, Manuela Speranza, Roberto Zanoli (2020). The E3C Project: "
        "Collection and Annotation of a Multilingual Corpus of Clinical Cases. Proceedings of the Seventh Italian "
        "Conference on Computational Linguistics (CLiC-it 2020)."
    ),
    tasks=(*ENTITIES, RELATIONS, FORMS),
    read=read,
    archives=(ARCHIVE,),
    traps=(
        "28 of the 86 notes carry clinical entities at most: they serve that task alone, and IT100830, which carries "
        "nothing, serves none.",
        "The official train note IT101011 copies the test note IT101038 and is dropped; dev is 8 official train notes.",
        "IT102068 (test) names diseases but has no clinical entity annotated: it is left out of that task.",
        "23 entities enclose a gap, and entities may be nested.",
        "A note annotated twice agrees with itself at F1 0.67.",
        "The range of normal values (VN) is linked 16 times like an exam; relation heads are single words.",
        "Forms score an absent item only where its name does not stand in the note, so answering presente wherever the "
        "name of a finding stands in the note scores F1 0.92 on findings (test): report exams apart.",
    ),
)
