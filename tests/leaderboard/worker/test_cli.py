"""The commands: file a request, look at the queue, try again, work."""

import json
import os
from pathlib import Path

import pytest
from itamed.benchmark.cli import app
from itamed.leaderboard.worker.steps import environment, steps
from typer.testing import CliRunner

from .conftest import COMMIT


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setenv("ITAMED_REQUESTS", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(app, ["board", *map(str, arguments)])


def test_a_request_is_filed_once_and_seen(board, tmp_path):
    asked = ("request", f"clinic/small@{COMMIT}", "--by", "Reparto A", "--shots", 4, "--free", "--dtype", "float32")
    (path,) = (tmp_path / "requests").glob("*.json") if board(*asked).exit_code == 0 else ()
    content = json.loads(path.read_text())
    assert (content["shots"], content["mode"], content["dtype"], content["by"]) == (4, "free", "float32", "Reparto A")
    assert f"Asked already as {path.stem}: waiting" in board(*asked, "--by", "Reparto B").output
    shown = board("queue").output
    assert "clinic/small@0123456" in shown and "no worker has seen it yet" in shown
    assert "no job that has ended" in str(board("retry", path.stem).exception)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("request", "clinic/small", "--by", "A"), "has no commit"),
        (("request", "clinic/small@main", "--by", "A"), "A branch moves"),
        (("request", f"clinic/small@{COMMIT}", "--by", "=A"), "formula"),
        (("queue", "--queue", "./nowhere/at/all"), "no folder that exists"),
        (("worker", "--results", ".", "--beat", "20", "--stale", "30"), "three times --beat"),
    ],
)
def test_mistakes(board, arguments, message):
    assert message in str(board(*arguments).exception)


def test_an_evaluation_is_told_no_secret(tmp_path):
    own = {"PATH": "/bin", "HF_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "x", "CUDA_VISIBLE_DEVICES": "0", "HOME": "/me"}
    given = environment(tmp_path, own)
    assert "x" not in given.values() and given["CUDA_VISIBLE_DEVICES"] == "0" and given["PATH"] == "/bin"
    assert given["HOME"] == str(tmp_path) and given["HF_HUB_OFFLINE"] == "1"
    assert "PYTHONPATH" not in given
    own["PYTHONPATH"] = os.pathsep.join(["lib", "/opt/lib"])
    assert environment(tmp_path, own)["PYTHONPATH"] == os.pathsep.join([str(Path("lib").resolve()), "/opt/lib"])
    fetching, evaluating = steps(tmp_path)
    assert fetching.command[-2:] == ["itamed.leaderboard.worker.fetch", str(tmp_path)]
    assert "HF_TOKEN" not in evaluating.environment
