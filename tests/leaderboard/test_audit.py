"""An audit: whatever is changed in a store is told, and no site is built of it."""

import json
import shutil

import numpy as np
import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import DataMissingError, ItamedError
from itamed.leaderboard import validate as validating
from itamed.leaderboard.archive import pack
from itamed.leaderboard.board import scored
from itamed.leaderboard.board.accept import accept
from itamed.leaderboard.board.audit import Audited, audit, read_unedited
from itamed.leaderboard.bundle import MANIFEST
from itamed.leaderboard.findings import Finding
from typer.testing import CliRunner

from .tamper import NER, changed


@pytest.fixture
def ranked(monkeypatch):
    """Rank two tasks of the mini set, as if there were no others."""
    tasks = {"id": {"itamed_ner_e3c_clinentity": "ner", "itamed_qa_casimedicos": "qa"}, "ood": {}}
    monkeypatch.setattr(scored, "ranked_tasks", lambda version, role: tasks[role])


@pytest.fixture(scope="module")
def accepted(files, tmp_path_factory):
    """Return a store with one entry, of a model that declares nothing; not to be changed."""
    place = tmp_path_factory.mktemp("audit")
    files = changed(files, MANIFEST, lambda manifest: manifest["model"].update(name="lab/model"))
    (place / "bundle.zip").write_bytes(pack(files))
    with pytest.MonkeyPatch.context() as patch:
        ranked.__wrapped__(patch)
        accept(place / "bundle.zip", place / "store", badge=None, licence="mit", mini=True)
    return place / "store"


@pytest.fixture
def store(accepted, tmp_path, ranked):
    return shutil.copytree(accepted, tmp_path / "store")


def folder(store):
    return next(store.glob("models/*/*/*"))


def edit(store, change):
    """Change the parsed entry of a store."""
    path = folder(store) / "entry.json"
    entry = json.loads(path.read_text())
    change(entry)
    path.write_text(json.dumps(entry))


def test_a_store_that_nobody_has_changed(store):
    assert audit(store, "answers", mini=True) == Audited()
    assert read_unedited(store)[1] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda entry: entry["roles"]["id"]["mean"].__setitem__(0, 0.99), "means of id tasks"),
        (lambda entry: entry["roles"]["id"]["families"]["ner"].__setitem__(0, 0.99), "means of id tasks"),
        (lambda entry: entry["roles"]["id"]["tasks"].pop(), "means of id tasks"),
        (lambda entry: entry["roles"]["id"]["tasks"].clear(), "means of id tasks"),
        (lambda entry: entry["roles"]["id"]["tasks"].append("itamed_ner_pharmaer"), "over itamed_ner_pharmaer"),
        (lambda entry: entry["tasks"][NER]["metrics"]["score"].__setitem__(0, 0.99), "means of id tasks"),
        (lambda entry: entry["manifest"]["model"].update(name="clinic/mine"), "the manifest"),
        (lambda entry: entry.update(bundle=entry["bundle"][:16] + "0" * 48), "bundle.zip is another"),
        (lambda entry: entry.pop("tasks"), "entry.json"),
    ],
)
def test_an_entry_that_was_edited(store, change, said):
    edit(store, change)
    (found,) = audit(store).changed
    assert said in found and folder(store).name in found
    with pytest.raises(ItamedError, match=folder(store).name):
        read_unedited(store)


def test_the_same_entry_in_another_folder_is_no_second_one(store):
    copy = shutil.copytree(folder(store), store / "models" / "another" / "no-revision" / folder(store).name)
    (found,) = audit(store).changed
    assert found.startswith(copy.relative_to(store).as_posix()) and "its place is models/lab__model/" in found
    with pytest.raises(ItamedError, match="its place is"):
        read_unedited(store)


@pytest.mark.parametrize("change", [{"notes": 1}, {"shots": 9}])
def test_scores_of_tasks_are_read_by_the_audit_alone(store, change):
    edit(store, lambda entry: entry["tasks"][NER].update(change))
    (found,) = audit(store).changed
    assert "scores of tasks" in found
    assert read_unedited(store)[1] == []


@pytest.mark.parametrize("name", ["entry.json", "bundle.zip"])
def test_a_file_that_is_gone(store, name):
    (folder(store) / name).unlink()
    (found,) = audit(store).changed
    assert f"{name} is not there" in found


def test_another_archive(store, files):
    (folder(store) / "bundle.zip").write_bytes(pack(changed(files, MANIFEST, lambda m: m.update(kind="sample"))))
    (found,) = audit(store).changed
    assert "bundle.zip is another" in found


