"""Which pull requests of a results repository wait for an answer of its check."""

import json

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import PublishError
from itamed.leaderboard.board import unchecked as module
from itamed.leaderboard.board.unchecked import Head, head_of, mark_of, unchecked
from typer.testing import CliRunner

from ..benchmark.fakehub import Pull, Repo

RESULTS = "clinic/results"


@pytest.fixture
def pulls(hub):
    """Return the pull requests of a results repository, of which the second one is closed."""
    found = [Pull(f"Add {number}", "", {f"bundles/m/{number}.zip": b"x"}) for number in (1, 2, 3)]
    found[1].status = "closed"
    return hub.repos.setdefault(RESULTS, Repo(pulls=found)).pulls


def numbers(account="checker"):
    return [head.number for head in unchecked(RESULTS, account)]


def test_open_ones_without_an_answer(pulls):
    assert unchecked(RESULTS, "checker") == [Head(1, pulls[0].sha), Head(3, pulls[2].sha)]
    pulls[0].comments.append(("checker", f"{mark_of(pulls[0].sha)}\n\nAll is well."))
    assert numbers() == [3]


def test_a_push_is_looked_at_again(pulls):
    pulls[0].comments.append(("checker", mark_of(pulls[0].sha)))
    pulls[0].files["bundles/m/1.zip"] = b"better"
    assert numbers() == [3, 1]


def test_who_has_no_answer_comes_before_who_pushes_again(pulls, monkeypatch):
    monkeypatch.setattr(module, "MOST", 1)
    pulls[0].comments.append(("checker", mark_of("f" * 40)))
    assert numbers() == [3]
    pulls[2].comments.append(("checker", mark_of(pulls[2].sha)))
    assert numbers() == [1]


@pytest.mark.parametrize(("author", "before"), [("stranger", ""), ("checker", "They say: ")])
def test_what_is_no_answer(pulls, author, before):
    pulls[0].comments.append((author, before + mark_of(pulls[0].sha)))
    assert numbers() == [1, 3]


def test_not_all_at_once(pulls, monkeypatch):
    monkeypatch.setattr(module, "MOST", 1)
    assert numbers() == [1]


def test_one_that_is_not_there(pulls):
    with pytest.raises(PublishError, match="no such revision"):
        head_of(RESULTS, 9)


def test_the_command(pulls):
    asked = ["board", "unchecked", "--results", RESULTS, "--account", "checker"]
    assert CliRunner().invoke(app, asked).output == f"1 {pulls[0].sha}\n3 {pulls[2].sha}\n"
    found = json.loads(CliRunner().invoke(app, [*asked, "--json", "--number", "2"]).output)
    assert found == [{"number": 2, "commit": pulls[1].sha}]
