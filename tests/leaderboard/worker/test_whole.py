"""All of it at once: a request on a hub, a tiny model fetched from there, the real harness, a pull request.

Only the processes are left out, which other tests have: a new one would load PyTorch anew, for many seconds.
"""

import json
from pathlib import Path

from itamed.leaderboard.validate import validate
from itamed.leaderboard.worker import evaluation, fetch, task
from itamed.leaderboard.worker.desk import HubDesk
from itamed.leaderboard.worker.hub import HubPlace
from itamed.leaderboard.worker.settings import Settings
from itamed.leaderboard.worker.steps import steps
from itamed.leaderboard.worker.work import work

from ...benchmark.engines.hf.tiny import written
from ...benchmark.fakehub import TOKEN, Repo
from ...conftest import offline
from ..tamper import QA
from .conftest import ASKED


def here(step, *_):
    """Run a step in this process."""
    _, _, module, folder = step.command
    if module == fetch.__name__:
        return fetch.main(Path(folder))
    assert module == evaluation.__name__ and "HF_TOKEN" not in step.environment
    with offline():
        evaluation.run(Path(folder))
    return 0


def test_from_a_request_to_a_pull_request(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(task, "run_step", here)
    folder = written("llama", tmp_path / "tiny")
    model = hub.repos["clinic/tiny"] = Repo({path.name: path.read_bytes() for path in folder.iterdir()})
    asked = ASKED | {"model": {"name": "clinic/tiny", "revision": model.sha}, "dtype": "float32", "mode": "constrained"}
    requests = hub.repos["clinic/requests"] = Repo({"requests/tiny.json": json.dumps(asked).encode()})
    results = hub.repos["clinic/results"] = Repo({"README.md": b""})
    settings = Settings(tmp_path / "work", steps, tasks=QA, mini=True)
    work(HubPlace("clinic/requests"), HubDesk("clinic/results"), settings, once=True)
    state = json.loads(requests.files["states/tiny.json"])
    assert [event["state"] for event in state["history"]] == ["waiting", "running", "done"], state
    assert state["address"] == f"{hub.url}/datasets/clinic/results/discussions/1"
    ((place, content),) = results.pulls[0].files.items()
    assert place == state["bundle"]
    (tmp_path / "bundle.zip").write_bytes(content)
    verdict = validate(tmp_path / "bundle.zip", mini=True)
    assert verdict.errors == 0 and verdict.run.model == "clinic/tiny"
    assert verdict.run.settings.constrained and verdict.run.settings.backend == "itamed-hf"
