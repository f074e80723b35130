"""What badges stand on: a commit for re-scored, a run of the maintainers' own for reproduced."""

import hashlib
import json

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.archive import pack
from itamed.leaderboard.board.accept import accept
from itamed.leaderboard.board.audit import audit
from itamed.leaderboard.board.site import build
from itamed.leaderboard.board.store import read_store
from itamed.leaderboard.bundle import MANIFEST
from itamed.leaderboard.rescore import finish_of
from typer.testing import CliRunner

from .tamper import NER, answers, changed, rescored

OWN = {"created": "2026-02-01T10:00:00Z"}


@pytest.fixture
def named(one):
    """Return the files of a bundle whose model is at a commit."""
    return changed(one, MANIFEST, lambda manifest: manifest["model"].update(revision="a" * 40))


@pytest.fixture
def write(tmp_path):
    def written(files, name):
        (tmp_path / name).write_bytes(pack(files))
        return tmp_path / name

    return written


def add(path, store, badge, evidence=None):
    return accept(path, store, badge=badge, licence="mit", evidence=evidence, mini=True)


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("unnamed", ["model", "adapter"])
def test_a_badge_of_weights_needs_their_commits(one, named, write, tmp_path, unnamed, there):
    adapted = changed(named, MANIFEST, lambda manifest: manifest["model"].update(adapter={"name": "clinic/lora"}))
    bundle = write(one if unnamed == "model" else adapted, "bundle.zip")
    if there:
        add(bundle, tmp_path / "store", None)
    with pytest.raises(ItamedError, match="names none of its model or adapter"):
        add(bundle, tmp_path / "store", "re-scored")
    assert len(list(tmp_path.glob("store/models/*/*/*/badge-*"))) == there


@pytest.mark.parametrize("there", [False, True])
def test_a_run_of_ones_own_reproduces(named, write, tmp_path, there):
    bundle, own = write(named, "bundle.zip"), write(changed(named, MANIFEST, lambda m: m.update(OWN)), "own.zip")
    if there:
        add(bundle, tmp_path / "store", None)
    folder = add(bundle, tmp_path / "store", "reproduced", own)
    (stored,) = read_store(tmp_path / "store")
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    assert (stored.badge, stored.evidence.bundle, stored.evidence.created) == ("reproduced", digest, "2026-02-01")
    assert audit(tmp_path / "store").changed == []
    pytest.importorskip("itables", reason="the site needs itables: pip install 'itamed[board]'")
    build(tmp_path / "store", tmp_path / "site")
    page = (tmp_path / "site" / "entries" / f"{folder.name}.html").read_text()
    assert f"their run: bundle <code>{digest}</code> of 2026-02-01" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": {"revision": "b" * 40}}, "another commit"),
        ({"model": {"name": "other"}}, "another model"),
        ({"model": {"adapter": {"name": "clinic/lora", "revision": "b" * 40}}}, "another adapter"),
        ({"arguments": {"gguf_file": "q2.gguf"}}, "another argument that chooses weights"),
        ({"untold": ["tokenizer"]}, "another argument that chooses weights"),
        ({"kind": "sample"}, "another kind"),
        ({"decoding": {"reasoning": "cot"}}, "another decoding"),
        ({"seeds": {"examples": 7}}, "another choice of examples"),
        ({"created": None}, "own run"),
    ],
)
def test_a_run_of_something_else_shows_nothing(named, write, tmp_path, change, said):
    def edited(manifest):
        created = manifest["created"]
        manifest.update(OWN)
        for key, value in change.items():
            manifest[key] = manifest[key] | value if isinstance(value, dict) else value or created

    own = write(changed(named, MANIFEST, edited), "own.zip")
    with pytest.raises(ItamedError, match=said):
        add(write(named, "bundle.zip"), tmp_path / "store", "reproduced", own)
    assert not (tmp_path / "store").exists()


def test_other_scores_do_not_reproduce(named, write, tmp_path):
    none = [each | {"answer": "{}", "finish": finish_of("{}")} for each in answers(named, NER)]
    own = write(changed(rescored(named, NER, none), MANIFEST, lambda m: m.update(OWN)), "own.zip")
    with pytest.raises(ItamedError, match=r"does not reproduce the entry: 0\.0 \["):
        add(write(named, "bundle.zip"), tmp_path / "store", "reproduced", own)


@pytest.mark.parametrize(("badge", "evidence"), [("reproduced", False), (None, True), ("re-scored", True)])
def test_badge_and_evidence_go_together(named, write, tmp_path, badge, evidence):
    bundle = write(named, "bundle.zip")
    with pytest.raises(ItamedError, match="go together"):
        add(bundle, tmp_path / "store", badge, bundle if evidence else None)


def test_evidence_that_is_no_bundle(named, write, tmp_path):
    (tmp_path / "own.zip").write_text("none")
    with pytest.raises(ItamedError, match="see above: it shows nothing"):
        add(write(named, "bundle.zip"), tmp_path / "store", "reproduced", tmp_path / "own.zip")


def test_a_badge_without_evidence_is_told(named, write, tmp_path):
    folder = add(write(named, "bundle.zip"), tmp_path / "store", None)
    forged = folder / "badge-reproduced.json"
    entry = json.loads((folder / "entry.json").read_text())
    for evidence in ({}, {"evidence": {"bundle": entry["bundle"], "created": "2026-01-31"}}):
        forged.write_text(json.dumps({"date": "2026-01-31"} | evidence))
        (found,) = audit(tmp_path / "store").changed
        assert "badge-reproduced.json holds no evidence" in found and "delete that file" in found
    site = ["board", "build", "--store", str(tmp_path / "store"), "--site", str(tmp_path / "site")]
    assert "holds no evidence" in str(CliRunner().invoke(app, site).exception)


def test_the_command(named, write, tmp_path):
    arguments = [str(write(named, "bundle.zip")), "--store", str(tmp_path / "store"), "--badge", "reproduced"]
    assert "--evidence own.zip" in str(CliRunner().invoke(app, ["board", "accept", *arguments]).exception)
