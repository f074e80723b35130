"""Entries of an older suite: their pages stay as they were, and an audit says what it cannot tell of them."""

import csv
import hashlib
import json
import shutil

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.anomalies import trained_ood
from itamed.leaderboard.archive import pack, short
from itamed.leaderboard.board import scored
from itamed.leaderboard.board.accept import accept
from itamed.leaderboard.board.audit import audit, read_unedited
from itamed.leaderboard.board.listing import boards
from itamed.leaderboard.board.site import build
from itamed.leaderboard.board.store import read_store
from itamed.leaderboard.bundle import MANIFEST
from itamed.leaderboard.known import FACTS
from itamed.leaderboard.manifest import Declaration
from typer.testing import CliRunner

from .made_up import more_suites
from .tamper import CRF, NER, QA, changed, sealed

GONE = "itamed-mini-crf-gone"


def facts(family, role):
    return {
        FACTS: {"family": family, "role": role, "source": "old", "version": "7", "labels": {"VECCHIA": "di allora"}}
    }


OLDER = {
    "itamed_crf_gone": facts("crf", "id"),
    "itamed_ner_e3c_clinentity": facts("ner", "ood"),
    "itamed_qa_casimedicos": facts("qa", "ood"),
}
"""A suite with a task that today's lacks, and two that were out-of-distribution."""


def aged(folder, files):
    """Make an entry of today one of the older suite, as the code of that time would have."""
    renamed = {name.replace(CRF, GONE): content.replace(CRF.encode(), GONE.encode()) for name, content in files.items()}
    bundle = changed(sealed(renamed), MANIFEST, lambda manifest: manifest["suite"].update(version="0.0.9"))
    archive = pack(bundle)
    entry = json.loads((folder / "entry.json").read_text().replace(CRF, GONE))
    entry |= {"manifest": json.loads(bundle[MANIFEST]), "bundle": hashlib.sha256(archive).hexdigest()}
    entry["roles"] = dict(zip(("id", "ood"), reversed(entry["roles"].values()), strict=True))
    (folder / "entry.json").write_text(json.dumps(entry))
    (folder / "bundle.zip").write_bytes(archive)
    (folder / "answers.npy").unlink()
    return folder.rename(folder.with_name(short(entry["bundle"])))


@pytest.fixture(scope="module")
def accepted(files, tmp_path_factory):
    """Return a store with an entry of the older suite and one of today; not to be changed."""
    place = tmp_path_factory.mktemp("versions")
    (place / "bundle.zip").write_bytes(pack(files))
    ranked = {"id": {"itamed_ner_e3c_clinentity": "ner", "itamed_qa_casimedicos": "qa"}, "ood": {}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scored, "ranked_tasks", lambda version, role: ranked[role])
        for age in (lambda folder: aged(folder, files), lambda folder: folder):
            age(accept(place / "bundle.zip", place / "store", badge=None, licence="mit", mini=True))
    return place / "store"


@pytest.fixture
def store(accepted, tmp_path):
    with more_suites(v0_0_9=OLDER):
        yield shutil.copytree(accepted, tmp_path / "store")


def old_entry(store):
    (found,) = (path for path in store.glob("models/*/*/*/entry.json") if GONE in path.read_text())
    return found


def test_old_pages_show_what_tasks_were(store, tmp_path):
    site = tmp_path / "site"
    assert build(store, site) == 2
    page = (site / "tasks" / "0.0.9" / f"{NER}.html").read_text()
    assert "NER, out-of-distribution; source old, version 7" in page
    assert "di allora" in page and "CLINENTITY" not in page
    assert "CRF, in-distribution" in (site / "tasks" / "0.0.9" / f"{GONE}.html").read_text()
    assert "NER, in-distribution; source e3c" in (site / "tasks" / "0.1.0" / f"{NER}.html").read_text()
    assert "OOD mean (NER, QA)" in (site / "suites" / "0.0.9.html").read_text()
    with (site / "data" / "scores.csv").open() as file:
        found = {(row["suite"], row["task"]): (row["family"], row["role"]) for row in csv.DictReader(file)}
    assert found == {
        ("0.0.9", GONE): ("crf", "id"),
        ("0.0.9", NER): ("ner", "ood"),
        ("0.0.9", QA): ("qa", "ood"),
        ("0.1.0", CRF): ("crf", "ood"),
        ("0.1.0", NER): ("ner", "id"),
        ("0.1.0", QA): ("qa", "id"),
    }


def test_ranks_go_by_the_roles_of_the_time(store):
    for path in store.glob("models/*/*/*/entry.json"):
        entry = json.loads(path.read_text())
        entry["manifest"]["declaration"] = {"training": "all", "test_rows": "unknown", "tasks": [QA]}
        path.write_text(json.dumps(entry))
    (new,), (old,) = boards(read_store(store)).values()
    assert (new.ranks.keys(), old.ranks.keys()) == ({"id"}, set())
    assert "trained on out-of-distribution tasks" in old.unranked["ood"]
    declared = Declaration(training="all", test_rows="unknown", tasks=[QA])
    assert (trained_ood(declared, "0.0.9"), trained_ood(declared, "0.1.0"), trained_ood(None, "none")) == ([QA], [], [])


def test_an_audit_leaves_old_answers_to_their_own_version(store):
    assert audit(store).unscored == []
    found = audit(store, "answers", mini=True)
    place = old_entry(store).parent.relative_to(store)
    assert found.unscored == [f"{place}: not scored again here: install itamed 0.0.9."]
    assert found.unchecked == []
    assert all("retract" not in line for line in found.unscored)
    assert found.status == bool(found.changed) and not any(str(place) in line for line in found.changed)


def test_an_old_entry_that_was_edited_is_told(store):
    path = old_entry(store)
    entry = json.loads(path.read_text())
    entry["roles"]["ood"]["mean"][0] = 0.99
    path.write_text(json.dumps(entry))
    with pytest.raises(ItamedError, match="means of ood tasks"):
        read_unedited(store)


def test_the_command(store):
    (new,) = (path for path in store.glob("models/*/*/*") if path != old_entry(store).parent)
    shutil.rmtree(new)
    done = CliRunner().invoke(app, ["board", "audit", "--rescore", "--store", str(store)])
    said = done.stdout.splitlines()[-1]
    assert done.exit_code == 0 and "differences: 0; not scored again: 1." in said


def test_a_version_that_nobody_here_knows(accepted, tmp_path):
    found = audit(accepted)
    assert found.changed == [] and "install itamed 0.0.9" in found.unscored[0]
    with pytest.raises(ItamedError, match=r"Suite 0\.0\.9 is not known .* install"):
        build(accepted, tmp_path / "site")


def test_a_task_that_a_version_never_had(store, tmp_path):
    path = old_entry(store)
    path.write_text(path.read_text().replace(GONE, "itamed-mini-crf-other"))
    with pytest.raises(ItamedError, match=r"Suite 0\.0\.9 had no task itamed-mini-crf-other"):
        build(store, tmp_path / "site")
