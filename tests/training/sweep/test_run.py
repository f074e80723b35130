"""Running cells: order, failures, other processes, kills."""

import errno
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from itamed.benchmark.answering import SECONDS
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.trained import MANIFEST
from itamed.training.sweep import jobs
from itamed.training.sweep import run as running
from itamed.training.sweep.cells import Training, cells
from itamed.training.sweep.matrix import load_matrix
from itamed.training.sweep.run import Cell, run_cells

from ..conftest import TASKS


@dataclass(frozen=True)
class Fake:
    """A cell whose command writes a file, or fails."""

    name: str
    folder: Path
    needs: object = None
    fails: bool = False
    ran: list = field(default_factory=list)

    def done(self):
        return jobs.finished(self.folder)

    def prepare(self):
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def command(self):
        return [self.name]


def job(cell):
    return jobs.Job(cell.folder, cell.command)


class Jobs:
    """Runs cells in threads; `most` is how many there were at a time."""

    def __init__(self):
        self.pool, self.now, self.most = ThreadPoolExecutor(8), 0, 0

    def submit(self, cell):
        if cell.name == "refused":
            raise RuntimeError("no such partition")
        return self.pool.submit(self._run, cell)

    def _run(self, cell):
        jobs.beside(cell.folder, "log").touch()
        self.now += 1
        self.most = max(self.most, self.now)
        time.sleep(0.05)
        self.now -= 1
        if cell.fails:
            jobs.beside(cell.folder, "log").write_text("Loading\nOut of memory: take fewer.\n")
            return 1
        (cell.folder / MANIFEST).touch()
        cell.ran.append(cell.name)
        return 0


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(running, "_PAUSE", 0.01)


def run_all(made, at_once=1):
    cells, submitter = [Cell(each) for each in made], Jobs()
    states = []
    try:
        run_cells(cells, submitter, at_once, lambda now: states.append([cell.state for cell in now]))
    finally:
        made[0].ran.append(submitter.most)
    return states


def test_cells_wait_for_their_training_and_their_turn(tmp_path):
    training = Fake("training", tmp_path / "t")
    made = [training, *(Fake(f"asks {n}", tmp_path / str(n), training) for n in range(4)), Fake("base", tmp_path / "b")]
    states = run_all(made, at_once=2)
    assert states[-1] == ["done"] * 6
    assert training.ran[-1] == 2, "two at a time"
    assert all(asked == "waiting" for state in states if state[0] != "done" for asked in state[1:5])
    run_all(made)
    assert all(len(cell.ran) <= 3 for cell in made), "what is done is not run again"


def test_a_failure_is_said_and_the_others_are_run(tmp_path):
    training = Fake("training", tmp_path / "t", fails=True)
    made = [training, Fake("asks", tmp_path / "a", training), Fake("base", tmp_path / "b")]
    with pytest.raises(
        ItamedError, match=r"2 of 3 cells failed, the first: training, Out of memory: take fewer\..*t\.log"
    ):
        run_all(made)
    assert made[2].done() and not made[1].folder.exists()


def test_what_a_cluster_refuses_is_a_failure(tmp_path):
    made = [Fake("refused", tmp_path / "r"), Fake("base", tmp_path / "b")]
    with pytest.raises(ItamedError, match=r"refused, it was not submitted \(.*no such partition"):
        run_all(made)
    assert made[1].done()


def test_a_cell_that_another_process_is_at_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "_PATIENCE", 0.1)
    cell, next_one = Fake("base", tmp_path / "b"), Fake("next", tmp_path / "n")
    cell.prepare()
    with ThreadPoolExecutor(1) as pool:
        with jobs._held(cell.folder, 0):
            assert jobs.busy(cell.folder)
            assert jobs.run(job(cell), None) == jobs.BUSY
            done = pool.submit(run_all, [cell, next_one])
            time.sleep(0.3)
            assert cell.ran == next_one.ran == [], "one at a time, whoever has begun it"
            (cell.folder / MANIFEST).touch()
        assert done.result()[-1] == ["done", "done"]
    assert "base" not in cell.ran, "the other process did it"


