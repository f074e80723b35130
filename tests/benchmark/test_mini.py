"""The mini set: complete, exactly annotated, leak-free, and copied from nowhere."""

import html
import json
import re
import tarfile
from collections import Counter
from itertools import combinations

import pyarrow as pa
import pytest
from itamed.benchmark.errors import DataMissingError, SchemaError
from itamed.benchmark.mini.builders import Sheet, form_rows
from itamed.benchmark.mini.markup import Mark, read_marked
from itamed.benchmark.mini.rows import MINI_TASKS, mini_rows
from itamed.benchmark.rows import ChoiceRow, FormRow, GraphRow, PairRow, SpanRow
from itamed.benchmark.suite import task_of
from itamed.benchmark.text import NGRAM, near_copies, ngrams

FULL, NO_TRAIN, TEST_ONLY = {"train": 6, "dev": 2, "test": 6}, {"dev": 6, "test": 6}, {"test": 6}
COMPONENTS = {"premessa", "affermazione"}
TASKS = {
    "itamed_ner_e3c_clinentity": (SpanRow, FULL, {"disturbo"}),
    "itamed_ner_e3c_bodypart": (SpanRow, FULL, {"parte del corpo"}),
    "itamed_ner_e3c_timex": (SpanRow, FULL, {"espressione temporale"}),
    "itamed_ner_e3c_result": (SpanRow, FULL, {"risultato"}),
    "itamed_ner_drugtemist": (SpanRow, FULL, {"farmaco"}),
    "itamed_ner_pharmaer": (SpanRow, FULL, {"farmaco", "malattia", "sintomo", "parte anatomica"}),
    "itamed_ner_cardioccc": (SpanRow, NO_TRAIN, {"farmaco"}),
    "itamed_re_e3c_pertainsto": (PairRow, FULL, set()),
    "itamed_re_e3c_projected": (PairRow, NO_TRAIN, set()),
    "itamed_crf_e3c": (FormRow, FULL, set()),
    "itamed_crf_dyspnea": (FormRow, NO_TRAIN, set()),
    "itamed_qa_casimedicos": (ChoiceRow, FULL, set()),
    "itamed_qa_medmcqa": (ChoiceRow, FULL, set()),
    "itamed_qa_medqa": (ChoiceRow, FULL, set()),
    "itamed_qa_ssm": (ChoiceRow, NO_TRAIN, set()),
    "itamed_qa_admission": (ChoiceRow, FULL, set()),
    "itamed_arg_casimedicos_components": (SpanRow, FULL, COMPONENTS),
    "itamed_arg_casimedicos_relations": (GraphRow, FULL, set()),
    "itamed_arg_abstrct": (SpanRow, FULL, COMPONENTS),
    "itamed_arg_abstrct_glaucoma": (SpanRow, TEST_ONLY, COMPONENTS),
}
SPAN_TASKS = [task for task, (kind, _, _) in TASKS.items() if kind is SpanRow]
NER_TASKS = [task for task in SPAN_TASKS if "_ner_" in task]
PAIR_TASKS = [task for task in TASKS if "_re_" in task]
FORM_TASKS = [task for task in TASKS if "_crf_" in task]
QA_TASKS = [task for task in TASKS if "_qa_" in task]
GRAPHS = "itamed_arg_casimedicos_relations"
NOTE_TASKS = [task for task in TASKS if "_e3c_" in task or task == "itamed_crf_e3c"]
NOTE_TASKS.remove("itamed_re_e3c_projected")


def by_split(task):
    return {split: [row for row in mini_rows(task) if row.split == split] for split in TASKS[task][1]}


def every_row():
    return [row for task in TASKS for row in mini_rows(task)]


def gold(row):
    return row.spans if isinstance(row, SpanRow) else row.pairs if isinstance(row, PairRow) else row.relations


def test_every_task_has_a_mini_set():
    assert sorted(MINI_TASKS) == sorted(TASKS)


@pytest.mark.parametrize("task", SPAN_TASKS)
def test_types_are_the_labels_that_the_prompt_names(task):
    assert TASKS[task][2] == set(task_of(task).labels)


@pytest.mark.parametrize("task", TASKS)
def test_few_shot_pools_are_not_empty(task):
    source, split = task_of(task).shots
    assert sum(row.split == split for row in mini_rows(source)) >= 6


