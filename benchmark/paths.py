"""Where the suite keeps its files, and one clear error when it cannot."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import ItamedError


class StorageError(ItamedError):
    """A folder of the suite cannot be written or read: full disk, read-only, wrong owner."""


def home() -> Path:
    """Return the suite's folder: $ITAMED_HOME, or `itamed` in the user's cache."""
    chosen = os.environ.get("ITAMED_HOME")
    return Path(chosen).expanduser() if chosen else _user_cache() / "itamed"


def datasets_dir() -> Path:
    """Return the folder of built data, one folder a source."""
    return home() / "datasets"


def downloads_dir() -> Path:
    """Return the folder of downloaded archives."""
    return home() / "downloads"


def corpora_dir() -> Path:
    """Return the folder of text that was made ready to train on."""
    return home() / "corpora"


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Turn an error of the file system below `folder` into a message that says what to do.

    Raises:
        StorageError: reading or writing failed.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(f"Cannot write {folder}: {reason}. {remedy(error, 'set ITAMED_HOME')}") from error


def remedy(error: OSError, otherwise: str) -> str:
    """Return what to do about a folder that cannot be written; where the disk is full, making room helps too.

    Args:
        error: what the file system said.
        otherwise: how to choose another folder, as in "set ITAMED_HOME".
    """
    way = f"{otherwise} to a folder that can be written."
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return f"Make room there, or {way}" if full else way[0].upper() + way[1:]


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
