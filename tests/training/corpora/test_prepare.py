"""Corpora are made ready once: without copies, never what is tested, and kept for all who train on them."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.mini.rows import mini_rows
from itamed.benchmark.paths import StorageError, corpora_dir
from itamed.training.corpora import prepare as module
from itamed.training.corpora.held_out import HeldOut
from itamed.training.corpora.prepare import prepare
from itamed.training.recipe import Corpus, Cpt

from .files import OTHER, TEXT, written

LONG = " ".join(f"parola{n} della frase" for n in range(200))


def settings(path, form="jsonl", **others):
    return Cpt([Corpus("mine", form, str(path))], **({"unchecked_tasks": ["itamed"]} | others))


def texts(prepared):
    return set(prepared.documents["text"])


def test_copies_faults_and_caps(tmp_path):
    copied = LONG.replace("parola7 ", "altra ")
    path = written(tmp_path, "jsonl", [LONG, copied, TEXT, OTHER, "Breve."])
    found = prepare(settings(path))
    assert found.report["left_out"] == {"near copy": 1, "short": 1}
    assert len(texts(found) & {LONG, copied}) == 1 and {TEXT, OTHER} < texts(found)
    assert list(found.documents["words"]) == [len(text.split()) for text in found.documents["text"]]
    capped = prepare(settings(path, caps={"mine": 30}))
    assert len(texts(capped) & {TEXT, OTHER}) == 1 and capped.report["left_out"]["over the cap"] == 3


def test_the_order_is_that_of_names_alone(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
    first, second = (Corpus(folder, "text", str(written(tmp_path / folder, "text"))) for folder in "ab")
    found, turned = (prepare(Cpt(corpora, decontaminate=False)) for corpora in ([first, second], [second, first]))
    assert list(found.documents["key"]) == list(turned.documents["key"])
    assert found.folder != turned.folder


def held_out(monkeypatch, *rows):
    monkeypatch.setattr(HeldOut, "of_suite", classmethod(lambda _: HeldOut(rows, ["itamed_qa_ssm"])))


def test_documents_that_hold_tested_words_are_dropped(tmp_path, monkeypatch, caplog):
    (row, *_) = mini_rows("itamed_ner_e3c_clinentity")
    held_out(monkeypatch, ("task", row))
    inside = f"{OTHER} {' '.join(row.text.split()[3:14])} {OTHER}"
    path = written(tmp_path, "jsonl", [TEXT, inside])
    found = prepare(settings(path))
    assert texts(found) == {TEXT}
    (dropped,) = found.report["dropped"]
    assert (dropped["key"], dropped["task"], dropped["row"]) == ("x.jsonl:1", "task", row.id)
    assert dropped["shared"] >= 1
    assert (found.report["checked_tasks"], found.report["unchecked_tasks"]) == (["task"], ["itamed_qa_ssm"])
    assert "Held-out rows of itamed_qa_ssm cannot be kept out" in caplog.text
    assert len(prepare(settings(path, decontaminate=False)).documents) == 2


def test_what_is_contaminated_is_named_whatever_else_it_is_and_hides_nothing(tmp_path, monkeypatch):
    (row, *_) = mini_rows("itamed_ner_e3c_clinentity")
    held_out(monkeypatch, ("task", row))
    note = " ".join(row.text.split())
    # Long enough that the tested words make no difference to whoever looks for copies.
    clean = " ".join(f"parola{number} detta" for number in range(400))
    path = written(tmp_path, "jsonl", [note, note.upper(), note.replace(" ", "\n"), f"{clean} {note}", clean])
    found = prepare(settings(path, caps={"mine": len(clean.split())}))
    assert texts(found) == {clean}, "neither a copy of what is not there, nor over a cap that it does not fill"
    assert sorted(each["key"] for each in found.report["dropped"]) == [f"x.jsonl:{number}" for number in range(4)]
    assert found.report["left_out"] == {}


def test_options_of_questions_count_too(tmp_path, monkeypatch):
    row = next(row for row in mini_rows("itamed_qa_casimedicos") if any(len(o.split()) >= 8 for o in row.options))
    option = next(option for option in row.options if len(option.split()) >= 8)
    held_out(monkeypatch, ("qa", row))
    found = prepare(settings(written(tmp_path, "jsonl", [TEXT, f"{OTHER} {option}"])))
    assert texts(found) == {TEXT}


def test_each_corpus_says_how_short_and_foreign_its_documents_may_be(tmp_path):
    english = "The patient was seen in the ward with a cough that did not get better with any of the drugs."
    (tmp_path / "notes").mkdir()
    first, second = (written(folder, "jsonl", [TEXT, "Breve.", english]) for folder in (tmp_path, tmp_path / "notes"))
    strict, free = Corpus("strict", "jsonl", str(first)), Corpus("free", "jsonl", str(second))
    found = prepare(Cpt([strict, replace(free, least_words=1, italian=False)], decontaminate=False))
    kept = zip(found.documents["corpus"], found.documents["text"], strict=True)
    assert {name for name, text in kept if text != TEXT} == {"free"} and texts(found) == {TEXT, "Breve.", english}
    assert found.report["left_out"] == {"short": 1, "not Italian": 1, "near copy": 1}
    assert prepare(Cpt([strict, free], decontaminate=False)).report["left_out"]["short"] == 2


def test_caps_of_nothing_are_warned_of(tmp_path, caplog):
    prepare(settings(written(tmp_path, "jsonl"), caps={"leaflet": 10}, decontaminate=False))
    assert "no kept document is of: leaflet" in caplog.text


def test_nothing_may_be_left_but_something_must_be_there(tmp_path):
    assert len(prepare(settings(written(tmp_path, "jsonl", ["Breve.", ""]))).documents) == 0
    with pytest.raises(ItamedError, match="mine holds no documents: correct its path"):
        prepare(settings(written(tmp_path, "jsonl", [])))


def test_what_is_ready_is_opened_and_what_has_changed_is_made_anew(tmp_path, monkeypatch):
    path = written(tmp_path, "jsonl")
    first = prepare(settings(path))
    build = module._build
    monkeypatch.setattr(module, "_build", lambda *_: pytest.fail("it is there"))
    moved = tmp_path / "elsewhere.jsonl"
    shutil.copy(path, moved)
    with pytest.raises(pytest.fail.Exception):
        prepare(settings(path, caps={"mine": 10}))
    assert texts(prepare(settings(path, length=64))) == texts(first), "cut later"
    monkeypatch.setattr(module, "_build", build)
    path.write_text(path.read_text().replace("tosse", "febbre"))
    assert texts(prepare(settings(path))) == {TEXT.replace("tosse", "febbre"), OTHER}


def test_errors_are_those_of_the_corpus_and_leave_nothing(tmp_path):
    path = written(tmp_path, "jsonl")
    path.write_text(path.read_text() + "{")
    with pytest.raises(ItamedError, match="cannot be read as jsonl"):
        prepare(settings(path))
    assert [each.suffix for each in corpora_dir().iterdir()] == [".lock"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path, home):
    home.mkdir()
    home.chmod(0o500)
    with pytest.raises(StorageError, match="set ITAMED_HOME"):
        prepare(settings(written(tmp_path, "jsonl")))


MANY = """
import sys
from itamed.training.corpora import prepare as module
from itamed.training.recipe import Corpus, Cpt
build = module._build
module._build = lambda *given: (print("built", flush=True), build(*given))
print(len(module.prepare(Cpt([Corpus("mine", "jsonl", sys.argv[1])], decontaminate=False)).documents))
"""


def test_processes_that_ask_at_once_share_the_work(tmp_path):
    path = written(tmp_path, "jsonl", [f"{LONG} {' '.join(f'{n}x{m}' for m in range(700))}" for n in range(40)])
    command = [sys.executable, "-c", MANY, str(path)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [each.communicate(timeout=120)[0].split() for each in started]
    assert sorted(said, key=len) == [["40"], ["40"], ["built", "40"]]


def test_what_a_killed_process_left_is_made_anew(tmp_path):
    path = written(tmp_path, "jsonl")
    first = prepare(settings(path))
    left = first.folder.with_name(f".{first.folder.name}.partial")
    shutil.move(first.folder, left)
    assert texts(prepare(settings(path))) == {TEXT, OTHER}
    assert not left.exists()


def test_several_processes_clean_as_one_does(tmp_path, monkeypatch):
    path = written(tmp_path, "jsonl", [f"{' '.join(f'{n}x{m}' for m in range(30))} è la tosse" for n in range(50)])
    alone = prepare(settings(path))
    shutil.rmtree(alone.folder)
    monkeypatch.setattr(module, "_SHARE", 20)
    monkeypatch.setattr(module, "_cores", lambda: 2)
    environment = os.environ
    assert list(prepare(settings(path)).documents["key"]) == list(alone.documents["key"])
    assert json.loads((Path(alone.folder) / "decontamination.json").read_text()) == alone.report
    assert os.environ is environment