@pytest.mark.parametrize("task", TASKS)
def test_rows_have_the_schema_of_their_family(task):
    kind = TASKS[task][0]
    rows = mini_rows(task)
    assert {type(row) for row in rows} == {kind}
    table = pa.Table.from_pylist([row.to_dict() for row in rows], schema=kind.schema)
    assert [kind.from_dict(data) for data in table.to_pylist()] == rows


@pytest.mark.parametrize("task", TASKS)
def test_splits_are_large_enough_and_of_different_documents(task):
    least = TASKS[task][1]
    assert {row.split for row in mini_rows(task)} == set(least)
    for split, rows in by_split(task).items():
        assert len(rows) >= least[split]
        assert len({row.doc_id for row in rows}) >= (6 if split == "train" else least[split] - 1)


def test_ids_are_unique_over_all_tasks():
    ids = [row.id for row in every_row()]
    assert len(set(ids)) == len(ids)
    assert all(row.id.startswith("mini-") and row.doc_id.startswith("mini-") for row in every_row())


def test_no_document_stands_in_two_splits():
    splits = {}
    for row in every_row():
        assert splits.setdefault(row.doc_id, row.split) == row.split
    notes = [{row.doc_id for row in mini_rows(task)} for task in NOTE_TASKS]
    assert all(docs == notes[0] for docs in notes)


def test_no_near_copies_between_documents():
    texts = {}
    for row in every_row():
        options = row.options if isinstance(row, ChoiceRow) else ()
        texts.setdefault((row.doc_id, row.text), " ".join([row.text, *options]))
    pairs = [((doc, text), body) for (doc, text), body in texts.items()]
    found = [(a[0], b[0], share) for a, b, share in near_copies(pairs, pairs, share=0.1) if a[0] != b[0]]
    assert not found


@pytest.mark.parametrize("task", TASKS)
def test_texts_are_clean_and_of_the_asked_length(task):
    shortest = 60 if "_qa_" in task or "_abstrct" in task else 150
    for row in mini_rows(task):
        assert shortest <= len(row.text) <= 700, row.id
        assert row.text == row.text.strip()
        assert not re.search(r"[\[\]|]|  | \n|\n | [,.;:]", row.text), row.id


@pytest.mark.parametrize("task", SPAN_TASKS)
def test_spans_are_exact_and_end_at_word_boundaries(task):
    types = TASKS[task][2]
    for row in mini_rows(task):
        for span in row.spans:
            assert row.text[span.start : span.end] == span.text == span.text.strip(), row.id
            around = row.text[max(span.start - 1, 0) : span.start], row.text[span.end : span.end + 1]
            assert not any(char.isalnum() for char in around), (row.id, span)
            assert span.text[-1] not in ",.;:", (row.id, span)
        assert len({(span.start, span.end, span.type) for span in row.spans}) == len(row.spans)
        assert list(row.spans) == sorted(row.spans, key=lambda span: (span.start, span.end, span.type))
    assert {span.type for row in mini_rows(task) for span in row.spans} == types


# Results are left aside: a bare number may stand elsewhere with another meaning.
@pytest.mark.parametrize("task", [task for task in NER_TASKS if task != "itamed_ner_e3c_result"])
def test_no_mention_is_left_out(task):
    known = {span.text.lower() for row in mini_rows(task) for span in row.spans}
    for row in mini_rows(task):
        for name in known:
            for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", row.text.lower()):
                assert any(s.start <= match.start() and match.end() <= s.end for s in row.spans), (row.id, name)


def test_passages_lie_where_their_offset_says():
    notes = {row.doc_id: row.text for row in mini_rows("itamed_crf_e3c")}
    rows = mini_rows("itamed_ner_e3c_clinentity")
    assert all(notes[row.doc_id][row.offset : row.offset + len(row.text)] == row.text for row in rows)
    assert any(row.offset for row in rows), "one note at least has two passages"


