"""A preview: the rank and the gains of a bundle before it is accepted, and Markdown that nobody can write into."""

import json
import os

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.archive import MAX_ARCHIVE, pack
from itamed.leaderboard.board import scored
from itamed.leaderboard.board.accept import accept
from itamed.leaderboard.board.comment import comment
from itamed.leaderboard.board.preview import Preview, preview
from itamed.leaderboard.board.store import read_store
from itamed.leaderboard.bundle import MANIFEST
from itamed.leaderboard.findings import Finding
from itamed.leaderboard.validate import Verdict
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from .hosting import shown
from .tamper import CRF, NER, QA, answers, changed, rescored, sealed, with_gold

HARMLESS = {"h3", "p", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}
HOSTILE = "``` @team <img src=x onerror=1> [x](//evil.example) ![x](y) | www.evil.example #1 &#60; ~~~"


def named(files, name, but=0):
    """Return the files under another model's name, `but` of their answers to two tasks being empty."""
    for task in (NER, QA):
        empty = [each | {"answer": "{}", "finish": "whole"} for each in answers(files, task)[:but]]
        files = rescored(files, task, empty + answers(files, task)[but:])
    return changed(files, MANIFEST, lambda manifest: manifest["model"].update(name=name))


def packed(files, path):
    path.write_bytes(pack(files))
    return path


@pytest.fixture
def ranked(monkeypatch):
    """Rank two tasks of the mini set, as if there were no others."""
    tasks = {"id": {"itamed_ner_e3c_clinentity": "ner", "itamed_qa_casimedicos": "qa"}, "ood": {}}
    monkeypatch.setattr(scored, "ranked_tasks", lambda version, role: tasks[role])


@pytest.fixture
def store(files, tmp_path, ranked):
    """Return a store with the best of all bundles, one that is near, and one that is far."""
    for name, but in (("lab/best", 0), ("lab/near", 3), ("lab/far", 99)):
        path = packed(named(files, name, but), tmp_path / "bundle.zip")
        accept(path, tmp_path / "store", badge=None, licence="mit", mini=True)
    return tmp_path / "store"


@pytest.fixture
def bundle(files, tmp_path):
    return packed(named(files, "lab/mine", 2), tmp_path / "mine.zip")


def keys(store):
    return {each.entry.manifest.model.name: each.key for each in read_store(store)}


def test_a_rank_and_gains_on_the_best_and_the_nearest(bundle, store):
    before = sorted(store.rglob("*"))
    found = preview(bundle, store, mini=True)
    assert sorted(store.rglob("*")) == before
    assert [each.row.name for each in found.references] == ["lab/best", "lab/near"]
    best, near = found.references
    means = {each.entry.manifest.model.name: each.entry.roles["id"].mean[0] for each in read_store(store)}
    mine = found.row.stored.entry.roles["id"].mean[0]
    assert means["lab/near"] < mine < means["lab/best"]
    for reference in (best, near):
        gain = reference.means["id", "mean"].gain
        assert gain.value == pytest.approx(mine - means[reference.row.name], abs=1e-6)
        assert gain.low <= gain.value <= gain.high
        assert reference.tasks.keys() == {NER, QA, *found.row.stored.entry.tasks}
    assert found.ranked == {"id": 4, "ood": 0}
    assert 1 <= found.row.ranks["id"].best <= found.row.ranks["id"].worst <= 4
    text = comment(found)
    assert f"{found.row.ranks['id'].shown()} of 4" in text
    assert f"`{NER}`" in text


def test_references_are_those_that_a_maintainer_names(bundle, store):
    far = keys(store)["lab/far"]
    assert [each.row.name for each in preview(bundle, store, [far], mini=True).references] == ["lab/far"]
    with pytest.raises(ItamedError, match="no other entry"):
        preview(bundle, store, ["0" * 16], mini=True)


def test_the_first_bundle_of_all_has_nothing_to_be_compared_with(bundle, tmp_path, ranked):
    (tmp_path / "empty").mkdir()
    found = preview(bundle, tmp_path / "empty", mini=True)
    assert (found.row.ranks["id"].shown(), found.references) == ("1", ())
    assert "no whole run" in comment(found)


