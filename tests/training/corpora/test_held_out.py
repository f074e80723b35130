"""What is held out is what is here now: nothing goes unchecked that no recipe names, no old text passes as checked."""

import json
from unittest.mock import patch

import pytest
from itamed.benchmark.data.build import build_source
from itamed.benchmark.data.load import load_rows
from itamed.benchmark.errors import DataMissingError, ItamedError
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.rows import ChoiceRow, Row
from itamed.benchmark.sources.registry import SOURCES
from itamed.benchmark.suite import suite
from itamed.benchmark.text import words
from itamed.training.corpora.held_out import HeldOut
from itamed.training.corpora.prepare import prepare
from itamed.training.corpora.shingles import shared, shingles
from itamed.training.recipe import Corpus, Cpt

from ...hubsets import write_hub_sets
from .files import OTHER, TEXT, written

TASK = "itamed_qa_medqa"
OTHERS = [name for name in suite() if name != TASK]


@pytest.fixture
def record(tmp_path):
    """Build one source; return the file of its record."""
    folder = tmp_path / "sources"
    folder.mkdir()
    write_hub_sets(folder)
    build_source(SOURCES["medqa"], folder)
    return datasets_dir() / "medqa" / "build.json"


def settings(tmp_path, *texts, may_miss=OTHERS):
    path = written(tmp_path, "jsonl", texts)
    return Cpt([Corpus("mine", "jsonl", str(path), least_words=1)], unchecked_tasks=list(may_miss))


def test_what_is_not_here_is_refused_and_may_be_named(tmp_path, record, caplog):
    with pytest.raises(
        ItamedError, match=r"(?s)itamed data build.*unchecked_tasks: \[itamed_ner_drugtemist, "
    ) as error:
        prepare(settings(tmp_path, TEXT, may_miss=()))
    assert TASK not in str(error.value)
    with pytest.raises(ItamedError, match=f"Test rows of {OTHERS[0]} cannot be kept out"):
        prepare(settings(tmp_path, TEXT, may_miss=OTHERS[1:]))
    with pytest.raises(ItamedError, match="No task is named tosse"):
        prepare(settings(tmp_path, TEXT, may_miss=["tosse"]))
    found = prepare(settings(tmp_path, TEXT, may_miss=["itamed"]))
    assert found.report["checked_tasks"] == [TASK] and set(found.report["unchecked_tasks"]) == set(OTHERS)
    assert f"Held-out rows of {', '.join(sorted(OTHERS))} cannot be kept out" in caplog.text


def test_text_that_was_made_ready_unchecked_is_not_taken_for_checked(tmp_path, record):
    tested = load_rows(TASK, ["test"])["test"][0].text
    assert len(words(tested)) >= 8
    away = record.parent.rename(tmp_path / "away")
    given = settings(tmp_path, TEXT, tested, may_miss=["itamed"])
    blind = prepare(given)
    assert set(blind.documents["text"]) == {TEXT, tested} and TASK in blind.report["unchecked_tasks"]
    away.rename(record.parent)
    seen = prepare(given)
    assert list(seen.documents["text"]) == [TEXT]
    assert seen.folder != blind.folder and TASK in seen.report["checked_tasks"]


def test_a_build_of_another_version_is_no_missing_one(tmp_path, record):
    record.write_text(json.dumps(json.loads(record.read_text()) | {"suite": "0.0.1"}))
    with pytest.raises(DataMissingError, match=r"built by itamed 0\.0\.1.*itamed data build"):
        prepare(settings(tmp_path, TEXT, may_miss=["itamed"]))


def test_a_damaged_build_is_no_missing_one(tmp_path, record):
    (record.parent / TASK / "test.parquet").write_bytes(b"x")
    with pytest.raises(DataMissingError, match="changed or damaged"):
        prepare(settings(tmp_path, TEXT, may_miss=["itamed"]))


def test_a_repository_that_is_not_shown_may_be_named_and_a_failure_may_not(tmp_path, hub, monkeypatch):
    monkeypatch.setenv("ITAMED_HUB", "clinic")
    found = prepare(settings(tmp_path, TEXT, may_miss=["itamed"]))
    assert len(found.report["unchecked_tasks"]) == 20
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DataMissingError, match="The Hub cannot be reached"):
        prepare(settings(tmp_path, TEXT, may_miss=["itamed"]))


def test_the_digest_follows_what_is_kept_out():
    row = Row("a", "a", "test", "uno due tre quattro cinque sei sette otto")
    same = HeldOut([("x", row)], ["y"])
    assert HeldOut([("x", row)], ["y"]).digest == same.digest
    others = [
        HeldOut([("x", row)]),
        HeldOut([("z", row)], ["y"]),
        HeldOut([("x", Row("a", "a", "test", f"{row.text} nove"))], ["y"]),
        HeldOut([("x", row), ("x", Row("b", "b", "test", "breve"))], ["y"]),
    ]
    assert len({each.digest for each in (same, *others)}) == 5


def looked_for(row, text):
    found = HeldOut([("task", row)])
    return len(shared(shingles(words(text), found.sizes), found.hashes)), found


@pytest.mark.parametrize("count", [5, 6, 7])
def test_a_row_of_few_words_is_looked_for_whole(count):
    text = " ".join(TEXT.split()[:count])
    row = Row("a", "a", "test", text)
    number, found = looked_for(row, f"{OTHER} {text.upper()}! {OTHER}")
    assert number == 1 and found.sizes == (count, 8) and not found.unprotected
    assert found.place(int(found.hashes[0])) == ("task", "a")
    assert looked_for(row, f"{OTHER} {' '.join(TEXT.split()[1 : count + 5])} {OTHER}")[0] == 0


def test_rows_that_nothing_tells_from_others_are_counted(tmp_path):
    row = Row("a", "a", "test", "Esame obiettivo nella norma")
    assert looked_for(row, f"{OTHER} {row.text}.")[0] == 0
    found = HeldOut([("task", row), ("task", Row("b", "b", "test", TEXT))])
    assert found.unprotected == {"task": 1}
    with patch.object(HeldOut, "of_suite", lambda: found):
        report = prepare(settings(tmp_path, TEXT, may_miss=())).report
    assert (report["unprotected_rows"], len(report["dropped"])) == ({"task": 1}, 1)


@pytest.mark.parametrize("asked", ["{} {} {} {}", "{}\nA) {}\nB) {}\nC) {}"])
def test_a_short_question_is_looked_for_with_its_options(asked):
    row = ChoiceRow("a", "a", "test", "Quale farmaco cura la gotta?", ("il ramipril", "il febuxostat", "nessuno"), 1)
    number, found = looked_for(row, asked.format(row.text, *row.options))
    assert number >= 2 and not found.unprotected
    assert looked_for(row, f"{OTHER} {row.text} {OTHER}")[0] == 0