@pytest.mark.parametrize("task", [*NER_TASKS, *PAIR_TASKS, *[t for t in TASKS if "_arg_" in t]])
def test_empty_answers_come_early_and_often_enough(task):
    for split, rows in by_split(task).items():
        empty = [number for number, row in enumerate(rows) if not gold(row)]
        if split == "test" or split == next(iter(TASKS[task][1])):
            assert empty and empty[0] < 3
        if split != "test" and len(rows) >= 6:
            assert len(empty) >= 2
        assert len(empty) < len(rows)


@pytest.mark.parametrize("task", PAIR_TASKS)
def test_pairs_are_strings_of_the_text(task):
    for row in mini_rows(task):
        for pair in row.pairs:
            assert re.search(rf"(?<!\w){re.escape(pair.exam)}(?!\w)", row.text), (row.id, pair)
            assert re.search(rf"(?<!\w){re.escape(pair.result)}(?!\w)", row.text), (row.id, pair)


def test_every_result_of_the_notes_pertains_to_an_examination():
    results = [[span.text for span in row.spans] for row in mini_rows("itamed_ner_e3c_result")]
    assert results == [[pair.result for pair in row.pairs] for row in mini_rows("itamed_re_e3c_pertainsto")]


@pytest.mark.parametrize("task", FORM_TASKS)
def test_form_values_are_options_or_strings_of_the_note(task):
    empty = "unknown" if task == "itamed_crf_dyspnea" else "non disponibile"
    for row in mini_rows(task):
        assert 6 <= len(row.items) <= 8
        for item in row.items:
            assert isinstance(item.value, str) and item.empty == empty
            allowed = item.options or (empty,)
            stands = re.search(rf"(?<!\w){re.escape(item.value)}(?!\w)", row.text)
            assert item.value in allowed or (not item.options and stands), (row.id, item)
    items = [item for row in mini_rows(task) for item in row.items]
    assert sum(item.value == empty for item in items) > len(items) / 2
    assert all(not item.options or empty in item.options for item in items)
    assert any(all(item.value == empty for item in row.items) for row in by_split(task)["test"])
    pages = Counter((row.doc_id, item.name) for row in mini_rows(task) for item in row.items)
    assert max(pages.values()) == 1, "item names are unique in a note"


def test_items_that_are_not_available_are_not_mentioned():
    for row in mini_rows("itamed_crf_e3c"):
        for item in row.items:
            if item.value == "non disponibile":
                assert item.name.lower() not in row.text.lower(), (row.id, item.name)


def test_forms_use_every_state_and_leave_ambiguous_cells_out():
    items = [item for row in by_split("itamed_crf_e3c")["test"] for item in row.items]
    assert {item.value for item in items if item.options} == {"presente", "assente", "incerto", "non disponibile"}
    assert any(not item.scored for item in items)


