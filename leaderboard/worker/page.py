"""The queue as a table in README.md of its place: who asked sees it in a browser, without itamed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from itamed.benchmark.report.markdown import table

from ..markdown import code, said
from .jobs import Job, read_jobs
from .place import LOGS, PAGE, Place
from .show import by_state, settings_of

MOST = 200
"""Lines of the table: a place takes no file of any length."""
_BEGIN, _END = "<!-- The queue: its worker writes this. -->", "<!-- End of the queue. -->"
_NEW = "---\nviewer: false\n---\n\n# Requests\n\n"
"""What stands above the table where nobody has written a README.md: the Hub shall not take the files for rows."""
_HEADER = ("request", "model", "asks for", "state", "since (UTC)", "result or reason")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:/_-]+")
_TRIES = 8
_LIVE = ("running", "waiting")


def keep_page(place: Place) -> None:
    """Write the table into README.md, unless it stands there; what others wrote around it stays.

    Raises:
        ItamedError: the place cannot be read or written.
    """
    for _ in range(_TRIES):
        # The page before the states: whoever writes it in between has seen newer ones, and then wins.
        place.names()
        before = place.read(PAGE)
        after = _around(before, page(read_jobs(place)))
        if after == before or place.swap(PAGE, before, {PAGE: after}):
            return


def page(jobs: Sequence[Job]) -> str:
    """Return the table of all jobs, in Markdown that is safe whatever strangers have asked for.

    Args:
        jobs: in the order in which they came; of those that have ended, the last ones come first.
    """
    if not jobs:
        return "Nobody has asked for anything yet.\n"
    live = [job for job in by_state(jobs) if job.kind in _LIVE]
    others = sorted((job for job in jobs if job.kind not in _LIVE), key=lambda job: (job.since, job.id), reverse=True)
    lines = [*live, *others]
    shown = table(_HEADER, map(_line, lines[:MOST]))
    if len(lines) > MOST:
        shown += f"\nRequests beside these: {len(lines) - MOST}. `itamed board queue` shows all.\n"
    return shown


def _line(job: Job) -> list[str]:
    asked = job.request
    pinned = [asked.model, *([asked.adapter] if asked.adapter else [])] if asked else []
    model = " with ".join(f"{code(each.name)} at {code(each.revision[:7])}" for each in pinned)
    since = job.since.replace("T", " ").removesuffix("Z")
    return [code(job.id), model, settings_of(asked) if asked else "", job.kind, since, _outcome(job)]


def _outcome(job: Job) -> str:
    """Return where the result is, or why there is none, with the log if an evaluation was begun."""
    state = job.state
    if state is None:
        return said(job.damage or job.refusal)
    if state.address:
        return f"[result]({state.address})" if _ADDRESS.fullmatch(state.address) else said(state.address)
    log = f"[log]({LOGS}/{job.id}.txt)" if state.state == "failed" and state.attempt else ""
    return " ".join(filter(None, (said(state.message), log)))


def _around(before: bytes | None, shown: str) -> bytes:
    """Return the page with the table in its place, or at its end if it had none."""
    # A README.md in another encoding keeps its bytes.
    text = _NEW if before is None else before.decode("utf-8", "surrogateescape")
    above, begun, rest = text.partition(_BEGIN)
    if not begun:
        above, rest = f"{text.rstrip()}\n\n" if text.strip() else "", f"{_END}\n"
    below = rest.partition(_END)[2]
    return f"{above}{_BEGIN}\n\n{shown}\n{_END}{below}".encode("utf-8", "surrogateescape")
