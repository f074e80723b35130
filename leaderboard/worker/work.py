"""The worker: takes one job after the other, and is never sure that it lives to the end of one."""

from __future__ import annotations

import secrets
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from itamed.benchmark.console import err
from itamed.benchmark.data.built import unbuilt
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.suite import tasks_named

from ..stamp import utc_now
from .desk import Desk
from .jobs import Claim, Job, Lost, admit, read_jobs, to_do
from .log import public_tail
from .page import keep_page
from .place import Place
from .running import LOG
from .settings import Settings
from .task import Again, Failed, Stopped, carry_out

_NAME = "worker-id"
_SLOWEST = 16
"""How many times slower it asks a place that cannot be reached."""


def work(place: Place, desk: Desk, settings: Settings, *, once: bool = False) -> None:
    """Take jobs until SIGTERM or SIGINT comes.

    Args:
        place: of the requests.
        desk: that takes the bundles.
        settings: see there.
        once: end when nothing is left to do.

    Raises:
        ItamedError: another worker uses the folder, or it cannot be written; or data of a task are not here, without
            which every job would fail for good.
    """
    if not settings.mini:
        _require_data(settings.tasks)
    with _alone(settings.folder) as name, _stoppable() as stop:
        pause = settings.poll
        while not stop.is_set():
            try:
                found = _next(place, desk, settings, name, stop)
                pause = settings.poll
            except ItamedError as error:
                _say(str(error))
                found, pause = False, min(2 * pause, _SLOWEST * settings.poll)
            if not found and once:
                return
            if not found:
                stop.wait(pause)


def _require_data(tasks: str) -> None:
    names = tasks_named(tasks)
    if missing := unbuilt(names):
        raise ItamedError(
            f"No job was begun: the data of {len(missing)} of {len(names)} tasks are not built here: "
            f"{', '.join(missing)}. Run `itamed data build`, or name those that are built (--tasks)."
        )


@contextmanager
def _alone(folder: Path) -> Iterator[str]:
    """Hold the worker's folder, and yield the name that it keeps for ever: a restarted worker knows its jobs."""
    if "," in str(folder.resolve()):
        raise ItamedError(f"{folder} has a comma in its path, which the harness takes apart: choose another --work.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            file = folder / _NAME
            if not file.is_file():
                # Not the machine's name: states are public.
                write_text(file, f"worker-{secrets.token_hex(4)}")
            yield file.read_text(encoding="utf-8").strip()
    except Timeout as error:
        raise ItamedError(f"Another worker uses {folder}: give this one a --work of its own.") from error
    except OSError as error:
        raise ItamedError(f"Cannot use {folder} ({error.strerror}): choose another --work.") from error


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """Yield an event that is set by the first SIGTERM or SIGINT."""
    stop = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(each, lambda *_: stop.set()) for each in signals]
    try:
        yield stop
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


def _next(place: Place, desk: Desk, settings: Settings, name: str, stop: threading.Event) -> bool:
    """Look at the queue and carry out one job of it; returns whether there was one."""
    admit(place, read_jobs(place), utc_now)
    _keep_page(place)
    for job in to_do(read_jobs(place), name, utc_now(), settings.limits.stale):
        with suppress(Lost):
            claim = Claim(place, job, name, utc_now)
            try:
                _one(claim, job, place, desk, settings, stop)
            finally:
                _keep_page(place)
            return True
    return False


def _one(claim: Claim, job: Job, place: Place, desk: Desk, settings: Settings, stop: threading.Event) -> None:
    """Carry out a job and write what came of it into its state.

    Raises:
        Lost: somebody else has it.
        Again: it waits again for something that may pass.
        ItamedError: its state cannot be written, or it cannot be seen whether it was handed in.
    """
    folder = settings.folder.resolve() / "jobs" / job.id
    if job.refusal:
        return claim.end("failed", job.refusal)
    if claim.state.attempt >= settings.limits.attempts:
        # The last attempt may have been killed in the moment after it had handed in.
        if claim.state.bundle and (address := desk.find(claim.state.bundle)):
            return claim.end("done", address=address)
        return claim.end("failed", f"Begun {claim.state.attempt} times, never ended.", log=public_tail(folder / LOG))
    claim.begin()
    _keep_page(place)
    _say(f"{job.id}: attempt {claim.state.attempt}")
    try:
        message, address = carry_out(claim, job, folder, desk, settings, stop)
    except Stopped:
        return claim.stopped()
    except Again as error:
        last = claim.state.attempt >= settings.limits.attempts
        claim.end("failed" if last else "waiting", str(error), log=public_tail(folder / LOG))
        raise
    except Failed as error:
        claim.end("failed", str(error), log=public_tail(folder / LOG))
        return _say(f"{job.id}: failed. {error}")
    claim.end("done", message, address=address)
    shutil.rmtree(folder, ignore_errors=True)
    return _say(f"{job.id}: done, {address}")


def _keep_page(place: Place) -> None:
    try:
        keep_page(place)
    except ItamedError as error:
        # The states are what counts: a job does not end for want of a page, which the next look writes.
        _say(str(error))


def _say(text: str) -> None:
    err().print(f"{time.strftime('%H:%M:%S')} {text}", markup=False, soft_wrap=True, highlight=False)
