"""PharmaER.IT: tokens with BIO labels become spans that stand in the text."""

import re

import pytest
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.sources.pharmaer import DATA, TASK, read, token_offsets

from .hubfiles import hub_tables

NOTE = "Il  medico consiglia l'olio di ricino, mattina e sera. Attenzione al mal di pancia forte!"
TOKENS = re.findall(r"\w+'?|[^\w\s]", NOTE)
LABELS = ["O"] * 4 + ["B-farmaco", "I-farmaco", "I-farmaco"] + ["O"] * 7 + ["B-sintomo"] + ["I-sintomo"] * 2 + ["O"] * 2

OTHER_WORDS = ["riposo", "passeggiata", "lettura", "musica", "barca", "vela", "monte", "valle"]


def document(number, text=NOTE, tokens=TOKENS, labels=LABELS):
    return {"document_id": f"d{number}", "text": text, "tokens": tokens, "labels": labels}


def other(number):
    words = [
        f"{word}{number}" for word in ("riposo", "passeggiata", "lettura", "musica", "barca", "vela", "monte", "valle")
    ]
    return document(number, " ".join(words), words, ["O"] * len(words))


def rows_of(tmp_path, **splits):
    splits = {"train": [other(1)], "validation": [other(2)], "test": [other(3)]} | splits
    files = {f"data/{name}-00000-of-00001.parquet": records for name, records in splits.items()}
    return read({DATA.name: hub_tables(tmp_path, DATA, files)}, {})[TASK]


def test_spans_are_read_in_the_text_with_its_own_blanks(tmp_path):
    (row,) = rows_of(tmp_path, test=[document(3)])[-1:]
    assert [(span.type, span.text) for span in row.spans] == [
        ("farmaco", "olio di ricino"),
        ("sintomo", "mal di pancia"),
    ]
    assert all(row.text[span.start : span.end] == span.text for span in row.spans)


def test_the_three_parts_keep_their_split_and_the_automatic_one_is_not_read(tmp_path):
    rows = rows_of(tmp_path, silver=[{"anything": 1}])
    assert [(row.doc_id, row.split) for row in rows] == [
        ("pharmaer-d1", "train"),
        ("pharmaer-d2", "dev"),
        ("pharmaer-d3", "test"),
    ]


def test_the_names_of_the_later_version_mean_the_same(tmp_path):
    english = {"farmaco": "DRUG", "sintomo": "SYMPTOM", "malattia": "DISEASE", "parte anatomica": "ANATOMICAL_PART"}
    labels = [label[:2] + english[label[2:]] if label != "O" else label for label in LABELS]
    renamed = {**document(3), "ner_tags": labels}
    del renamed["labels"]
    new = rows_of(tmp_path / "new", test=[renamed])
    assert new == rows_of(tmp_path / "old", test=[document(3)])


def test_two_entities_side_by_side_stay_two_and_a_lone_inside_opens_one(tmp_path):
    text = "ferro rame zinco piombo"
    labels = ["B-farmaco", "B-farmaco", "O", "I-parte anatomica"]
    (row,) = rows_of(tmp_path, test=[document(3, text, text.split(), labels)])[-1:]
    assert [(span.text, span.type) for span in row.spans] == [
        ("ferro", "farmaco"),
        ("rame", "farmaco"),
        ("piombo", "parte anatomica"),
    ]


def test_a_long_document_is_cut_without_losing_spans(tmp_path):
    times = 40
    (long,) = [document(3, " ".join([NOTE] * times), TOKENS * times, LABELS * times)]
    rows = [row for row in rows_of(tmp_path, test=[long]) if row.split == "test"]
    assert len(rows) > 2
    assert sum(len(row.spans) for row in rows) == 2 * times
    for row in rows:
        assert all(long["text"][row.offset + s.start : row.offset + s.end] == s.text for s in row.spans)


def test_an_altered_token_without_label_is_passed_over():
    offsets = token_offsets('Dose "media" per tutti.', ["Dose", "``", "media", "''", "per", "tutti", "."])
    assert offsets == [(0, 4), None, (6, 11), None, (13, 16), (17, 22), (22, 23)]


def test_an_altered_token_does_not_jump_to_a_far_occurrence():
    text = "uno " + "x " * 200 + "due"
    assert token_offsets(text, ["uno", "due"]) == [(0, 3), None]


def test_a_labelled_token_that_is_not_in_the_text_is_an_error(tmp_path):
    with pytest.raises(SchemaError, match="document d3: token 1 is labelled B-farmaco"):
        rows_of(tmp_path, test=[document(3, "solo questo", ["solo", "quello"], ["O", "B-farmaco"])])


def test_an_unknown_label_and_a_wrong_number_of_labels_are_errors(tmp_path):
    with pytest.raises(SchemaError, match="label 'B-ospedale'"):
        rows_of(tmp_path / "a", test=[document(3, "solo", ["solo"], ["B-ospedale"])])
    with pytest.raises(SchemaError, match="1 tokens but 2 labels"):
        rows_of(tmp_path / "b", test=[document(3, "solo", ["solo"], ["O", "O"])])


@pytest.mark.parametrize(
    "change",
    [
        {"text": None},
        {"text": " "},
        {"text": 5},
        {"tokens": None},
        {"tokens": [1, 2]},
        {"tokens": "solo"},
        {"labels": None},
        {"labels": [0] * len(TOKENS)},
        {"document_id": None},
        {"document_id": True},
    ],
)
def test_a_missing_value_or_one_of_another_type_is_refused(tmp_path, change):
    (name,) = change
    files = {f"{split}.json": [other(split)] for split in ("train", "validation")}
    tables = hub_tables(tmp_path, DATA, files | {"test.json": [other(1), document(2) | change]})
    with pytest.raises(SchemaError, match=rf"(document d2|test row 1): {name} is "):
        read({DATA.name: tables}, {})


def test_documents_may_be_numbered(tmp_path):
    (row,) = rows_of(tmp_path, test=[document(3) | {"document_id": 7}])[-1:]
    assert row.doc_id == "pharmaer-7"


def test_a_train_document_that_copies_a_test_document_is_dropped(tmp_path):
    rows = rows_of(tmp_path, train=[document(1), other(4)], test=[document(3)])
    assert {row.doc_id for row in rows} == {"pharmaer-d4", "pharmaer-d2", "pharmaer-d3"}
