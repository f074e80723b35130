"""MedQA in Italian, whose columns were not seen: the usual forms, a column map, and clear refusals."""

import pytest
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.sources.choice import read_answer, read_options
from itamed.benchmark.sources.columns import columns_file
from itamed.benchmark.sources.medqa import DATA, TASK, read

from .hubfiles import hub_tables

OPTIONS = {"A": "il gatto", "B": "il cane", "C": "la capra", "D": "l'oca"}


def record(number, **changes):
    question = f"Storia {number}: chi apre la porta {number} della stalla numero {number} di sera?"
    return {"question": question, "options": OPTIONS, "answer_idx": "C", "answer": "la capra"} | changes


def rows_of(tmp_path, files):
    return read({DATA.name: hub_tables(tmp_path, DATA, files)}, {})[TASK]


def splits_of(rows):
    return {split: sum(row.split == split for row in rows) for split in ("train", "dev", "test")}


def test_each_split_in_a_folder_of_its_own_whose_file_is_called_train(tmp_path):
    files = {
        "train/train-00000-of-00001.parquet": [record(n) for n in range(30)],
        "test/train-00000-of-00001.parquet": [record(n) for n in range(30, 35)],
    }
    rows = rows_of(tmp_path, files)
    assert splits_of(rows) == {"train": 27, "dev": 3, "test": 5}
    assert all(row.options[row.answer] == "la capra" for row in rows)


def test_a_validation_part_is_dev(tmp_path):
    files = {"train.json": [record(1)], "validation.json": [record(2), record(3)], "test.json": [record(4)]}
    assert splits_of(rows_of(tmp_path, files)) == {"train": 1, "dev": 2, "test": 1}


def test_the_column_map_brings_other_columns_in(tmp_path):
    strange = [
        {"domanda": f"Che cosa fa il gallo numero {n} la mattina?", "scelte": ["canta", "tace"], "giusta": 1}
        for n in (1, 2)
    ]
    files = {"train.json": strange[:1], "test.json": strange[1:]}
    with pytest.raises(SchemaError, match="Found: domanda, giusta, scelte"):
        rows_of(tmp_path, files)
    columns_file().parent.mkdir(parents=True)
    columns_file().write_text("medqa: {question: domanda, options: scelte, answer: giusta}")
    assert [row.options[row.answer] for row in rows_of(tmp_path, files)] == ["tace", "tace"]


def test_without_a_test_part_there_is_no_task(tmp_path):
    with pytest.raises(SchemaError, match=r"no split test. Found: train"):
        rows_of(tmp_path, {"train.json": [record(1)]})


@pytest.mark.parametrize(
    "value",
    [
        OPTIONS,
        list(OPTIONS.values()),
        [{"key": letter, "value": text} for letter, text in OPTIONS.items()],
        {letter.lower(): f" {text}\n" for letter, text in OPTIONS.items()} | {"E": None},
    ],
)
def test_options_in_every_usual_form(value):
    assert {letter: text for letter, text in read_options(value, "here").items() if text} == OPTIONS


def test_an_index_counts_the_options_that_are_missing():
    options = read_options({"A": "il gatto", "B": None, "C": "la capra"}, "here")
    assert read_answer(2, options, "here") == "C"


def test_numbers_are_options_too():
    assert list(read_options([5, 2.5, "10", float("nan")], "here").values()) == ["5", "2.5", "10", ""]


@pytest.mark.parametrize(
    "value", ["A) uno B) due", 4, None, [{"text": "uno"}, {"text": "due"}], [True, False], ["x"] * 27, {"A": ["x"]}]
)
def test_options_in_another_form_are_an_error(value):
    with pytest.raises(SchemaError, match="here: the options are"):
        read_options(value, "here")


@pytest.mark.parametrize(
    ("value", "letter"),
    [
        ("C", "C"),
        (" c ", "C"),
        ("la capra", "C"),
        (2, "C"),
        (2.0, "C"),
        ("2", "C"),
        (-1, None),
        ("", None),
        (None, None),
    ],
)
def test_answers_in_every_usual_form(value, letter):
    assert read_answer(value, OPTIONS, "here") == letter


@pytest.mark.parametrize("value", ["E", 4, "il lupo", 1.5])
def test_an_answer_that_names_no_option_is_an_error(value):
    with pytest.raises(SchemaError, match="here: the answer is"):
        read_answer(value, OPTIONS, "here")


def test_options_that_are_letters_or_digits_are_taken_by_letter_and_text():
    blood = {"A": "0", "B": "A", "C": "AB", "D": "B"}
    assert read_answer("A", blood, "here") == "A"
    assert read_answer("AB", blood, "here") == "C"
    assert read_answer("0", blood, "here") == "A"
