"""Projected relations: [result, examination] pairs that stand in their sentence."""

import pytest
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.rows import Pair
from itamed.benchmark.sources.re_projected import DATA, TASK, read, read_pairs

from .hubfiles import hub_tables


def record(number, relations=None):
    text = f"La torta {number} pesa {number} etti e la temperatura del forno {number} resta stabile fino a sera."
    return {"text": text, "relations": [[f"{number} etti", "pesa"]] if relations is None else relations}


def rows_of(tmp_path, records):
    return read({DATA.name: hub_tables(tmp_path, DATA, {"data/train-00000-of-00001.parquet": records})}, {})[TASK]


def test_the_result_stands_first_and_the_examination_second(tmp_path):
    rows = rows_of(tmp_path, [record(n) for n in range(20)])
    assert {row.pairs for row in rows if row.text.startswith("La torta 7 ")} == {(Pair("pesa", "7 etti"),)}


def test_all_sentences_are_test_but_a_stable_few(tmp_path):
    rows = rows_of(tmp_path / "a", [record(n) for n in range(100)])
    assert sum(row.split == "dev" for row in rows) == 10
    assert {row.split for row in rows} == {"dev", "test"}
    again = rows_of(tmp_path / "b", [record(n) for n in range(100)][::-1])
    assert {row.id: row for row in rows} == {row.id: row for row in again}


def test_a_sentence_without_relations_is_kept(tmp_path):
    rows = rows_of(tmp_path, [record(1), record(2, []), record(3)])
    assert sorted(len(row.pairs) for row in rows) == [0, 1, 1]


def test_a_sentence_whose_pair_is_not_in_it_is_left_out(tmp_path):
    wrong = [record(4, [["9 chili", "pesa"]]), record(5, [["5 etti", "misura"]])]
    rows = rows_of(tmp_path, [record(1), record(2), record(3), *wrong])
    assert len(rows) == 3
    assert all(side in row.text for row in rows for pair in row.pairs for side in (pair.exam, pair.result))


def test_mostly_wrong_pairs_mean_a_wrong_column(tmp_path):
    with pytest.raises(SchemaError, match="only 1 of 4 sentences"):
        rows_of(tmp_path, [record(1), *(record(n, [["9 chili", "pesa"]]) for n in (2, 3, 4))])


def test_repeated_sentences_and_pairs_stand_once(tmp_path):
    twice = [["3 etti", "pesa"], ["3 etti ", " pesa"]]
    rows = rows_of(tmp_path, [record(1), record(2), record(3, twice), record(3, twice)])
    assert len(rows) == len({row.id for row in rows}) == 3
    assert [len(row.pairs) for row in rows] == [1, 1, 1]


def test_a_copy_of_a_test_sentence_is_no_example(tmp_path):
    records = [record(n) for n in range(50)]
    copies = [{**r, "text": r["text"] + " Sempre."} for r in records]
    rows = rows_of(tmp_path, [*records, *copies])
    texts = {
        split: {row.text.removesuffix(" Sempre.") for row in rows if row.split == split} for split in ("dev", "test")
    }
    assert not texts["dev"] & texts["test"]


@pytest.mark.parametrize("value", [[["solo"]], [["a", "b", "c"]], ["ab"], [[1, "b"]], [["", "b"]]])
def test_another_form_is_an_error_that_names_the_row(value):
    with pytest.raises(SchemaError, match="row 3: a relation is"):
        read_pairs(value, "row 3")


def test_relations_that_are_missing_are_not_none_at_all(tmp_path):
    assert read_pairs(None, "row 3") is None
    tables = hub_tables(tmp_path, DATA, {"t.json": [*map(record, range(3)), record(3) | {"relations": None}]})
    assert len(read({DATA.name: tables}, {})[TASK]) == 3
    (reason,) = +tables.left_out
    assert "relations are missing" in reason
    with pytest.raises(SchemaError, match=r"only 0 of 4 sentences.*relations are missing.*\(4\)"):
        rows_of(tmp_path / "none", [record(n) | {"relations": None} for n in range(4)])


@pytest.mark.parametrize("change", [{"text": 5}, {"text": ["a"]}, {"relations": "peso"}, {"relations": {"a": "b"}}])
def test_a_value_of_another_type_is_refused(tmp_path, change):
    (name,) = change
    tables = hub_tables(tmp_path, DATA, {"t.json": [record(1), record(2) | change]})
    with pytest.raises(SchemaError, match=f"row 1: {name} is "):
        read({DATA.name: tables}, {})


def test_what_is_left_out_is_counted(tmp_path):
    wrong = [record(9, [["9 chili", "pesa"]]), record(8) | {"text": None}]
    tables = hub_tables(tmp_path, DATA, {"t.json": [*map(record, range(5)), record(1), *wrong]})
    assert len(read({DATA.name: tables}, {})[TASK]) == 5
    assert +tables.left_out == {
        "rows that repeat another": 1,
        "sentences with a pair that does not stand in them": 1,
        "sentences without text": 1,
    }