class Waiting:
    """Runs cells as jobs of the cluster do, and counts them."""

    def __init__(self):
        self.pool, self.submitted = ThreadPoolExecutor(8), 0

    def submit(self, cell):
        self.submitted += 1
        return self.pool.submit(jobs.run, job(cell), None)


@pytest.mark.parametrize("at_once", [2, sys.maxsize])
def test_a_second_call_submits_no_job_for_what_runs_already(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(jobs, "_PATIENCE", 0.05)
    cell, submitter = Fake("base", tmp_path / "b"), Waiting()
    cell.prepare()
    states = []
    with ThreadPoolExecutor(1) as pool:
        with jobs._held(cell.folder, 0):
            done = pool.submit(run_cells, [Cell(cell)], submitter, at_once, lambda now: states.append(now[0].state))
            time.sleep(0.5)
            assert set(states) == {"waiting"} and not submitter.submitted
            (cell.folder / MANIFEST).touch()
        done.result()
    assert states[-1] == "done" and not submitter.submitted


def test_a_second_call_submits_what_is_queued_once(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "_PATIENCE", 0.05)
    cell = Fake("base", tmp_path / "b")
    cell.prepare()

    class Late(Waiting):
        """Gives the first call's job the lock, as soon as the second call has submitted its own."""

        def submit(self, cell):
            held.__enter__()
            return super().submit(cell)

    submitter, held = Late(), jobs._held(cell.folder, 0)
    states = []
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(run_cells, [Cell(cell)], submitter, sys.maxsize, lambda now: states.append(now[0].state))
        time.sleep(0.6)
        assert states[-1] == "waiting" and submitter.submitted == 1
        (cell.folder / MANIFEST).touch()
        held.__exit__(None, None, None)
        done.result()
    assert states[-1] == "done" and submitter.submitted == 1


def test_a_file_system_without_locks_is_said_before_anything_is_submitted(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    cell = Fake("base", tmp_path / "b")
    cell.prepare()
    with jobs._held(cell.folder, 0):
        monkeypatch.setattr(jobs.fcntl, "flock", flock)
    message = r"b\.lock cannot be locked \(No locks available\).*: put --output on a file system that has locks"
    for look in (lambda: jobs.busy(cell.folder), lambda: run_all([cell])):
        with pytest.raises(ItamedError, match=message):
            look()
    with pytest.raises(ItamedError, match=r"jobs\.lock cannot be locked"):
        jobs.Jobs(tmp_path, "local", "")
    assert not any("base" in str(ran) for ran in cell.ran)
    (tmp_path / "no file.lock").mkdir()
    with pytest.raises(ItamedError, match=r"no file\.lock cannot be locked \(Is a directory\)"):
        jobs.busy(tmp_path / "no file")


def test_a_job_does_not_run_what_is_done_and_its_command_keeps_the_lock(tmp_path, monkeypatch):
    cell = Fake("base", tmp_path / "b")
    cell.prepare()
    called = []

    def call(command, pass_fds, env, **_):
        called.append((command, env))
        # What the command inherits holds the lock, whatever becomes of the job.
        kept = os.dup(pass_fds[0])
        assert jobs.busy(cell.folder)
        return subprocess.CompletedProcess(command, kept)

    monkeypatch.setattr(jobs.subprocess, "run", call)
    kept = jobs.run(job(cell), {"CUDA_VISIBLE_DEVICES": "1"})
    assert called[0][0][-1] == "base" and called[0][1] == {"CUDA_VISIBLE_DEVICES": "1"}
    assert jobs.busy(cell.folder)
    os.close(kept)
    assert not jobs.busy(cell.folder)
    (cell.folder / MANIFEST).touch()
    assert jobs.run(job(cell), None) == 0 and len(called) == 1


def test_results_that_are_half_written_are_not_finished(tmp_path):
    assert not jobs.finished(tmp_path / "none")
    place = tmp_path / "model" / "results_1.json"
    place.parent.mkdir()
    for text, whole in (("{", False), ('{"results": {}}', False), ('{"usage": {"seconds": 1}}', True)):
        place.write_text(text)
        assert jobs.finished(tmp_path) == whole


@pytest.mark.parametrize(("module", "without"), [("jobs", {"torch", "lm_eval", "numpy"}), ("run", {"torch"})])
def test_what_waits_takes_little_memory(module, without):
    code = f"import sys, itamed.training.sweep.{module}; print(sorted({without} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_progress_and_last_words_are_read_from_what_a_cell_says(tmp_path):
    folder = tmp_path / "cell"
    assert (jobs.progress(folder), jobs.last_words(folder)) == ("", "nothing was said")
    jobs.beside(folder, "log").write_text(
        "x" * 9000 + "\rError: no room.\n\rAnswering:  43%|####  | 448/1046 [34:32<23:12]\r\n\n"
    )
    assert (jobs.progress(folder), jobs.last_words(folder)) == ("448/1046", "Error: no room.")


def test_a_cluster_that_is_not_there_is_said(tmp_path, monkeypatch):
    # Whatever this machine has.
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ItamedError, match="cannot run jobs on slurm"):
        jobs.Jobs(tmp_path, "slurm", "slurm_partition=gpu")
    for wrong in ("no_such_setting=1", "gpus_per_node=all"):
        with pytest.raises(ItamedError, match="cannot run jobs on local"):
            jobs.Jobs(tmp_path, "local", wrong)


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """Return a folder that gets the script of each job, of a Slurm that is no more than that."""
    commands, scripts = tmp_path / "commands", tmp_path / "scripts"
    commands.mkdir()
    scripts.mkdir()
    for name, does in (("srun", "exit 0"), ("sbatch", f'cp "$1" {scripts}/; echo Submitted batch job $$')):
        (commands / name).write_text(f"#!/bin/sh\n{does}\n")
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)
    return scripts


