"""Run one step of a job in processes of its own, and end all of them with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from itamed.benchmark.errors import ItamedError

LOG = "log.txt"
_LOOK = 0.5


class TimeOut(ItamedError):
    """A step took longer than it may."""


@dataclass(frozen=True)
class Step:
    """A command with the whole of its environment."""

    command: Sequence[str]
    environment: Mapping[str, str]


def run_step(step: Step, folder: Path, deadline: float, memory: int, look: Callable[[], None]) -> int:
    """Run a step and return its status.

    Args:
        step: what to run.
        folder: of the job: where it runs, and where its log grows.
        deadline: on the clock of `time.monotonic`.
        memory: bytes of address space that each process may have, 0 for any.
        look: called twice a second; what it raises ends the step.

    Raises:
        TimeOut: the deadline has passed.
    """
    guard = [sys.executable, "-m", "itamed.leaderboard.worker.guard", str(memory)]
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            [*guard, *step.command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            # Otherwise what was printed first may come last in the log.
            env={**step.environment, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_LOOK)
            if time.monotonic() > deadline:
                raise TimeOut("It took longer than it may.")
            look()
    finally:
        # What is left of the group, also where the command itself has ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin:
            process.stdin.close()