def test_a_sample_is_not_said_to_lack_something_in_the_store(files, store, tmp_path):
    sample = changed(named(files, "lab/mine", 2), MANIFEST, lambda manifest: manifest.update(kind="sample"))
    found = preview(packed(sample, tmp_path / "mine.zip"), store, mini=True)
    assert (found.row is None, found.whole, found.references) == (False, False, ())
    assert "It is a sample of notes" in comment(found) and "The store has no" not in comment(found)


def test_a_task_above_all_others_is_told(files, store, tmp_path):
    assert preview(packed(named(files, "lab/mine", 2), tmp_path / "mine.zip"), store, mini=True).beyond == ()
    found = preview(packed(with_gold(files, CRF), tmp_path / "mine.zip"), store, mini=True)
    assert found.beyond == (CRF,)
    text = comment(found)
    assert f"**Above every ranked entry by more than its interval** in `{CRF}`:" in text
    assert shown(tmp_path, text) == text, "comment.py must leave it as it is"


def test_other_rows_of_a_task_are_not_compared(bundle, store):
    """Where prompts of a task were others, both answered something else."""
    place = next(store.rglob(f"{keys(store)['lab/best']}/entry.json"))
    entry = json.loads(place.read_text())
    entry["manifest"]["suite"]["fingerprints"][NER]["prompt"] = "0" * 32
    place.write_text(json.dumps(entry))
    found = preview(bundle, store, [keys(store)["lab/best"]], mini=True)
    (reference,) = found.references
    assert (dict(reference.means), NER in reference.tasks, QA in reference.tasks) == ({}, False, True)


def test_what_is_accepted_is_refused_once_more(store, files, tmp_path):
    again = packed(named(files, "lab/near", 3), tmp_path / "again.zip")
    found = preview(again, store, mini=True)
    assert found.row is None
    assert "it is there already" in comment(found)


@pytest.mark.parametrize(
    ("wrong", "change"),
    [
        (False, lambda manifest: manifest["model"].update(name="www.evil.example/x")),
        (True, lambda manifest: manifest["model"].update(name=HOSTILE)),
        (True, lambda manifest: manifest.update({HOSTILE: 1})),
    ],
)
def test_nothing_of_a_stranger_is_more_than_text(files, tmp_path, ranked, wrong, change):
    path = packed(changed(files, MANIFEST, change), tmp_path / "bundle.zip")
    text = comment(preview(path, tmp_path, mini=True))
    assert ("**Refused**" in text) == wrong
    assert shown(tmp_path, text) == text, "comment.py must leave it as it is"
    tags = {
        token.tag
        for each in MarkdownIt("commonmark").enable("table").parse(text)
        for token in [each, *(each.children or [])]
    }
    assert tags - {""} <= HARMLESS


def test_what_was_not_checked_is_not_refused(tmp_path):
    text = comment(Preview("0" * 64, Verdict((Finding("samples_x.jsonl", "", "its data", "none", "", "unchecked"),))))
    assert "**Not checked here, as data are missing** (errors: 0, tasks not checked: 1, warnings: 0)" in text
    assert "Refused" not in text
    assert shown(tmp_path, text) == text, "comment.py must leave it as it is"


@pytest.mark.parametrize("large", [True, False])
def test_what_is_not_even_read_is_told_in_the_comment(tmp_path, large):
    path = tmp_path / "bundle.zip"
    if large:
        with path.open("wb") as file:
            file.truncate(MAX_ARCHIVE + 1)
    else:
        os.mkfifo(path)
    text = comment(preview(path, tmp_path, mini=True))
    assert text.startswith("### Bundle that is not read\n\n**Refused**")
    assert shown(tmp_path, text) == text, "comment.py must leave it as it is"


def test_the_command_writes_the_comment_and_ends_with_the_verdict(one, tmp_path):
    path = packed(sealed(one), tmp_path / "bundle.zip")
    arguments = ["board", "preview", str(path), "--store", str(tmp_path), "--markdown", str(tmp_path / "found.md")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1, "tasks of the mini set are none of the board"
    assert "**Refused**" in (tmp_path / "found.md").read_text()
