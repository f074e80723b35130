"""All of it at once: a request on a hub, a tiny model fetched from there, the real harness, a pull request."""

import json
import sys
from dataclasses import replace

from itamed.leaderboard.validate import validate
from itamed.leaderboard.worker.desk import HubDesk
from itamed.leaderboard.worker.hub import HubPlace
from itamed.leaderboard.worker.settings import Settings
from itamed.leaderboard.worker.steps import steps
from itamed.leaderboard.worker.work import work

from ...benchmark.engines.hf.tiny import written
from ...benchmark.fakehub import TOKEN, Repo
from ...conftest import ROOT
from ..tamper import QA
from .conftest import ASKED

OWN_TASKS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.conftest import only_own_tasks
from itamed.leaderboard.worker.evaluation import run
with only_own_tasks():
    run(Path(sys.argv[2]))
"""


def quicker(folder):
    """Return the steps of a job; the harness does not read its thousands of other task files."""
    fetching, evaluating = steps(folder)
    return [fetching, replace(evaluating, command=[sys.executable, "-c", OWN_TASKS, str(ROOT), str(folder)])]


def test_from_a_request_to_a_pull_request(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    folder = written("llama", tmp_path / "tiny")
    model = hub.repos["clinic/tiny"] = Repo({path.name: path.read_bytes() for path in folder.iterdir()})
    asked = ASKED | {"model": {"name": "clinic/tiny", "revision": model.sha}, "dtype": "float32", "mode": "constrained"}
    requests = hub.repos["clinic/requests"] = Repo({"requests/tiny.json": json.dumps(asked).encode()})
    results = hub.repos["clinic/results"] = Repo({"README.md": b""})
    settings = Settings(tmp_path / "work", quicker, tasks=QA, mini=True)
    work(HubPlace("clinic/requests"), HubDesk("clinic/results"), settings, once=True)
    state = json.loads(requests.files["states/tiny.json"])
    log = requests.files.get("logs/tiny.txt", b"").decode()
    assert [event["state"] for event in state["history"]] == ["waiting", "running", "done"], (state, log)
    assert state["address"] == f"{hub.url}/datasets/clinic/results/discussions/1"
    ((place, content),) = results.pulls[0].files.items()
    assert place == state["bundle"]
    (tmp_path / "bundle.zip").write_bytes(content)
    verdict = validate(tmp_path / "bundle.zip", mini=True)
    assert verdict.errors == 0 and verdict.run.model == "clinic/tiny"
    assert verdict.run.settings["constrained"] and verdict.run.settings["backend"] == "itamed-hf"