def test_a_model_s_job_settings_win_over_those_of_all(matrix_file, tmp_path, queue):
    large = f"  - {{name: Large, base: {tmp_path}, methods: [0-shot], job_settings: 'gpus_per_node=2,mem_gb=64'}}\n"
    text = matrix_file.read_text().replace("models:\n", f"models:\n{large}")
    matrix_file.write_text(text.replace("recipes:", "job_settings: cpus_per_task=3\n    recipes:"))
    made = cells(load_matrix(str(matrix_file)), tmp_path / "out", matrix_file.parent)
    (tmp_path / "out").mkdir()
    settings = "slurm_partition=gpu,gpus_per_node=1"
    submitter = jobs.Jobs(tmp_path / "out", "slurm", settings, [cell.job_settings for cell in made])

    def script(cell):
        submitter.submit(cell)
        newest = max(queue.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return set(re.findall(r"^#SBATCH --((?:gpus|mem|cpus|partition)\S*)", newest.read_text(), re.MULTILINE))

    training = next(cell for cell in made if isinstance(cell, Training))
    assert script(made[0]) == {"partition=gpu", "gpus-per-node=2", "mem=64GB"}
    assert script(made[1]) == script(training) == {"partition=gpu", "gpus-per-node=1", "cpus-per-task=3"}
    with pytest.raises(ItamedError, match="with slurm_partition=gpu,gpus_per_node=all"):
        jobs.Jobs(tmp_path / "out", "slurm", "slurm_partition=gpu", ["gpus_per_node=all"])


def test_a_queue_gets_all_cells_and_this_machine_one_at_a_time(tmp_path, queue):
    assert jobs.Jobs(tmp_path, "local", "").at_once == 1
    made = [Fake(f"asks {n}", tmp_path / str(n)) for n in range(5)]
    states = run_all(made, at_once=jobs.Jobs(tmp_path, "slurm", "").at_once)
    assert states[0] == ["queued"] * 5


def test_a_job_that_waits_in_a_queue_neither_runs_nor_takes_time(tmp_path):
    what = Fake("base", tmp_path / "b")
    what.prepare()
    log = jobs.beside(what.folder, "log")
    log.write_text("of a job that was killed")
    cell, queued = Cell(what), Future()
    cell.submit(SimpleNamespace(submit=lambda _: queued))
    time.sleep(0.05)
    cell.look()
    assert (cell.state, cell.seconds) == ("queued", 0)
    log.open("wb").close()
    cell.look()
    assert cell.state == "running" and cell.seconds < 0.05
    time.sleep(0.05)
    (what.folder / MANIFEST).touch()
    queued.set_result(0)
    cell.look()
    assert cell.state == "done" and cell.seconds >= 0.05


def test_a_job_that_is_lost_in_its_queue_has_failed(tmp_path):
    cell, queued = Cell(Fake("base", tmp_path / "b")), Future()
    cell.submit(SimpleNamespace(submit=lambda _: queued))
    queued.set_exception(TimeoutError())
    cell.look()
    assert (cell.state, cell.reason, cell.seconds) == ("failed", "the job was lost (TimeoutError)", 0)


def sweep(matrix, output):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "itamed.benchmark.cli", "sweep", str(matrix), "--output", str(output)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def stored(output):
    """Return how many answers the one cell of an experiment has stored."""
    answers = f"select count(*) from unnamed where key not like '{SECONDS}%'"
    for cache in output.glob("cells/*/cache/*.db"):
        # Not read-only: what was killed in the middle of writing is rolled back by whoever opens it next.
        with closing(sqlite3.connect(f"file:{cache}?mode=rw", uri=True)) as found:
            try:
                return found.execute(answers).fetchone()[0]
            except sqlite3.OperationalError as error:
                # As long as it is being made.
                assert "no such table" in str(error)
    return 0


def test_a_killed_experiment_goes_on(matrix_file, tmp_path):
    text = matrix_file.read_text().replace("[0-shot, 1-shot constrained]", "[0-shot constrained]")
    names = [*TASKS, "itamed-mini-ner-e3c-clinentity", "itamed-mini-crf-dyspnea", "itamed-mini-qa-ssm"]
    text = text.replace(f"tasks: [{TASKS[1]}]", f"tasks: [{', '.join(names)}]").replace("notes: 2\n", "")
    matrix_file.write_text(text.replace("    recipes: {FT: recipe.yaml}\n", ""))
    output = tmp_path / "out"
    first = sweep(matrix_file, output)
    deadline = time.monotonic() + 200
    while not stored(output):
        assert time.monotonic() < deadline and first.poll() is None
        time.sleep(0.01)
    # With all it has started, as when a machine goes down.
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    (cell,) = (path for path in (output / "cells").iterdir() if path.is_dir())
    while jobs.busy(cell):
        assert time.monotonic() < deadline, "the command has outlived the experiment"
        time.sleep(0.01)
    kept = stored(output)
    second = sweep(matrix_file, output)
    said = second.communicate(timeout=300)[0]
    assert second.returncode == 0, said
    assert "done after" in said and "Tiny 0-shot constrained" in said
    run = find_run(cell)
    assert {result.name for result in run.tasks} == set(names)
    asked = sum(result.rows for result in run.tasks)
    assert 0 < kept < asked
    assert f"Cached requests: {kept}, Requests remaining: {asked - kept}" in jobs.beside(cell, "log").read_text()
    assert run.seconds > run.settings.usage["seconds"], "with those of the first part"
    assert {"report.html", "report.md", "tables.tex", "figures.csv", "figures"} <= {
        path.name for path in output.iterdir()
    }
    assert "Tiny 0-shot constrained" in (output / "report.html").read_text()