@pytest.mark.parametrize("task", QA_TASKS)
def test_questions_have_distinct_options_and_spread_answers(task):
    for row in mini_rows(task):
        assert 4 <= len(row.options) <= 5
        assert all(isinstance(option, str) and option == option.strip() for option in row.options)
        assert len(set(row.options)) == len(row.options)
        assert 0 <= row.answer < len(row.options)
    for rows in by_split(task).values():
        answers = Counter(row.answer for row in rows)
        assert max(answers.values()) <= max(1, len(rows) // 2)
        assert len(answers) >= min(3, len(rows))


def test_relations_join_components_of_the_same_document():
    spans = {row.doc_id: row for row in mini_rows("itamed_arg_casimedicos_components")}
    for row in mini_rows(GRAPHS):
        twin = spans[row.doc_id]
        assert row.text == twin.text and row.split == twin.split
        assert [component.id for component in row.components] == [f"A{n + 1}" for n in range(len(twin.spans))]
        assert [(c.text, c.type) for c in row.components] == [(span.text, span.type) for span in twin.spans]
        types = {component.id: component.type for component in row.components}
        assert all(edge.head in types and types[edge.tail] == "affermazione" for edge in row.relations)
        assert len({(edge.head, edge.tail) for edge in row.relations}) == len(row.relations)
        assert all(edge.head != edge.tail for edge in row.relations)
    kinds = {edge.type for row in by_split(GRAPHS)["test"] for edge in row.relations}
    assert kinds == {"supporto", "attacco"}


def test_numbered_options_and_only_they_are_tagged():
    for row in mini_rows("itamed_arg_casimedicos_components"):
        for span in row.spans:
            numbered = bool(re.search(r"\d- $", row.text[: span.start]))
            assert (span.tag == "opzione") == numbered, (row.id, span)


def test_traps_stand_in_the_test_rows():
    rows = [row for task in NER_TASKS for row in by_split(task)["test"]]
    overlaps = [(a, b) for row in rows for a, b in combinations(row.spans, 2) if b.start < a.end]
    assert overlaps and all(a.type == b.type for a, b in overlaps), "disorders alone are annotated inside others"
    assert any(count > 1 for row in rows for count in Counter(span.text for span in row.spans).values())
    strings = " ".join(span.text for row in rows for span in row.spans)
    assert re.search(r"\d,\d", strings) and {"µ", "²", "à"} <= set(strings)
    assert {"“", "”", "è"} <= set("".join(row.text for row in rows))


def test_callers_may_change_the_list_they_get():
    mini_rows("itamed_qa_ssm").clear()
    assert mini_rows("itamed_qa_ssm")


def test_an_unknown_task_is_refused_with_the_known_names():
    with pytest.raises(DataMissingError, match="itamed_qa_ssm"):
        mini_rows("itamed_qa_smm")


def test_markup_gives_nested_marks_and_their_notes():
    marked = read_marked("Il [dolore al [piede|sede]|segno] dura; [12,5|valore:VES]")
    assert marked.text == "Il dolore al piede dura; 12,5"
    assert marked.marks == (Mark(3, 18, "segno"), Mark(13, 18, "sede"), Mark(25, 29, "valore", "VES"))


def test_markup_cuts_passages_at_line_breaks():
    first, second = read_marked("[Uno|x] due\n\ntre [quattro|x]").passages()
    assert (first[0], first[1].text, first[1].marks) == (0, "Uno due", (Mark(0, 3, "x"),))
    assert (second[0], second[1].text, second[1].marks) == (9, "tre quattro", (Mark(4, 11, "x"),))


@pytest.mark.parametrize("source", ["mai [chiuso|x", "mai aperto|x]", "due [a|b|c]", "solo ]", "solo [a]"])
def test_broken_markup_is_refused(source):
    with pytest.raises(SchemaError, match=r"\[text\|label\]"):
        read_marked(source)


def test_a_form_cannot_fill_items_that_its_page_lacks():
    notes = [{"id": "n", "split": "test", "text": "Sta bene.", "forms": {"p": {"fevre": "presente"}}}]
    sheet = Sheet("itamed_crf_e3c", notes, {"p": [{"name": "febbre", "kind": "reperto"}]}, "non disponibile")
    with pytest.raises(SchemaError, match="fevre"):
        list(form_rows(sheet))


def archive_texts(path):
    """Yield the texts of every member: JSON strings, first columns of token files, and all raw text."""
    with tarfile.open(path) as archive:
        for member in archive:
            if not member.isfile():
                continue
            text = archive.extractfile(member).read().decode("utf-8", errors="replace")
            suffix = member.name.rpartition(".")[2]
            if suffix in ("json", "jsonl"):
                yield from json_strings([json.loads(text)] if suffix == "json" else map(json.loads, text.splitlines()))
                continue
            yield html.unescape(text)
            yield " ".join(re.split(r"[\t ]", line, maxsplit=1)[0] for line in text.splitlines())


def json_strings(values):
    for value in values:
        if isinstance(value, str):
            yield html.unescape(value)
        elif isinstance(value, list | dict):
            yield from json_strings(value.values() if isinstance(value, dict) else value)


@pytest.mark.integration
def test_nothing_is_copied_from_the_archives(sources_dir):
    own = {}
    for row in every_row():
        parts = [row.text, *(row.options if isinstance(row, ChoiceRow) else ())]
        own.update((gram, row.id) for part in parts for gram in ngrams(part) if len(gram) == NGRAM)
    archives = sorted(sources_dir.glob("*.tar.gz"))
    assert len(archives) >= 7
    seen, found = 0, set()
    for path in archives:
        for text in archive_texts(path):
            grams = ngrams(text)
            seen += len(grams)
            found |= grams & own.keys()
    assert seen > 5_000_000, "the archives were really read"
    assert not sorted((own[gram], " ".join(gram)) for gram in found)
