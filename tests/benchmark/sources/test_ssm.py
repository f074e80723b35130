"""ITAMed: the right answer must not stay the first, and questions with images go."""

import json
from collections import Counter

import pytest
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.sources.hub import find_tables
from itamed.benchmark.sources.ssm import DATA, DEV_SIZE, TASK, needs_image, read

from .hubfiles import hub_tables

COLUMNS = ["Year", "Question Number", "Question Code", "Question", *(f"Answer {letter}" for letter in "ABCDE")]


def record(number, image="No"):
    answers = [f"{kind} {number}" for kind in ("giusta", "sbagliata", "falsa", "errata", "storta")]
    question = f"Il giocatore {number} lancia la palla {number} volte: quale regola {number} si applica al lancio?"
    values = [2020, number, f"gioco{number}", question, *answers]
    rest = {"Correct Answer": "A", "Category": "Sport", "Image": image, "Image Category": "", "Image Path": ""}
    return dict(zip(COLUMNS, values, strict=True)) | rest


def in_json(number, image=False):
    """Return a record as the publisher's JSON names its keys."""
    plain = {key.lower().replace(" ", "_"): value for key, value in record(number).items()}
    del plain["image"]
    return plain | {"has_image": image}


def rows_of(tables):
    return read({DATA.name: tables}, {})[TASK]


def test_the_right_answer_is_spread_over_the_letters(tmp_path):
    rows = rows_of(hub_tables(tmp_path, DATA, {"data/train-00000-of-00001.parquet": [record(n) for n in range(500)]}))
    assert all(row.options[row.answer].startswith("giusta") for row in rows)
    places = Counter(row.answer for row in rows)
    assert set(places) == set(range(5))
    assert max(places.values()) < 0.3 * len(rows)


def test_all_are_test_but_a_few_for_examples(tmp_path):
    rows = rows_of(hub_tables(tmp_path, DATA, {"train.json": [record(n) for n in range(500)]}))
    assert Counter(row.split for row in rows) == {"test": 500 - DEV_SIZE, "dev": DEV_SIZE}
    assert rows[0].id == "ssm-gioco0"


def test_the_order_of_options_does_not_depend_on_the_file(tmp_path):
    records = [record(n) for n in range(30)]
    one = rows_of(hub_tables(tmp_path / "a", DATA, {"train.json": records}))
    two = rows_of(hub_tables(tmp_path / "b", DATA, {"train.json": records[::-1]}))
    assert sorted(one, key=lambda row: row.id) == sorted(two, key=lambda row: row.id)


@pytest.mark.parametrize("mark", ["Yes", "Sì", "X", True, 1, {"path": "a.png", "bytes": None}])
def test_a_question_with_an_image_is_left_out(mark, tmp_path):
    assert needs_image(mark)
    rows = rows_of(hub_tables(tmp_path, DATA, {"train.json": [record(1), record(2, image=mark), record(3)]}))
    assert [row.id for row in rows if row.split == "test"] != []
    assert "ssm-gioco2" not in {row.id for row in rows}


@pytest.mark.parametrize("mark", ["No", "no", "", None, False, 0, float("nan")])
def test_marks_that_say_no(mark):
    assert not needs_image(mark)


def test_the_publishers_single_file_is_enough(tmp_path):
    path = tmp_path / "ITAMed_complete.json"
    path.write_text(json.dumps([in_json(n, image=n % 4 == 0) for n in range(40)]), encoding="utf-8")
    assert len(rows_of(find_tables(DATA, tmp_path))) == 30


def test_in_the_whole_repository_only_that_file_is_read(tmp_path):
    italian = [in_json(n) for n in range(20)]
    english = [{**in_json(n), "question": "Who throws?"} for n in range(20)]
    files = {
        "Dataset/IT/json/ITAMed_complete.json": italian,
        "Dataset/IT/json/ITAMed_2020.json": italian[:10],
        "Dataset/IT/json/ITAMed_complete_shuffled.json": italian,
        "Dataset/EN/json/ITAMed_complete_EN.json": english,
        "Question_Classification/results/notes.json": [{"anything": 1}],
    }
    assert len(rows_of(hub_tables(tmp_path, DATA, files))) == 20


def test_two_languages_in_one_folder_are_found_out(tmp_path):
    english = [{**record(n), "Question": f"Who throws the ball {n}?"} for n in range(20)]
    tables = hub_tables(tmp_path, DATA, {"one.json": [record(n) for n in range(20)], "two.json": english})
    with pytest.raises(SchemaError, match=r"twice.*ITAMed_complete.json"):
        rows_of(tables)


@pytest.mark.parametrize(
    ("column", "value", "name"),
    [("Question Code", None, "code"), ("Question", 12, "question"), ("Question Code", ["a"], "code")],
)
def test_a_missing_code_or_a_question_of_another_type_is_refused(tmp_path, column, value, name):
    tables = hub_tables(tmp_path, DATA, {"t.json": [record(1), {**record(2), column: value}]})
    with pytest.raises(SchemaError, match=f"row 1: {name} is "):
        rows_of(tables)


def test_answers_that_are_missing_are_counted_and_refused_when_most_are(tmp_path):
    hidden = [{**record(n), "Correct Answer": None} for n in range(40, 43)]
    tables = hub_tables(tmp_path / "a", DATA, {"t.json": [*map(record, range(9)), *hidden, record(50, image="Yes")]})
    assert len(rows_of(tables)) == 9
    assert +tables.left_out == {"questions that need an image": 1, "questions whose answer is missing or hidden": 3}
    with pytest.raises(SchemaError, match="only 1 of 4 questions can be asked"):
        rows_of(hub_tables(tmp_path / "b", DATA, {"t.json": [record(1), *hidden]}))


def test_a_few_shot_example_that_copies_a_test_question_is_dropped(tmp_path):
    records = [record(n) for n in range(200)]
    dev = {row.id for row in rows_of(hub_tables(tmp_path / "a", DATA, {"t.json": records})) if row.split == "dev"}
    number = int(sorted(dev)[0].removeprefix("ssm-gioco"))
    copy = {**record(number), "Question Code": "copia", "Question": record(number)["Question"] + " Dite."}
    rows = rows_of(hub_tables(tmp_path / "b", DATA, {"t.json": [*records, copy]}))
    assert {row.split for row in rows if row.id in (f"ssm-gioco{number}", "ssm-copia")} == {"test"}
