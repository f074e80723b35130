"""The store: what is accepted, where it lands, and that nothing there is ever changed."""

import json

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.means import means
from itamed.leaderboard.archive import pack
from itamed.leaderboard.board import scored
from itamed.leaderboard.board.accept import accept
from itamed.leaderboard.board.listing import boards
from itamed.leaderboard.board.store import read_store, retract
from itamed.leaderboard.bundle import MANIFEST, SCORES
from typer.testing import CliRunner

from .made_up import add_entry, content
from .tamper import CRF, NER, QA, changed


@pytest.fixture
def bundle(one, tmp_path):
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(one))
    return path


def test_an_accepted_bundle_is_kept_with_its_scores_and_read_again(bundle, tmp_path, one):
    folder = accept(bundle, tmp_path / "store", badge=None, licence="mit", mini=True)
    assert folder.parts[-3:-1] == ("lookup", "no-revision")
    assert (folder / "bundle.zip").read_bytes() == bundle.read_bytes()
    (stored,) = read_store(tmp_path / "store")
    assert (stored.badge, stored.entry.licence, stored.key) == ("self-reported", "mit", folder.name)
    said = json.loads(one[SCORES])["tasks"][NER]["modes"]["repaired"]["metrics"]["score"]
    assert stored.entry.tasks[NER].metrics["score"][0] == pytest.approx(said["value"], abs=1e-6)
    assert stored.draws == {}, "one task is not all that is ranked"


def test_what_is_accepted_cannot_be_accepted_again_but_gets_another_badge(one, tmp_path):
    bundle = tmp_path / "named.zip"
    bundle.write_bytes(pack(changed(one, MANIFEST, lambda manifest: manifest["model"].update(revision="a" * 40))))
    folder = accept(bundle, tmp_path / "store", badge="self-reported", licence="mit", mini=True)
    before = content(folder)
    for badge in (None, "self-reported"):
        with pytest.raises(ItamedError, match="accepted already"):
            accept(bundle, tmp_path / "store", badge=badge, licence="gemma", mini=True)
    assert content(folder) == before
    accept(bundle, tmp_path / "store", badge="re-scored", licence="mit", mini=True)
    assert read_store(tmp_path / "store")[0].badge == "re-scored"
    after = content(folder)
    assert before.items() < after.items()
    with pytest.raises(ItamedError, match=r"its badge is re-scored.* delete .*badge-re-scored\.json"):
        accept(bundle, tmp_path / "store", badge="re-scored", licence="mit", mini=True)
    assert content(folder) == after
    (folder / "badge-re-scored.json").unlink()
    assert read_store(tmp_path / "store")[0].badge == "self-reported", "withdrawn as the message says"


@pytest.mark.parametrize(("revision", "badge"), [("b" * 40, "re-scored"), (None, "self-reported")])
def test_weights_are_named_if_those_of_the_adapter_are(one, tmp_path, revision, badge):
    def adapted(manifest):
        manifest["model"].update(revision="a" * 40, adapter={"name": "clinic/lora", "revision": revision})

    (tmp_path / "bundle.zip").write_bytes(pack(changed(one, MANIFEST, adapted)))
    accept(tmp_path / "bundle.zip", tmp_path / "store", badge=None, licence="mit", mini=True)
    assert read_store(tmp_path / "store")[0].badge == badge


@pytest.mark.parametrize(
    ("given", "ranked"),
    [
        ({"test_rows": "not trained on"}, {"id", "ood"}),
        ({"test_rows": "not trained on", "tasks": ["itamed_crf_dyspnea"]}, {"id"}),
        ({"test_rows": "trained on"}, set()),
    ],
)
def test_what_a_model_was_trained_on_decides_where_it_is_ranked(files, tmp_path, monkeypatch, given, ranked):
    tasks = {"id": {"itamed_ner_e3c_clinentity": "ner"}, "ood": {"itamed_crf_dyspnea": "crf"}}
    monkeypatch.setattr(scored, "ranked_tasks", lambda version, role: tasks[role])
    declared = changed(files, MANIFEST, lambda m: m.update(declaration={"training": "All there is."} | given))
    (tmp_path / "bundle.zip").write_bytes(pack(declared))
    accept(tmp_path / "bundle.zip", tmp_path / "store", badge=None, licence="mit", mini=True)
    ((row,),) = boards(read_store(tmp_path / "store")).values()
    assert row.ranks.keys() == ranked
    assert row.unranked.keys() == {"id", "ood"} - ranked


