"""Copies are found by the digests that entries keep, by archives where there are none, and nobody copies itself."""

import json

import numpy as np
import pytest
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard import copies
from itamed.leaderboard.archive import pack
from itamed.leaderboard.board.accept import accept
from itamed.leaderboard.bundle import MANIFEST
from itamed.leaderboard.said import same, telling

from .tamper import NER, answers, changed, errors, rescored, verdict, with_gold


@pytest.fixture
def entry(one, tmp_path):
    """Return the folder of an accepted bundle of one task."""
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(one))
    return accept(path, tmp_path / "store", badge=None, licence="mit", mini=True)


def test_an_entry_is_compared_without_its_archive_and_by_it_where_digests_are_gone(entry, one, tmp_path, monkeypatch):
    monkeypatch.setattr(copies, "ENOUGH", 3)
    copy = changed(one, MANIFEST, lambda manifest: manifest["model"].update(name="clinic/mine"))

    def found():
        return [each.field for each in errors(copy, tmp_path, tmp_path / "store")]

    (entry / "bundle.zip").write_bytes(b"damaged")
    assert found() == ["answers"]
    (entry / "answers.npy").write_bytes(b"damaged")
    with pytest.raises(ItamedError, match=r"answers\.npy"):
        found()
    (entry / "answers.npy").unlink()
    assert found() == []
    (entry / "bundle.zip").write_bytes(pack(one))
    assert found() == ["answers"]


def test_a_merged_archive_may_be_accepted_but_not_handed_in_again(one, tmp_path):
    merged = tmp_path / "results" / "bundles" / "lookup" / "0123.zip"
    merged.parent.mkdir(parents=True)
    merged.write_bytes(pack(one))
    assert "bundles/lookup/0123.zip" in errors(one, tmp_path, tmp_path / "results")[0].found
    elsewhere = tmp_path / "bundle.zip"
    elsewhere.write_bytes(pack(one))
    assert accept(elsewhere, tmp_path / "results", badge=None, licence="mit", mini=True).is_dir()


def told(one, tmp_path, found):
    """Return what is told of a bundle with these answers to a task, under another name, beside the entry."""
    copy = changed(rescored(one, NER, found), MANIFEST, lambda manifest: manifest["model"].update(name="clinic/mine"))
    return [each.field for each in errors(copy, tmp_path, tmp_path / "store")]


def other_form(answer):
    """Return an answer with its items in another order, and their keys, too."""
    items = [{"type": each["type"], "text": each["text"]} for each in json.loads(answer)["entities"]]
    return json.dumps({"entities": items[::-1]}, indent=2)


def test_what_is_scored_alike_is_a_copy(entry, one, tmp_path, monkeypatch):
    monkeypatch.setattr(copies, "ENOUGH", 3)
    said = answers(one, NER)
    assert max(len(json.loads(each["answer"])["entities"]) for each in said) > 1
    assert told(one, tmp_path, [each | {"answer": other_form(each["answer"])} for each in said]) == ["answers"]


def twice(answer):
    items = json.loads(answer)["entities"]
    return json.dumps({"entities": items + items})


def test_what_is_scored_otherwise_is_none(entry, one, tmp_path, monkeypatch):
    monkeypatch.setattr(copies, "ENOUGH", 3)
    assert told(one, tmp_path, [each | {"answer": twice(each["answer"])} for each in answers(one, NER)]) == []


def mistaken(one, others, right=0):
    """Return the files with six answers to a task: the last are right, each other is wrong in a way of its own."""
    found = answers(with_gold(one, NER), NER)
    for number, each in enumerate(found[: len(found) - right]):
        text = f"parola {number - 9 * (number < others)}"
        each.update(answer=json.dumps({"entities": [{"text": text, "type": "disturbo"}]}))
    return rescored(one, NER, found)


@pytest.mark.parametrize(("others", "right", "told"), [(2, 0, "4 of 6"), (3, 0, "3 of 6"), (4, 0, ""), (3, 3, "")])
def test_the_same_mistakes_as_another_models_are_warned_of(one, tmp_path, monkeypatch, others, right, told):
    """Not the same right answers: good models have them in common."""
    monkeypatch.setattr(copies, "ENOUGH", 3)
    (tmp_path / "bundle.zip").write_bytes(pack(mistaken(one, 0, right)))
    accept(tmp_path / "bundle.zip", tmp_path / "store", badge=None, licence="mit", mini=True)
    copy = changed(
        mistaken(one, others, right), MANIFEST, lambda manifest: manifest["model"].update(name="clinic/mine")
    )
    found = [each for each in verdict(copy, tmp_path, tmp_path / "store").findings if each.field == "answers"]
    assert [each.severity for each in found] == ["warning"] * bool(told)
    assert all(f"{told} telling and wrong ones as of lookup" in each.found for each in found)


@pytest.mark.parametrize(("part", "value"), [("model", {"revision": "a" * 40}), ("decoding", {"mode": "constrained"})])
def test_the_same_answers_with_other_settings_are_warned_of(entry, one, tmp_path, monkeypatch, part, value):
    monkeypatch.setattr(copies, "ENOUGH", 3)
    again = changed(one, MANIFEST, lambda manifest: manifest[part].update(value))
    found = [each for each in verdict(again, tmp_path, tmp_path / "store").findings if each.field == "answers"]
    assert [(each.severity, each.expected.split()[0]) for each in found] == [("warning", "other")]


def test_telling_answers_come_once_and_rows_are_matched():
    one = np.array([[1, 10], [2, 20], [3, 20], [4, 40], [6, 60]], dtype=np.uint64)
    two = np.array([[1, 10], [3, 30], [4, 41], [5, 50], [6, 60]], dtype=np.uint64)
    assert telling(one)[:, 0].tolist() == [1, 4, 6]
    assert same(telling(one), telling(two)) == (2, 3)
