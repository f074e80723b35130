"""Real workers: killed in the middle, stopped, and two at once on one queue."""

import multiprocessing
import os
import signal
import sys

import pytest
from itamed.leaderboard.worker.jobs import Claim, admit, read_jobs

from .test_work import gone, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers need process groups")
SLOW = """
import os, pathlib, shutil, time
pathlib.Path("pid").write_text(str(os.getpid()))
stored = pathlib.Path("answers")
with stored.open("a") as answers:
    for number in range(len(stored.read_text()), 10):
        answers.write(str(number)); answers.flush()
        if number == 4 and not pathlib.Path("died").exists():
            pathlib.Path("died").touch()
            time.sleep(60)
shutil.copy({!r}, "bundle.zip")
"""
LEDGER = """
import os, pathlib
with (pathlib.Path(os.environ["QUEUE"]) / "ledger").open("a") as ledger:
    ledger.write(pathlib.Path.cwd().name + "\\n")
raise SystemExit("enough")
"""


def started(queue, script, folder="work", **given):
    process = multiprocessing.get_context("fork").Process(target=queue.work, args=(script, folder), kwargs=given)
    process.start()
    return process


def test_kill_9_in_the_middle_and_a_restart(queue, bundle):
    queue.ask("a")
    folder = queue.path / "work" / "jobs" / "a"
    worker = started(queue, SLOW.format(str(bundle)))
    wait_until((folder / "died").exists)
    evaluation = int((folder / "pid").read_text())
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    wait_until(lambda: gone(evaluation))
    assert queue.state("a").state == "running"
    assert (folder / "answers").read_text() == "01234"
    again = started(queue, SLOW.format(str(bundle)))
    again.join()
    assert queue.states("a") == ["waiting", "running", "running", "done"]
    assert len(queue.handed_in()) == 1


def test_a_job_that_kills_its_worker_fails_in_the_end(queue):
    queue.ask("a")
    script = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"
    for _ in range(3):
        worker = started(queue, script)
        wait_until((queue.path / "work" / "jobs" / "a" / "pid").exists)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        (queue.path / "work" / "jobs" / "a" / "pid").unlink()
    started(queue, script).join()
    assert queue.state("a").state == "failed" and "Begun 3 times" in queue.state("a").message


def test_a_worker_that_died_after_its_last_attempt_had_handed_in(queue, bundle, watch):
    queue.ask("a")
    admit(queue.place, read_jobs(queue.place), watch)
    (job,) = read_jobs(queue.place)
    held = Claim(queue.place, job, "dead", watch)
    for _ in range(3):
        held.begin()
    held.hands_in("bundles/lookup/1.zip")
    (queue.path / "results" / "bundles" / "lookup").mkdir(parents=True)
    (queue.path / "results" / "bundles" / "lookup" / "1.zip").write_bytes(bundle.read_bytes())
    queue.work("raise SystemExit('evaluated again')", "other", stale=2)
    state = queue.state("a")
    assert state.state == "done" and state.address.endswith("1.zip")


def test_a_stop_lets_the_job_wait_again(queue):
    queue.ask("a")
    worker = started(queue, "import pathlib, time; pathlib.Path('on').touch(); time.sleep(60)", once=False)
    wait_until((queue.path / "work" / "jobs" / "a" / "on").exists)
    worker.terminate()
    worker.join()
    assert worker.exitcode == 0
    assert queue.states("a") == ["waiting", "running", "waiting"] and queue.state("a").attempt == 0


def test_a_living_worker_keeps_its_job(queue):
    queue.ask("a")
    script = "import pathlib, time; pathlib.Path('on').touch(); time.sleep(2.5)"
    first = started(queue, script, stale=2)
    wait_until((queue.path / "work" / "jobs" / "a" / "on").exists)
    started(queue, "pass", "other", stale=2).join()
    first.join()
    assert queue.states("a") == ["waiting", "running", "failed"]


def test_two_workers_take_no_job_twice(queue):
    names = [f"job-{number}" for number in range(8)]
    for number, name in enumerate(names):
        queue.ask(name, model={"name": f"clinic/m{number}", "revision": "a" * 40})
    workers = [started(queue, LEDGER, folder) for folder in ("one", "two")]
    for worker in workers:
        worker.join()
    assert sorted((queue.path / "ledger").read_text().split()) == sorted(names)
    assert all(queue.states(name) == ["waiting", "running", "failed"] for name in names)
    assert len({queue.state(name).history[1].worker for name in names}) == 2
