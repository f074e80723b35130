"""Cells as jobs: here one after the other, or on a cluster, always so that each can be killed and begun again."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from itamed.benchmark.errors import ItamedError

BUSY = 75
"""Exit status of a cell that another process is at."""
_PROGRESS = re.compile(r"(\d+)/(\d+) \[")
_TAIL = 4096


def run(command: list[str], folder: Path) -> int:
    """Run `itamed` with some arguments; what it says goes to a file beside the cell's folder.

    Args:
        command: the arguments.
        folder: of the cell, which one process at a time may be at.

    Returns:
        the exit status, `BUSY` if another process is at it.
    """
    try:
        with FileLock(beside(folder, "lock"), timeout=0), beside(folder, "log").open("wb") as log:
            return subprocess.run(
                [sys.executable, "-m", "itamed.benchmark.cli", *command],
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
    except Timeout:
        return BUSY


def busy(folder: Path) -> bool:
    """Return whether a process is at a cell."""
    try:
        with FileLock(beside(folder, "lock"), timeout=0):
            return False
    except Timeout:
        return True


def beside(folder: Path, ending: str) -> Path:
    """Return a file beside a cell's folder."""
    return folder.with_name(f"{folder.name}.{ending}")


def progress(folder: Path) -> str:
    """Return how far a cell is by its last progress bar, "448/1046", empty if there is none yet."""
    found = _PROGRESS.findall(_end(folder).replace("\r", "\n"))
    return "/".join(found[-1]) if found else ""


def last_words(folder: Path) -> str:
    """Return the last line that a cell has said."""
    lines = deque((line.strip() for line in _end(folder).replace("\r", "\n").split("\n")), maxlen=50)
    return next((line for line in reversed(lines) if line), "nothing was said")


def _end(folder: Path) -> str:
    try:
        with beside(folder, "log").open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - _TAIL))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""


def executor(root: Path, cluster: str, settings: str) -> Any:
    """Return submitit's executor.

    Args:
        root: of the experiment.
        cluster: "local" or "slurm".
        settings: "name=value" for submitit, separated by commas (slurm_partition=gpu,gpus_per_node=1).

    Raises:
        ItamedError: submitit is not installed, or does not take the settings.
    """
    try:
        import submitit
    except ImportError as error:
        raise ItamedError(f"Experiments need submitit ({error}): pip install submitit.") from error
    given: dict[str, Any] = {"timeout_min": 60 * 24 * 7, "name": "itamed"}
    for part in filter(None, settings.split(",")):
        name, _, value = part.partition("=")
        given[name] = int(value) if value.isdigit() else value
    try:
        found = submitit.AutoExecutor(folder=root / "jobs", cluster=cluster)
        found.update_parameters(**given)
    except (ValueError, TypeError, NameError, RuntimeError) as error:
        raise ItamedError(f"submitit cannot run jobs on {cluster} with {settings or 'no settings'}: {error}") from error
    return found