def test_what_only_scoring_again_tells(store):
    def wider(entry):
        entry["roles"]["id"]["families"]["ner"][2] += 0.01

    edit(store, wider)
    for name, change in (("draws.npy", lambda each: each[:, ::-1]), ("answers.npy", lambda each: each + np.uint64(1))):
        path = folder(store) / name
        np.save(path, change(np.load(path)))
    assert audit(store) == Audited()
    found = "\n".join(audit(store, "answers", mini=True).changed)
    assert all(said in found for said in ("scores in entry.json", "draws of the means", "answers.npy"))


def test_an_interval_is_that_of_its_draws(store):
    path = folder(store) / "draws.npy"
    draws = np.load(path)
    for other in (draws + np.float32(0.6), 2 * draws - np.nanmean(draws), draws * np.nan):
        np.save(path, other)
        (found,) = audit(store).changed
        assert "the interval of the mean of id tasks in entry.json is not that of draws.npy" in found
    np.save(path, draws)
    edit(store, lambda entry: entry["roles"]["id"]["mean"].__setitem__(1, entry["roles"]["id"]["mean"][1] + 0.001))
    with pytest.raises(ItamedError, match="the interval of the mean of id tasks"):
        read_unedited(store)


def test_an_entry_of_before_intervals_could_be_compared_in_full(store):
    edit(store, lambda entry: [score.pop("further") for score in entry["roles"].values()])
    assert audit(store, "answers", mini=True) == Audited()
    np.save(folder(store) / "draws.npy", np.load(folder(store) / "draws.npy") + np.float32(0.6))
    assert "the interval of the mean of id tasks" in audit(store).changed[0]


def test_warnings_that_were_taken_out(store):
    edit(store, lambda entry: entry["warnings"].remove(next(each for each in entry["warnings"] if "declar" in each)))
    assert audit(store) == Audited()
    (found,) = audit(store, "answers", mini=True).changed
    assert "warnings that the check gives today are not in entry.json, 1, as (manifest.json declaration" in found


def test_warnings_about_the_data_of_a_machine_may_be_others(store, monkeypatch):
    """Of the archive that a source was built from here, nothing follows for another machine."""
    here = Finding(MANIFEST, "sources.e3c.inputs", "one", "another", severity="warning")
    monkeypatch.setattr(validating, "stated_findings", lambda bundle: [here])
    assert audit(store, "answers", mini=True) == Audited()


@pytest.mark.parametrize("badge", ["re-scored", "reproduced"])
def test_a_badge_that_was_written_by_hand(store, badge):
    (folder(store) / f"badge-{badge}.json").write_text('{"date": "2026-01-31"}')
    (found,) = audit(store).changed
    assert f"badge-{badge}.json stands for a commit" in found and "delete that file" in found
    with pytest.raises(ItamedError, match=f"badge-{badge}"):
        read_unedited(store)


def test_entries_without_their_data_are_no_changed_ones(store, monkeypatch):
    def missing(name):
        raise DataMissingError("Build the data.")

    monkeypatch.setattr(validating, "docs_of", missing)
    found = audit(store, "answers", mini=True)
    assert (found.changed, found.unscored, found.status) == ([], [], 3)
    assert found.unchecked[0].endswith("not scored again here: Build the data.")


def test_the_commands(store, tmp_path):
    def run(*arguments):
        return CliRunner().invoke(app, ["board", *arguments, "--store", str(store)])

    said = run("audit").stdout.splitlines()[-1]
    assert "Entries: 1; differences: 0" in said and "Not compared: draws (which decide ranks)" in said
    assert run("audit", "--rescore").exit_code == 1, "tasks of the mini set are none of the board"
    (folder(store) / "bundle.zip").unlink()
    said = run("build", "--site", str(tmp_path / "site")).output
    place = folder(store).relative_to(store)
    assert f"{place}: bundle.zip is not there: whether the entry was changed" in said and "1 of them without" in said
    page = tmp_path / "site" / "entries" / f"{folder(store).name}.html"
    assert "bundle.zip is not there: whether the entry was changed cannot be told." in page.read_text()
    edit(store, lambda entry: entry.update(bundle=entry["bundle"][::-1]))
    done = run("build", "--site", str(tmp_path / "none"))
    assert done.exit_code == 1 and "another bundle" in str(done.exception)
    assert not (tmp_path / "none").exists()
