"""The life of a job, with a small script for an evaluation; the worker is this process."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.stamp import utc_now
from itamed.leaderboard.worker import work as module
from itamed.leaderboard.worker.jobs import retry
from itamed.leaderboard.worker.settings import Settings

COPY = "import shutil; shutil.copy({!r}, 'bundle.zip')"


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A child of nobody may stay for a while as a name only.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_a_job_that_is_done(queue, bundle):
    queue.ask("a")
    queue.work(COPY.format(str(bundle)))
    state = queue.state("a")
    assert queue.states("a") == ["waiting", "running", "done"]
    (handed,) = queue.handed_in()
    assert handed.read_bytes() == bundle.read_bytes()
    assert state.address == state.bundle == handed.relative_to(queue.path / "results").as_posix()
    assert not (queue.path / "work" / "jobs" / "a").exists()


def test_a_bundle_is_handed_in_once(queue, bundle, monkeypatch):
    """The worker dies after handing in, before it can say so; the job goes on elsewhere, without its folder."""
    queue.ask("a")
    end = module.Claim.end
    monkeypatch.setattr(module.Claim, "end", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        queue.work(COPY.format(str(bundle)))
    assert queue.state("a").state == "running" and len(queue.handed_in()) == 1
    monkeypatch.setattr(module.Claim, "end", end)
    time.sleep(1.1)
    queue.work("raise SystemExit('must not run')", folder="elsewhere", stale=1)
    assert queue.states("a") == ["waiting", "running", "running", "done"]
    assert len(queue.handed_in()) == 1 and queue.state("a").address


@pytest.mark.parametrize(
    ("script", "message", "log"),
    [
        ("print('It is /home/me/x.py'); raise SystemExit('No such layer')", "status 1. No such layer", ".../x.py"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9", ""),
        ("pass", "without a bundle", ""),
        ("open('bundle.zip', 'w').write('x')", "Errors of the bundle: 1. bundle: expected a ZIP", ""),
    ],
)
def test_a_job_that_fails(queue, script, message, log):
    queue.ask("a")
    queue.work(script)
    assert queue.states("a") == ["waiting", "running", "failed"]
    assert message in queue.state("a").message
    if log:
        assert log in queue.log("a") and "/home" not in queue.log("a")
    assert queue.handed_in() == []


def test_another_try_makes_another_bundle(queue, bundle):
    queue.ask("a")
    queue.work("open('bundle.zip', 'w').write('x')")
    retry(queue.place, "a", utc_now)
    queue.work(COPY.format(str(bundle)))
    assert queue.states("a") == ["waiting", "running", "failed", "waiting", "running", "done"]


def test_trouble_that_may_pass_is_tried_three_times(queue):
    queue.ask("a")
    for _ in range(3):
        assert queue.state("a") is None or queue.state("a").state == "waiting"
        queue.work("print('No network'); raise SystemExit(75)")
    assert queue.state("a").state == "failed" and queue.states("a").count("running") == 3
    assert "No network" in queue.state("a").message


CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open("pids", "w").write(f"{child.pid}")
time.sleep(60)
"""


def test_a_time_out_kills_children_too(queue):
    queue.ask("a")
    queue.work(CHILD, hours=1 / 3600)
    assert "Stopped after" in queue.state("a").message
    pid = int((queue.path / "work" / "jobs" / "a" / "pids").read_text())
    wait_until(lambda: gone(pid))


def test_what_a_command_leaves_behind_is_killed(queue):
    queue.ask("a")
    queue.work(CHILD.replace("time.sleep(60)\n", ""))
    pid = int((queue.path / "work" / "jobs" / "a" / "pids").read_text())
    wait_until(lambda: gone(pid))


def test_a_limit_on_memory(queue):
    queue.ask("a")
    queue.work("x = bytearray(10**9)", memory=5 * 10**8)
    assert "MemoryError" in queue.state("a").message


def test_two_workers_need_two_folders(queue):
    queue.ask("a")
    with module._alone(queue.path / "work"), pytest.raises(ItamedError, match="Another worker"):
        queue.work("pass")
    with pytest.raises(ItamedError, match="comma"):
        queue.work("pass", folder="a,b")


def test_a_place_that_cannot_be_read_now_is_asked_again(queue, monkeypatch, capsys):
    queue.ask("a")
    calls = []

    def names():
        calls.append(1)
        raise ItamedError("The Hub cannot be reached.")

    monkeypatch.setattr(queue.place, "names", names)
    queue.work("pass")
    assert "cannot be reached" in capsys.readouterr().err and queue.state("a") is None and calls


def test_a_worker_without_the_data_begins_nothing(queue):
    """Or every request would fail for good, one after the other."""
    queue.ask("a")
    settings = Settings(queue.path / "work", lambda _: [], tasks="itamed-re,itamed_qa_ssm,itamed_qa_s*")
    with pytest.raises(ItamedError) as refused:
        module.work(queue.place, queue.desk, settings, once=True)
    assert "data of 3 of 3 tasks are not built here: itamed_re_e3c_pertainsto" in str(refused.value)
    assert "itamed data build" in str(refused.value) and queue.state("a") is None
    with pytest.raises(ItamedError, match="No task or group is named itamed-all"):
        module.work(queue.place, queue.desk, replace(settings, tasks="itamed-all"), once=True)
