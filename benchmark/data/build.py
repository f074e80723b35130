"""Build the data folder: every source fetched, read and written, one failure not stopping the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from filelock import FileLock, Timeout

from ..errors import ItamedError, SourceError
from ..paths import StorageError, datasets_dir, storing
from ..sources.source import Source
from .inputs import collect, known_digests, missing_inputs
from .record import is_current, read_record
from .write import write_source

Status: TypeAlias = Literal["built", "already built", "not in DIR", "failed"]
Step: TypeAlias = Literal["fetch", "read", "write", "done"]
Watch: TypeAlias = Callable[[Source, Step], None]
"""Called when a source's build enters a step."""


@dataclass(frozen=True)
class Outcome:
    """How the build of one source ended; `message` says what was wrong or missing."""

    source: Source
    status: Status
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Request:
    """What to build: `folder` holds the sources' files, `named` sources must be there, `force` rebuilds."""

    sources: Sequence[Source]
    folder: Path | None = None
    named: frozenset[str] = frozenset()
    force: bool = False


def build(request: Request, watch: Watch = lambda source, step: None) -> Iterator[Outcome]:
    """Build sources one after the other, each whole or not at all.

    Args:
        request: what to build.
        watch: told about the progress.

    Yields:
        One outcome a source, in order, as soon as it is known.

    Raises:
        SourceError: the folder of sources does not exist.
        StorageError: the data folder cannot be written, or another build is at work in it.
    """
    if request.folder is not None and not request.folder.is_dir():
        raise SourceError(f"There is no folder {request.folder}: check the path that --sources names.")
    with _alone():
        for source in request.sources:
            start = time.monotonic()
            status, message = _outcome(source, request, watch)
            watch(source, "done")
            yield Outcome(source, status, message, time.monotonic() - start)


def _outcome(source: Source, request: Request, watch: Watch) -> tuple[Status, str]:
    try:
        missing = missing_inputs(source, request.folder) if request.folder is not None else []
        if missing:
            message = f"{request.folder} lacks {', '.join(missing)}."
            return ("failed" if source.name in request.named else "not in DIR"), message
        return ("built" if build_source(source, request.folder, request.force, watch) else "already built"), ""
    except ItamedError as error:
        return "failed", str(error)


def build_source(
    source: Source, folder: Path | None, force: bool = False, watch: Watch = lambda source, step: None
) -> bool:
    """Build one source unless its build is of this code and these inputs.

    Returns:
        Whether it was built.

    Raises:
        ItamedError: it cannot be fetched, read or written.
    """
    place = datasets_dir() / source.name
    if not force and is_current(read_record(place), known_digests(source, folder)):
        return False
    watch(source, "fetch")
    inputs = collect(source, folder)
    watch(source, "read")
    rows = source.rows(inputs.trees, inputs.tables)
    watch(source, "write")
    write_source(source, rows, inputs, place)
    return True


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock on the data folder: two builds at once would remove each other's files."""
    with storing(datasets_dir()):
        datasets_dir().mkdir(parents=True, exist_ok=True)
        lock = FileLock(datasets_dir() / ".build.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise StorageError(
                f"Another build is at work in {datasets_dir()}: wait for it, or set ITAMED_HOME to another folder."
            ) from None
    try:
        yield
    finally:
        lock.release()
