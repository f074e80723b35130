"""File a request: checked here as a worker will check it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_bytes

from ..jsonsafe import json_bytes
from ..manifest import NO_COMMIT, is_commit
from ..pulls import add_file, find_file, or_by_hand
from .jobs import read_jobs
from .place import REQUESTS, Forbidden, Place
from .request import Request, id_of, read_request


def pinned(text: str) -> dict[str, str]:
    """Return name and commit of "NAMESPACE/NAME@COMMIT".

    Raises:
        ItamedError: it has no commit.
    """
    name, _, revision = text.partition("@")
    if not is_commit(revision):
        raise ItamedError(f"{text} {NO_COMMIT}")
    return {"name": name, "revision": revision}


def file_request(place: Place, asked: Mapping[str, Any]) -> str:
    """Put a request into the queue, unless the same was asked before; returns what to tell.

    Who may not write to a queue on the Hub asks by a pull request there.

    Raises:
        ItamedError: it asks for what cannot be asked for, or cannot be stored.
    """
    content, request, name = _checked(asked)
    path = f"{REQUESTS}/{name}.json"
    try:
        if place.swap(path, None, {path: content}):
            return f"Filed as {name}."
    except Forbidden as forbidden:
        return _by_pull_request(forbidden.repo, path, content, name, request.model.name)
    state = next((job.kind for job in read_jobs(place) if job.id == name), "gone")
    done = (
        f" Whoever keeps the queue has it evaluated anew with `itamed board retry {name}`." if state == "done" else ""
    )
    return f"Asked already as {name}: {state}.{done}"


def write_request(asked: Mapping[str, Any], out: Path) -> str:
    """Write a request to a file, to be sent by hand; returns what to tell.

    Raises:
        ItamedError: it asks for what cannot be asked for, or cannot be written.
    """
    content, _, name = _checked(asked)
    write_bytes(out, content)
    return f"Written to {out}. Whoever keeps the queue adds it there as {REQUESTS}/{name}.json: send it to them."


def _checked(asked: Mapping[str, Any]) -> tuple[bytes, Request, str]:
    """Return a request as its file holds it, as a worker reads it, and its name."""
    content = json_bytes(asked)
    request = read_request(content, "request")
    return content, request, id_of(request)


def _by_pull_request(repo: str, path: str, content: bytes, name: str, model: str) -> str:
    with or_by_hand():
        if there := find_file(repo, path, closed=False):
            return f"Asked already as {name}: {there} waits for a maintainer."
        address = add_file(repo, path, content, f"Ask for {model}", "Made and checked by `itamed board request`.")
    return (
        f"Pull request: {address}\nYou may not write to {repo}, so {name} waits for a maintainer, who merges it. "
        "Then `itamed board queue` shows it."
    )
