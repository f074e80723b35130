"""One job, from the request to the bundle that is handed in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from itamed.benchmark.console import err
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text

from ..archive import content_of
from ..submit import place_of
from ..validate import validate
from .desk import Desk
from .evaluation import BUNDLE
from .fetch import AGAIN
from .jobs import Claim, Job, Lost
from .log import last_line, public_tail
from .running import LOG, TimeOut, run_step
from .settings import WORK, Settings, Work


class Failed(ItamedError):
    """The job came to nothing, and would again."""


class Again(ItamedError):
    """The job came to nothing for a reason that may pass."""


class Stopped(ItamedError):
    """The worker was asked to stop."""


def carry_out(
    claim: Claim, job: Job, folder: Path, desk: Desk, settings: Settings, stop: threading.Event
) -> tuple[str, str]:
    """Evaluate a model and hand in its bundle; whatever an earlier attempt has done is not done again.

    Returns:
        What to say of it, and where the bundle is.

    Raises:
        Failed: it failed.
        Again: it failed, and may not the next time.
        Stopped: the worker shall stop.
        Lost: another worker has taken it.
    """
    try:
        if claim.state.bundle and (address := desk.find(claim.state.bundle)):
            return "", address
    except Lost:
        raise
    except ItamedError as error:
        raise Again(str(error)) from error
    if not (folder / BUNDLE).is_file():
        _evaluate(claim, job, folder, settings, stop)
    return _hand_in(claim, folder / BUNDLE, desk, settings)


def _evaluate(claim: Claim, job: Job, folder: Path, settings: Settings, stop: threading.Event) -> None:
    limits = settings.limits
    if job.request is None:
        raise Failed(job.refusal)
    asked = Work(
        request=job.request,
        tasks=settings.tasks,
        model_bytes=limits.model_bytes,
        parameters=limits.parameters,
        mini=settings.mini,
    )
    write_text(folder / WORK, asked.model_dump_json())
    look, deadline = _looker(claim, limits.beat, stop), time.monotonic() + limits.hours * 3600
    for step in settings.steps(folder):
        try:
            status = run_step(step, folder, deadline, limits.memory, look)
        except TimeOut as error:
            raise Failed(f"Stopped after {limits.hours:g} hours.") from error
        if status:
            raise (Again if status == AGAIN else Failed)(_reason(status, folder))
    if not (folder / BUNDLE).is_file():
        raise Failed("The evaluation ended without a bundle.")


def _looker(claim: Claim, every: float, stop: threading.Event) -> Callable[[], None]:
    """Return a function that gives signs of life, and ends the job when it is lost or the worker shall stop."""
    last = time.monotonic()

    def look() -> None:
        nonlocal last
        if stop.is_set():
            raise Stopped("The worker was stopped.")
        if time.monotonic() - last < every:
            return
        last = time.monotonic()
        try:
            claim.beat()
        except Lost:
            raise
        except ItamedError as error:
            # A network that is gone for some minutes is no reason to throw hours away.
            err().print(str(error), markup=False, soft_wrap=True, highlight=False)

    return look


def _reason(status: int, folder: Path) -> str:
    how = f"signal {status - 128}, perhaps for want of memory" if status > 128 else f"status {status}"
    said = last_line(public_tail(folder / LOG)).removeprefix("Error: ")
    return f"Ended with {how}. {said}"


def _hand_in(claim: Claim, bundle: Path, desk: Desk, settings: Settings) -> tuple[str, str]:
    """Check the bundle as a stranger's, for its maker had a stranger's model in its process; then hand it in."""
    verdict = validate(bundle, mini=settings.mini)
    if verdict.run is None:
        # Or another try would find it here, and make no other.
        bundle.unlink()
        errors = [str(each) for each in verdict.findings if each.severity != "warning"]
        raise Failed(f"Errors of the bundle: {len(errors)}. {errors[0]}")
    content = content_of(bundle)
    place = place_of(verdict.run, content)
    try:
        claim.hands_in(place)
        address = desk.find(place) or desk.hand_in(content, verdict.run)
    except Lost:
        raise
    except ItamedError as error:
        raise Again(str(error)) from error
    warnings = len(verdict.findings)
    return (f"Warnings: {warnings}; itamed validate shows them." if warnings else ""), address
