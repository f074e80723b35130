"""Download one file over HTTP: resumed where it was cut off, and in place only when it is whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from ..console import err
from ..errors import SourceError

TRIES = 4
"""How often a connection is opened for one file before giving up."""
PAUSE = 1.0
"""Seconds to wait before the second try; doubled for each further one."""
TIMEOUT = (10, 60)
"""Seconds to wait for a connection, and for the next bytes."""

# Small, since the block in which a connection breaks is lost.
_BLOCK = 1 << 14


def download(url: str, place: Path) -> bool:
    """Download `url` to `place`, which appears only when the file is whole.

    What arrives is kept in a `.part` file beside it: a later call, in this process or another, goes
    on where it ended, if the server can.

    Returns:
        Whether bytes of an earlier process were used.

    Raises:
        SourceError: the server refuses, is not there, or breaks off again and again.
        OSError: the file cannot be written.
    """
    part = place.with_name(place.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    resumed = part.is_file() and part.stat().st_size > 0
    reason: Exception = SourceError("never tried")
    with _progress(place.name) as progress:
        for number in range(TRIES):
            if number:
                time.sleep(PAUSE * 2 ** (number - 1))
            try:
                _receive(url, part, progress)
            except requests.RequestException as error:
                reason = error
            else:
                part.replace(place)
                return resumed
    raise SourceError(
        f"Cannot download {url} ({_short(reason)}): check the network and any proxy, then run the same command again, "
        f"which goes on where it stopped. Or download {place.name} elsewhere and pass --sources DIR with its folder."
    ) from reason


def _receive(url: str, part: Path, progress: Progress) -> None:
    """Append what is missing to the part file.

    Raises:
        requests.RequestException: the connection failed; what arrived is kept.
        SourceError: the server says that the file is not to be had.
    """
    have = part.stat().st_size if part.is_file() else 0
    # Without "identity" a server may compress on the fly, and a byte range would count other bytes.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink()
            raise requests.ConnectionError("the server has no bytes after those that arrived earlier")
        if 400 <= response.status_code < 500:
            message = f"{url} answers {response.status_code} {response.reason}: the file was moved or needs a log-in."
            raise SourceError(f"{message} Download it by hand and pass --sources DIR with its folder.")
        response.raise_for_status()
        if response.headers.get("Content-Type", "").startswith("text/html"):
            message = f"{url} is a web page, not a file: open it, download {part.stem} there by hand"
            raise SourceError(f"{message} and pass --sources DIR with its folder.")
        appends = response.status_code == requests.codes.partial_content
        start = have if appends else 0
        length = response.headers.get("Content-Length")
        task = progress.task_ids[0]
        progress.update(task, completed=start, total=start + int(length) if length else None)
        with part.open("ab" if appends else "wb") as file:
            for block in response.iter_content(_BLOCK):
                file.write(block)
                progress.advance(task, len(block))


@contextmanager
def _progress(name: str) -> Iterator[Progress]:
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = err()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(name, total=None)
        yield progress


def _short(error: Exception) -> str:
    """Return the innermost reason, without the pool and retry layers that requests wraps around it."""
    inner = error.args[0] if error.args else error
    text = str(getattr(inner, "reason", None) or error)
    return text if len(text) <= 200 else f"{text[:200]}..."
