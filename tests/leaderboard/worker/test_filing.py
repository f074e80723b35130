"""Who may not write to the queue asks by a pull request, or by a file."""

import json

import pytest
from itamed.benchmark.cli import app
from itamed.leaderboard.worker.request import id_of, read_request
from typer.testing import CliRunner

from ...benchmark.fakehub import STRANGER, TOKEN, Pull, Repo
from .conftest import COMMIT

REPO = "clinic/requests"
ASK = ("request", f"lab/model@{COMMIT}", "--by", "A. Rossi")


def board(*arguments):
    return CliRunner().invoke(app, ["board", *map(str, arguments)], env={"ITAMED_REQUESTS": ""})


@pytest.fixture
def repo(hub, monkeypatch):
    """Return a queue on a hub that knows us for a stranger."""
    monkeypatch.setenv("HF_TOKEN", STRANGER)
    return hub.repos.setdefault(REPO, Repo({"README.md": b"Requests"}))


def test_a_stranger_opens_one_pull_request(repo, hub):
    done = board(*ASK, "--queue", REPO)
    address = f"{hub.url}/datasets/{REPO}/discussions/1"
    assert f"Pull request: {address}" in done.output and "waits for a maintainer" in done.output
    assert list(repo.files) == ["README.md"]
    (pull,) = repo.pulls
    ((path, content),) = pull.files.items()
    name = id_of(read_request(content, path))
    assert path == f"requests/{name}.json" and pull.title == f"Ask for lab/model ({name})"
    again = board(*ASK, "--queue", REPO)
    assert f"Asked already as {name}: {address} waits for a maintainer." in again.output and len(repo.pulls) == 1
    repo.files |= pull.files
    assert f"Asked already as {name}: waiting." in board(*ASK, "--queue", REPO).output


def test_one_that_was_closed_or_only_sounds_like_it_is_no_request(repo):
    board(*ASK, "--queue", REPO)
    repo.pulls[0].status = "closed"
    repo.pulls.append(Pull(repo.pulls[0].title, "", {"README.md": b""}))
    assert "discussions/3" in board(*ASK, "--queue", REPO).output


def test_who_may_write_files_it_at_once(repo, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert "Filed as lab-model-" in board(*ASK, "--queue", REPO).output
    assert len(repo.files) == 2 and not repo.pulls


def test_a_token_that_may_not_even_ask(repo, hub):
    hub.fail_commits_with = 403
    assert "--out FILE" in str(board(*ASK, "--queue", REPO).exception)


def test_a_file_to_send_by_hand(tmp_path):
    out = tmp_path / "sub" / "request.json"
    done = board(*ASK, "--shots", 4, "--out", out)
    name = id_of(read_request(out.read_bytes(), "request"))
    assert f"Written to {out}." in done.output and f"requests/{name}.json" in done.output
    assert json.loads(out.read_text())["shots"] == 4


def test_a_file_is_checked_as_well(tmp_path):
    done = board(*ASK[:2], "--by", "=A", "--out", tmp_path / "request.json")
    assert "formula" in str(done.exception) and not list(tmp_path.glob("*.json"))


def test_nowhere_to_ask():
    assert "Say where to: --queue" in str(board(*ASK).exception)
