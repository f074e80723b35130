"""MedMCQA in Italian: validation is the test, dev comes out of train, bad rows go."""

import pytest
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.sources.choice import read_answer
from itamed.benchmark.sources.medmcqa import DATA, DEV_SIZE, TASK, read

from .hubfiles import hub_tables

THINGS = ["sasso", "fiume", "ponte", "nave", "faro", "isola", "vento", "onda", "sabbia", "conchiglia"]


def record(number, **changes):
    words = [THINGS[(number // 10**digit) % 10] for digit in range(4)]
    return {
        "id": f"id-{number}",
        "question": f"Domanda numero {number}: che cosa si vede tra {' e '.join(words)}?",
        "opa": f"un {words[0]}",
        "opb": f"due {words[1]}",
        "opc": f"tre {words[2]}",
        "opd": f"quattro {words[3]}",
        "cop": number % 4,
        "choice_type": "single",
        "exp": "Perché sì.",
        "subject_name": "Geografia",
        "topic_name": "Mare",
    } | changes


def rows_of(tmp_path, train, validation):
    files = {
        "data/train-00000-of-00001.parquet": train,
        "data/validation-00000-of-00001.parquet": validation,
        "data/test-00000-of-00001.parquet": [record(9999, cop=-1)],
    }
    return read({DATA.name: hub_tables(tmp_path, DATA, files)}, {})[TASK]


def test_validation_is_the_test_and_a_stable_tenth_of_train_is_dev(tmp_path):
    train, validation = [record(n) for n in range(100)], [record(n) for n in range(100, 120)]
    rows = rows_of(tmp_path / "a", train, validation)
    splits = {split: {row.id for row in rows if row.split == split} for split in ("train", "dev", "test")}
    assert {split: len(ids) for split, ids in splits.items()} == {"train": 90, "dev": 10, "test": 20}
    again = rows_of(tmp_path / "b", train[::-1], validation)
    assert {row.id: row for row in again} == {row.id: row for row in rows}


def test_dev_is_capped(tmp_path):
    rows = rows_of(tmp_path, [record(n) for n in range(DEV_SIZE * 11)], [record(9000)])
    assert sum(row.split == "dev" for row in rows) == DEV_SIZE


def test_the_answer_points_at_the_right_option(tmp_path):
    rows = rows_of(tmp_path, [record(n) for n in range(20)], [record(n) for n in range(20, 24)])
    for row in rows:
        number = int(row.text.split(":")[0].split()[-1])
        assert row.options[row.answer] == record(number)[("opa", "opb", "opc", "opd")[number % 4]]


def test_an_index_is_none_of_the_options_that_are_numbers(tmp_path):
    numbers = {"opa": "1", "opb": "2", "opc": "3", "opd": "-1"}
    (row,) = (row for row in rows_of(tmp_path, [record(1)], [record(2, **numbers, cop=2)]) if row.split == "test")
    assert row.options[row.answer] == "3"
    assert read_answer(-1, dict(zip("ABCD", numbers.values(), strict=True)), "x") is None
    assert read_answer(1.0, {"A": "x", "B": "y"}, "x") == "B"
    assert read_answer(float("nan"), {"A": "x", "B": "y"}, "x") is None, "missing, as tables have it"
    assert read_answer(12, {"A": "11", "B": "12"}, "x") == "B", "no place, so a text that was read as a number"


def test_rows_that_cannot_be_asked_are_dropped(tmp_path):
    same = dict.fromkeys(("opa", "opb", "opc", "opd"), "uguale")
    bad = [
        record(1, **same),
        record(2, opa="x", opb="", opc=None, opd="  ", cop=0),
        record(3, opa="doppia", opb="doppia", cop=1),
        record(4, cop=-1),
        record(5, question="  "),
        record(6, opc="", cop=2),
    ]
    good = range(7, 14)
    files = {"train.json": [*map(record, good), *bad, record(7)], "validation.json": [record(20)]}
    tables = hub_tables(tmp_path, DATA, files)
    rows = read({DATA.name: tables}, {})[TASK]
    assert {row.text.split(":")[0] for row in rows} == {f"Domanda numero {n}" for n in (*good, 20)}
    assert +tables.left_out == {
        "questions with fewer than two options, or whose right option is empty or stands twice": 4,
        "questions whose answer is missing or hidden": 1,
        "questions without text": 1,
        "rows that repeat another": 1,
    }


@pytest.mark.parametrize("hidden", [-1, None])
def test_a_part_whose_answers_are_missing_is_refused(tmp_path, hidden):
    validation = [record(n) | {"cop": hidden} for n in range(20, 24)]
    with pytest.raises(SchemaError, match=r"only 0 of 4 dev questions.*answer is missing or hidden \(4\)"):
        rows_of(tmp_path, [record(1)], validation)


@pytest.mark.parametrize("question", [5, 5.5, ["che", "cosa"]])
def test_a_question_that_is_no_text_is_refused(tmp_path, question):
    files = {"train.json": [record(1), record(2, question=question)], "validation.json": [record(3)]}
    with pytest.raises(SchemaError, match="train row 1: question is "):
        read({DATA.name: hub_tables(tmp_path, DATA, files)}, {})


def test_an_empty_wrong_option_is_left_out_and_the_answer_follows(tmp_path):
    (row,) = [row for row in rows_of(tmp_path, [record(1)], [record(8, opa="", cop=3)]) if row.split == "test"]
    assert row.options == ("due sasso", "tre sasso", "quattro sasso")
    assert row.options[row.answer] == "quattro sasso"


def test_a_question_in_train_and_test_stays_in_the_test_alone(tmp_path):
    shouted = record(50, question=record(50)["question"].upper())
    rows = rows_of(tmp_path, [record(1), record(50), shouted], [record(50)])
    assert [row.split for row in rows if "50" in row.text] == ["test"]


def test_the_same_stem_with_other_options_is_another_question(tmp_path):
    stem = "Quale di queste è vera?"
    options = {"opa": "il mare è salato", "opb": "il monte è basso", "opc": "la luna ride", "opd": "il vetro nuota"}
    rows = rows_of(tmp_path, [record(1, question=stem)], [record(2, question=stem, **options)])
    assert len(rows) == 2


def test_other_columns_are_an_error_that_names_them(tmp_path):
    strange = [{"domanda": "?", "a": "x", "b": "y", "giusta": 0}]
    with pytest.raises(SchemaError, match=r"(?s)no column for question.*answer.*Found: a, b, domanda, giusta"):
        rows_of(tmp_path, strange, strange)


def test_an_answer_beyond_the_options_is_an_error_that_names_the_row(tmp_path):
    with pytest.raises(SchemaError, match="train row 1: the answer is 7"):
        rows_of(tmp_path, [record(1), record(2, cop=7)], [record(3)])
