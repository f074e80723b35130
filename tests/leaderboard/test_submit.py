"""Handing in: a pull request on a hub, or a file; nothing leaves that would be refused."""

import json
from pathlib import Path

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError, PublishError
from itamed.benchmark.report.finding import find_run
from itamed.leaderboard import submit as module
from itamed.leaderboard.archive import pack
from itamed.leaderboard.bundle import Wishes
from itamed.leaderboard.manifest import Weights
from itamed.leaderboard.submit import submit_run
from itamed.leaderboard.validate import validate
from typer.testing import CliRunner

from ..benchmark.fakehub import TOKEN, Repo
from .tamper import TASKS

RESULTS = "clinic/results"


@pytest.fixture
def results(hub, monkeypatch):
    """Return the results repository of a hub that knows us."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return hub.repos.setdefault(RESULTS, Repo({"README.md": b"Results"}))


def test_a_pull_request_holds_the_bundle_and_says_what_it_is(results, hub, run_folder, rule_files, tmp_path, capsys):
    submit_run(run_folder, Wishes(mini=True), repo=RESULTS, out=None)
    assert f"Pull request: {hub.url}/datasets/{RESULTS}/discussions/1" in capsys.readouterr().out
    assert list(results.files) == ["README.md"]
    (pull,) = results.pulls
    ((place, content),) = pull.files.items()
    assert place.startswith("bundles/lookup/") and place.endswith(".zip")
    assert content == pack(rule_files)
    assert pull.title == f"Add lookup 0-shot, 3 tasks ({Path(place).stem})"
    assert all(f"| `{task}` |" in pull.text for task in TASKS)
    again = tmp_path / "downloaded.zip"
    again.write_bytes(content)
    assert validate(again, mini=True).errors == 0


def test_the_same_run_is_sent_once(results, hub, run_folder, capsys):
    address = f"{hub.url}/datasets/{RESULTS}/discussions/1"
    submit_run(run_folder, Wishes(mini=True), repo=RESULTS, out=None)
    said = capsys.readouterr().out
    assert f"Pull request: {address}\nNext: " in said and "`itamed validate FILE`" in said
    submit_run(run_folder, Wishes(mini=True), repo=RESULTS, out=None)
    said = capsys.readouterr().out
    assert f"Handed in already, so nothing was sent: {address}" in said and "Next" not in said
    assert len(results.pulls) == 1
    results.files |= results.pulls[0].files
    results.pulls[0].status = "closed"
    submit_run(run_folder, Wishes(mini=True), repo=RESULTS, out=None)
    assert f"nothing was sent: {hub.url}/datasets/{RESULTS}/blob/main/bundles/" in capsys.readouterr().out


def test_what_was_closed_may_be_sent_again(results, run_folder):
    submit_run(run_folder, Wishes(mini=True), repo=RESULTS, out=None)
    results.pulls[0].status = "closed"
    submit_run(run_folder, Wishes(mini=True), repo=RESULTS, out=None)
    assert [pull.status for pull in results.pulls] == ["closed", "open"]


def test_a_file_to_send_by_hand(run_folder, rule_files, tmp_path):
    submit_run(run_folder, Wishes(mini=True), repo="", out=tmp_path / "sub" / "bundle.zip")
    assert (tmp_path / "sub" / "bundle.zip").read_bytes() == pack(rule_files)


def test_without_a_token_the_message_says_what_to_do(results, monkeypatch, run_folder):
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PublishError, match=r"log in .*--out FILE"):
        submit_run(run_folder, Wishes(mini=True), repo=RESULTS, out=None)
    assert results.pulls == []


def test_a_bundle_with_errors_goes_nowhere(results, run_folder, tmp_path, monkeypatch, capsys):
    make = module.make_bundle
    monkeypatch.setattr(module, "make_bundle", lambda *given: make(*given) | {"result.json": b"{}"})
    for out in (None, tmp_path / "bundle.zip"):
        with pytest.raises(ItamedError, match="nothing was written or sent"):
            submit_run(run_folder, Wishes(mini=True), repo=RESULTS, out=out)
    assert "(errors: 1, warnings: 0)" in capsys.readouterr().out
    assert results.pulls == [] and not (tmp_path / "bundle.zip").exists()


@pytest.mark.parametrize(
    ("decontamination", "said"),
    [(None, "unknown."), ({"unchecked": ["a", "b"]}, "unknown; text was not held against the test rows of a, b.")],
)
def test_a_pull_request_says_what_was_not_checked(decontamination, said):
    declared = {"training": "all", "test_rows": "unknown", "decontamination": decontamination}
    found = module._declared(json.dumps({"declaration": declared}).encode())
    assert found == f"Declared: all; test rows of the suite: {said}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say where to"),
        (["--out", "x.zip"], "mini set"),
        (["--out", "x.zip", "--declaration", "none.yaml"], "cannot be read as a declaration"),
        (["--out", "x.zip", "--model", "clinic/small@main"], "A branch moves"),
        (["--out", "x.zip", "--adapter", "clinic/lora"], "--adapter clinic/lora has no commit"),
        (["--out", "x.zip", "--adapter", f"=cmd@{'a' * 40}"], "is no name on the Hub"),
    ],
)
def test_the_command(run_folder, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["submit", str(run_folder), *arguments], env={"ITAMED_RESULTS": ""})
    assert message in str(done.exception)


def test_a_model_at_a_commit(run_folder, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "submit_run", lambda path, wishes, **_: asked.append(wishes))
    arguments = ["--repo", RESULTS, "--model", f"clinic/small@{'a' * 40}", "--leave-out", TASKS[0], "--allow-sample"]
    arguments += ["--adapter", f"clinic/lora@{'b' * 40}"]
    assert CliRunner().invoke(app, ["submit", str(find_run(run_folder).path), *arguments]).exit_code == 0
    adapter = Weights(name="clinic/lora", revision="b" * 40)
    assert asked == [Wishes("clinic/small", "a" * 40, None, (TASKS[0],), sample=True, adapter=adapter)]
