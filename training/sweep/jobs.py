"""Cells as jobs: here one after the other, or on a cluster, always so that each can be killed and begun again.

Nothing large is imported here: a job is a process that does nothing but wait for the command that it has started.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from itamed.benchmark.errors import ItamedError, reason_of
from itamed.benchmark.trained import MANIFEST

BUSY = 75
"""Exit status of a cell that another process is at."""
_PATIENCE = 5.0
"""Seconds to wait for a lock, which a look at it holds for a moment, too."""
_PROGRESS = re.compile(r"(\d+)/(\d+) \[")
_TAIL = 4096
_COMMON = {"timeout_min": 60 * 24 * 7, "name": "itamed"}
"""Settings of jobs, unless others are given."""


class Runnable(Protocol):
    """What a job needs of a cell."""

    @property
    def folder(self) -> Path:
        """Return where its results go."""
        ...

    @property
    def command(self) -> list[str]:
        """Return the arguments of `itamed`."""
        ...

    @property
    def job_settings(self) -> str:
        """Return what its job needs beside what all need."""
        ...


class Job(NamedTuple):
    """All that a job knows of a cell: where its results go, and the arguments of `itamed`."""

    folder: Path
    command: list[str]


def run(what: Job, environment: Mapping[str, str] | None) -> int:
    """Run the command of a cell, unless it is done; what it says goes to a file beside its folder.

    Args:
        what: the cell, which one process at a time may be at.
        environment: of the command; that of the job if None.

    Returns:
        the exit status, `BUSY` if another process is at it.

    Raises:
        ItamedError: the cell cannot be locked.
    """
    with _held(what.folder, _PATIENCE) as lock:
        if lock is None:
            return BUSY
        if finished(what.folder):
            return 0
        called = [sys.executable, "-m", "itamed.benchmark.cli", *what.command]
        with beside(what.folder, "log").open("wb") as log:
            # The command holds the lock, too: it may outlive the job that has started it.
            return subprocess.run(
                called, stdout=log, stderr=subprocess.STDOUT, check=False, env=environment, pass_fds=(lock,)
            ).returncode


def finished(folder: Path) -> bool:
    """Return whether there is what a training or an evaluation writes last."""
    if (folder / MANIFEST).is_file():
        return True
    for path in folder.rglob("results_*.json"):
        with suppress(OSError, ValueError, AttributeError):
            if json.loads(path.read_text(encoding="utf-8")).get("usage"):
                return True
    return False


def busy(folder: Path) -> bool:
    """Return whether a process is at a cell.

    Raises:
        ItamedError: its lock cannot be looked at.
    """
    if not beside(folder, "lock").exists():
        return False
    with _held(folder, 0) as lock:
        return lock is None


@contextmanager
def _held(folder: Path, patience: float) -> Iterator[int | None]:
    """Hold the lock of a cell; yields its file descriptor, None if others hold it for longer than `patience`.

    Raises:
        ItamedError: the file system has no locks, or does not let the file be opened.
    """
    path = beside(folder, "lock")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _unlockable(path, error) from error
    try:
        until = time.monotonic() + patience
        while not _locked(lock, path):
            if time.monotonic() >= until:
                yield None
                return
            time.sleep(0.1)
        yield lock
    finally:
        os.close(lock)


def _locked(lock: int, path: Path) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _unlockable(path, error) from error
    return True


def _unlockable(path: Path, error: OSError) -> ItamedError:
    return ItamedError(
        f"{path} cannot be locked ({error.strerror or reason_of(error)}), and without a lock two jobs might be at one "
        "cell: put --output on a file system that has locks (flock) and can be written."
    )


def beside(folder: Path, ending: str) -> Path:
    """Return a file beside a cell's folder."""
    return folder.with_name(f"{folder.name}.{ending}")


def begun(folder: Path) -> int | None:
    """Return what changes as soon as a job begins the command of a cell: when its log was written, None if never."""
    try:
        return beside(folder, "log").stat().st_mtime_ns
    except OSError:
        return None


def progress(folder: Path) -> str:
    """Return how far a cell is by its last progress bar, "448/1046", empty if there is none yet."""
    found = _PROGRESS.findall(_end(folder))
    return "/".join(found[-1]) if found else ""


def last_words(folder: Path) -> str:
    """Return the last line that a cell has said, its progress bars left out."""
    lines = deque((line.strip() for line in _end(folder).replace("\r", "\n").split("\n")), maxlen=50)
    return next((line for line in reversed(lines) if line and not _PROGRESS.search(line)), "nothing was said")


def _end(folder: Path) -> str:
    try:
        with beside(folder, "log").open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - _TAIL))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""


class Jobs:
    """Submits cells through submitit.

    `at_once` is how many may run at a time unless a user says otherwise: here one, of a queue's jobs any number.

    Args:
        root: folder of the experiment, which is there.
        cluster: "local" or "slurm".
        settings: of all jobs: "name=value" for submitit, separated by commas (slurm_partition=gpu,gpus_per_node=1).
        others: the settings that cells have of their own, which win; a cell may be submitted if its own are among them.

    Raises:
        ItamedError: submitit is not installed, or does not take some settings; or the folder has no locks.
    """

    def __init__(self, root: Path, cluster: str, settings: str, others: Iterable[str] = ()) -> None:
        # A local job would else see no GPU: submitit shows it as many as it has asked for.
        self._environment = dict(os.environ) if cluster == "local" else None
        self.at_once = sys.maxsize if cluster == "slurm" else 1
        # All before the first is submitted: a mistake is to be said now.
        self._executors = {own: _executor(root / "jobs", cluster, settings, own) for own in {"", *others}}
        with _held(root / "jobs", 0):
            pass

    def submit(self, what: Runnable) -> Any:
        """Submit a cell; returns submitit's job."""
        return self._executors[what.job_settings].submit(run, Job(what.folder, what.command), self._environment)


def _executor(folder: Path, cluster: str, settings: str, own: str) -> Any:
    try:
        import submitit
    except ImportError as error:
        raise ItamedError(f"Experiments need submitit ({error}): pip install submitit.") from error
    try:
        executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
        executor.update_parameters(**_COMMON | _parsed(settings) | _parsed(own))
    except (ValueError, TypeError, NameError, RuntimeError, AssertionError) as error:
        given = ",".join(filter(None, [settings, own]))
        raise ItamedError(f"submitit cannot run jobs on {cluster} with {given or 'no settings'}: {error}") from error
    return executor


def _parsed(settings: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in filter(None, settings.split(",")):
        name, _, value = part.partition("=")
        try:
            found[name] = float(value) if "." in value else int(value)
        except ValueError:
            found[name] = value
    return found