def test_a_wrong_bundle_leaves_no_trace(one, tmp_path):
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(changed(one, SCORES, lambda s: s["tasks"][NER].update(shots=99))))
    with pytest.raises(ItamedError, match="not accepted"):
        accept(path, tmp_path / "store", badge=None, licence="mit", mini=True)
    assert not (tmp_path / "store").exists()


def test_a_licence_that_is_no_name(bundle, tmp_path):
    with pytest.raises(ItamedError, match="--licence"):
        accept(bundle, tmp_path / "store", badge=None, licence="<b>", mini=True)


def test_means_are_those_of_reports(run_folder, monkeypatch):
    """Where all tasks that are ranked are there, means are as `itamed report` has them."""
    tasks = {"id": {"itamed_ner_e3c_clinentity": "ner", "itamed_qa_casimedicos": "qa"}, "ood": {}}
    monkeypatch.setattr(scored, "ranked_tasks", lambda version, role: tasks[role])
    run = find_run(run_folder)
    found, draws = scored.role_scores(run, "0.1.0")
    expected = means(run).by_role["id"]
    assert found["id"].tasks == [NER, QA]
    assert found["id"].mean == pytest.approx(
        (expected["mean"].value, expected["mean"].low, expected["mean"].high), abs=1e-6
    )
    assert draws.keys() == {"id"}
    assert found["ood"].mean is None
    assert CRF not in found["ood"].tasks


def test_a_family_with_a_task_missing_has_no_mean(run_folder, monkeypatch):
    tasks = {"itamed_ner_e3c_clinentity": "ner", "itamed_ner_e3c_timex": "ner", "itamed_qa_casimedicos": "qa"}
    monkeypatch.setattr(scored, "ranked_tasks", lambda version, role: tasks if role == "id" else {})
    found, draws = scored.role_scores(find_run(run_folder), "0.1.0")
    assert found["id"].families.keys() == {"qa"}
    assert (found["id"].mean, draws) == (None, {})


def test_a_retraction_is_one_more_file(files, tmp_path):
    folder = add_entry(tmp_path, files, "a/b")
    before = content(folder)
    retract(folder.name, tmp_path, "wrong template")
    assert before.items() < content(folder).items()
    with pytest.raises(ItamedError, match="retracted already"):
        retract(folder.name, tmp_path, "again")
    with pytest.raises(ItamedError, match="no entry"):
        retract("0" * 16, tmp_path, "none")
    assert read_store(tmp_path)[0].retracted.reason == "wrong template"


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "=cmd|x", "<b>", "two\nlines", "\u202etxt"])
def test_a_reason_that_cannot_be_shown(files, tmp_path, reason):
    folder = add_entry(tmp_path, files, "a/b")
    before = content(folder)
    with pytest.raises(ItamedError, match=r"--reason has .*: say it in"):
        retract(folder.name, tmp_path, reason)
    assert content(folder) == before


@pytest.mark.parametrize("name", ["entry.json", "draws.npy", "badge-re-scored.json"])
def test_a_damaged_entry_is_named(files, tmp_path, name):
    folder = add_entry(tmp_path, files, "a/b")
    (folder / name).unlink() if name.startswith("badge") else (folder / name).write_bytes(b"{}")
    with pytest.raises(ItamedError, match=folder.name):
        read_store(tmp_path)


def test_a_moved_entry_is_named(files, tmp_path):
    folder = add_entry(tmp_path, files, "a/b")
    folder.rename(folder.with_name("f" * 16))
    with pytest.raises(ItamedError, match="another bundle"):
        read_store(tmp_path)


def test_the_commands(files, tmp_path):
    key = add_entry(tmp_path / "store", files, "a/b").name
    calls = [
        ["retract", key, "--store", str(tmp_path / "store"), "--reason", "wrong template"],
        ["build", "--store", str(tmp_path / "store"), "--site", str(tmp_path / "site")],
    ]
    for call in calls:
        assert CliRunner().invoke(app, ["board", *call]).exit_code == 0
    assert "wrong template" in (tmp_path / "site" / "entries" / f"{key}.html").read_text()
    wrong = CliRunner().invoke(app, ["board", "accept", str(tmp_path / MANIFEST), "--store", "x", "--badge", "gold"])
    assert "choose one of" in str(wrong.exception)
