"""Build the data folder: every source fetched, read and written, one failure not stopping the others."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from filelock import FileLock, Timeout

from ..errors import ItamedError, SourceError
from ..paths import StorageError, datasets_dir, storing
from ..sources.source import Source
from .inputs import collect, known_digests, missing_inputs
from .record import is_current
from .write import write_source

Status: TypeAlias = Literal["built", "already built", "not in DIR", "failed"]
Step: TypeAlias = Literal["fetch", "read", "write", "done"]
Watch: TypeAlias = Callable[[Source, Step], None]
"""Called when a source's build enters a step."""

_log = logging.getLogger(__name__)


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
        StorageError: there is something to build, and the data folder cannot be written or another
            build is at work in it.
    """
    if request.folder is not None and not request.folder.is_dir():
        raise SourceError(f"There is no folder {request.folder}: check the path that --sources names.")
    plans = [(source, _guarded(partial(_plan, source, request))) for source in request.sources]
    # A data folder that cannot be written is no fault where there is nothing to build.
    with _alone() if any(status == "built" for _, (status, _) in plans) else nullcontext():
        for source, (planned, message) in plans:
            if planned != "built":
                yield Outcome(source, planned, message)
                continue
            start = time.monotonic()
            ended = _guarded(partial(_built, source, request.folder, watch))
            watch(source, "done")
            yield Outcome(source, *ended, time.monotonic() - start)


def _guarded(step: Callable[[], tuple[Status, str]]) -> tuple[Status, str]:
    """Turn an error into the failure of one source: even one that nobody thought of stops no other."""
    try:
        return step()
    except ItamedError as error:
        return "failed", str(error)
    except Exception as error:
        _log.debug("unexpected", exc_info=True)
        place = traceback.extract_tb(error.__traceback__)[-1]
        found = traceback.format_exception_only(error)[0].splitlines()[0]
        message = f"unexpected {found:.200} ({Path(place.filename).name}, line {place.lineno})."
        return "failed", f"{message} Is a file damaged? Download it again; else report it as a fault of the suite."


def _plan(source: Source, request: Request) -> tuple[Status, str]:
    """Tell how a source's build will end, where "built" is yet to be seen."""
    missing = missing_inputs(source, request.folder) if request.folder is not None else []
    if missing:
        return ("failed" if source.name in request.named else "not in DIR"), " ".join(missing)
    current = not request.force and is_current(datasets_dir() / source.name, known_digests(source, request.folder))
    return ("already built" if current else "built"), ""


def _built(source: Source, folder: Path | None, watch: Watch) -> tuple[Status, str]:
    build_source(source, folder, watch)
    return "built", ""


def build_source(source: Source, folder: Path | None, watch: Watch = lambda source, step: None) -> None:
    """Build one source, whether or not it is built already; the caller sees to it that no other build is at work.

    Raises:
        ItamedError: it cannot be fetched, read or written.
    """
    watch(source, "fetch")
    inputs = collect(source, folder)
    watch(source, "read")
    rows = source.rows(inputs.trees, inputs.tables)
    watch(source, "write")
    write_source(source, rows, inputs, datasets_dir() / source.name)


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
