"""Running cells: order, failures, other processes, kills."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.run import find_run
from itamed.training.sweep import jobs
from itamed.training.sweep import run as running
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
        return (self.folder / "done").exists()

    def prepare(self):
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def command(self):
        return [self.name]


class Executor:
    """Runs jobs in threads; `most` is how many there were at a time."""

    def __init__(self, cells):
        self.cells = {cell.name: cell for cell in cells}
        self.pool, self.now, self.most = ThreadPoolExecutor(8), 0, 0

    def submit(self, _, command, folder):
        return self.pool.submit(self._run, self.cells[command[0]])

    def _run(self, cell):
        self.now += 1
        self.most = max(self.most, self.now)
        time.sleep(0.05)
        self.now -= 1
        if cell.fails:
            jobs.beside(cell.folder, "log").write_text("Loading\nOut of memory: take fewer.\n")
            return 1
        (cell.folder / "done").touch()
        cell.ran.append(cell.name)
        return 0


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(running, "_PAUSE", 0.01)


def run_all(made, at_once=1):
    cells, executor = [Cell(each) for each in made], Executor(made)
    states = []
    try:
        run_cells(cells, executor, at_once, lambda now: states.append([cell.state for cell in now]))
    finally:
        made[0].ran.append(executor.most)
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


def test_a_cell_that_another_process_is_at_is_waited_for(tmp_path):
    cell = Fake("base", tmp_path / "b")
    cell.prepare()
    with ThreadPoolExecutor(1) as pool:
        with FileLock(jobs.beside(cell.folder, "lock")):
            assert jobs.busy(cell.folder)
            assert jobs.run(["--version"], cell.folder) == jobs.BUSY
            done = pool.submit(run_all, [cell])
            time.sleep(0.2)
            assert cell.ran == []
            (cell.folder / "done").touch()
        assert done.result()[-1] == ["done"]
    assert "base" not in cell.ran, "the other process did it"


def test_progress_and_last_words_are_read_from_what_a_cell_says(tmp_path):
    folder = tmp_path / "cell"
    assert (jobs.progress(folder), jobs.last_words(folder)) == ("", "nothing was said")
    jobs.beside(folder, "log").write_text(
        "x" * 9000 + "\rAnswering:  43%|####  | 448/1046 [34:32<23:12]\rError: no room.\n\n"
    )
    assert (jobs.progress(folder), jobs.last_words(folder)) == ("448/1046", "Error: no room.")


def test_a_cluster_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ItamedError, match="cannot run jobs on slurm"):
        jobs.executor(tmp_path, "slurm", "slurm_partition=gpu")
    with pytest.raises(ItamedError, match="cannot run jobs on local"):
        jobs.executor(tmp_path, "local", "no_such_setting=1")


def sweep(matrix, output):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "itamed.benchmark.cli", "sweep", str(matrix), "--output", str(output)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def test_a_killed_experiment_goes_on(matrix_file, tmp_path):
    text = matrix_file.read_text().replace("[0-shot, 1-shot constrained]", "[0-shot constrained]")
    matrix_file.write_text(text.replace("    recipes: {FT: recipe.yaml}\n", ""))
    output = tmp_path / "out"
    first = sweep(matrix_file, output)
    deadline = time.monotonic() + 200
    while not list(output.glob("cells/*.log")):
        assert time.monotonic() < deadline and first.poll() is None
        time.sleep(0.1)
    # With all it has started, as when a machine goes down.
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    second = sweep(matrix_file, output)
    said = second.communicate(timeout=300)[0]
    assert second.returncode == 0, said
    assert "done after" in said and "Tiny 0-shot constrained" in said
    (cell,) = (path for path in (output / "cells").iterdir() if path.is_dir())
    assert find_run(cell).tasks[0].name == TASKS[1]
    third = sweep(matrix_file, output)
    assert "running" not in third.communicate(timeout=100)[0]
