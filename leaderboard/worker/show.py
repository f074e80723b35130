"""The queue as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from itamed.benchmark.console import out
from rich.text import Text

from ..tables import plain_table
from .jobs import Job
from .request import Request
from .state import seconds_between

_COLUMNS = ("", "request", "model", "asks for", "state", "for", "attempt", "")
_WIDE, _PIPED = 140, 240
"""Columns from which on eight cells beside each other can be read, and those of a file or a pipe."""
_ORDER = ("running", "waiting", "damaged", "failed", "done")


def show_queue(jobs: Sequence[Job], now: datetime, stale: float) -> None:
    """Print all jobs: running, waiting with their place in the line, what is wrong, and what is done.

    Args:
        jobs: in the order in which they came.
        now: the time.
        stale: seconds after which a running job without a sign of life is taken over.
    """
    waiting = [job.id for job in jobs if job.kind == "waiting"]
    rows = []
    for job in by_state(jobs):
        number = str(waiting.index(job.id) + 1) if job.id in waiting else ""
        told = job.kind, age(job.since, now), _attempt(job), _message(job, now, stale)
        rows.append((number, job.id, *_asked(job), *told))
    console = out(_PIPED)
    if not jobs:
        console.print("The queue is empty.")
    elif console.width < _WIDE:
        console.print(_blocks(rows), soft_wrap=True)
    else:
        console.print(plain_table(_COLUMNS, rows))


def _blocks(rows: Sequence[Sequence[str]]) -> Text:
    """Return requests one below the other: eight cells beside each other cannot be read on a narrow terminal."""
    lines = []
    for number, name, model, asks, state, since, attempt, message in rows:
        place = f"number {number} in the line" if number else ""
        tries = f"attempt {attempt}" if attempt else ""
        lines.append(f"{name}: {', '.join(filter(None, (f'{state} for {since}' if since else state, place, tries)))}")
        lines += [f"  {line}" for line in (", ".join(filter(None, (model, asks))), message) if line]
    return Text("\n".join(lines))


def by_state(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs as they are shown: what runs, what waits, what is wrong, what is done."""
    return sorted(jobs, key=lambda each: _ORDER.index(each.kind))


def settings_of(asked: Request) -> str:
    """Return what is asked for beside the model; nothing of it is a stranger's own words."""
    reasoning = "" if asked.reasoning == "none" else f", {asked.reasoning}"
    chat = ", chat" if asked.chat_template else ""
    return f"{asked.shots}-shot, {asked.mode}{reasoning}{chat}, {asked.dtype}"


def age(moment: str, now: datetime) -> str:
    """Return how long ago a moment was, in its two largest units; "" where it is not known."""
    if not moment:
        return ""
    minutes = max(0, int(seconds_between(moment, now) // 60))
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _asked(job: Job) -> tuple[str, str]:
    asked = job.request
    if asked is None:
        return "", ""
    name = f"{asked.model.name}@{asked.model.revision[:7]}"
    if asked.adapter:
        name += f" + {asked.adapter.name}@{asked.adapter.revision[:7]}"
    return name, settings_of(asked)


def _attempt(job: Job) -> str:
    return str(job.state.attempt) if job.state and job.state.attempt else ""


def _message(job: Job, now: datetime, stale: float) -> str:
    if job.damage or job.state is None:
        return job.damage or job.refusal or "no worker has seen it yet"
    beat = job.state.beat
    if job.state.state == "running" and beat and abs(seconds_between(beat, now)) > stale:
        return f"no sign of life for {age(beat, now)}: any worker takes it over"
    return " ".join(filter(None, (job.state.message, job.state.address)))
