"""Requests, a queue in a folder, and workers whose evaluation is a small script."""

import json
import sys
from datetime import datetime, timedelta, timezone

import pytest
from itamed.leaderboard.archive import pack
from itamed.leaderboard.worker.desk import FolderDesk
from itamed.leaderboard.worker.place import Folder
from itamed.leaderboard.worker.running import Step
from itamed.leaderboard.worker.settings import Limits, Settings
from itamed.leaderboard.worker.state import read_state
from itamed.leaderboard.worker.work import work

COMMIT = "0123456789" * 4
ASKED = {
    "format": 1,
    "model": {"name": "clinic/small", "revision": COMMIT},
    "by": "Reparto A",
    "at": "2026-01-01T08:00:00Z",
}


class Watch:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = datetime(2026, 1, 1, 9, tzinfo=timezone.utc)

    def __call__(self):
        return self.now

    def add(self, **given):
        self.now += timedelta(**given)


@pytest.fixture
def watch():
    return Watch()


class Queue:
    """A queue in a folder with a desk, and what a worker needs to work on it."""

    def __init__(self, path):
        self.path = path
        self.place, self.desk = Folder(path / "queue"), FolderDesk(path / "results")

    def ask(self, name, **changed):
        self.put(name, json.dumps(ASKED | changed).encode())

    def put(self, name, content):
        assert self.place.swap(f"requests/{name}.json", None, {f"requests/{name}.json": content})

    def state(self, name):
        content = self.place.read(f"states/{name}.json")
        return read_state(content, name) if content is not None else None

    def states(self, name):
        return [event.state for event in self.state(name).history]

    def log(self, name):
        return (self.place.path / "logs" / f"{name}.txt").read_text()

    def handed_in(self):
        return sorted((self.path / "results").rglob("*.zip"))

    def work(self, script, folder="work", *, once=True, **limits):
        """Work with a script for an evaluation, which runs in the job's folder."""
        command = [sys.executable, "-c", script]
        settings = Settings(
            self.path / folder,
            lambda _: [Step(command, {"QUEUE": str(self.path)})],
            limits=Limits(**{"beat": 0.2, "stale": 60, **limits}),
            poll=0.05,
            mini=True,
        )
        work(self.place, self.desk, settings, once=once)


@pytest.fixture
def queue(tmp_path):
    return Queue(tmp_path)


@pytest.fixture(scope="session")
def bundle(one, tmp_path_factory):
    """Return a file with a good bundle of one task."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    path.write_bytes(pack(one))
    return path
