"""File a request: checked here as a worker will check it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itamed.benchmark.errors import ItamedError

from ..jsonsafe import json_bytes
from ..manifest import NO_COMMIT, is_commit
from .jobs import read_jobs
from .place import REQUESTS, Place
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

    Raises:
        ItamedError: it asks for what cannot be asked for, or cannot be stored.
    """
    content = json_bytes(asked)
    request: Request = read_request(content, "request")
    name = id_of(request)
    path = f"{REQUESTS}/{name}.json"
    if place.swap(path, None, {path: content}):
        return f"Filed as {name}."
    state = next((job.kind for job in read_jobs(place) if job.id == name), "gone")
    return f"Asked already as {name}: {state}."
