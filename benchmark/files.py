"""Write files so that nobody ever reads a half-written one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from .errors import ItamedError
from .paths import remedy


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to a temporary name beside `path`, then rename it.

    Raises: see `write_bytes`.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write to a temporary name beside `path`, then rename it.

    Raises:
        ItamedError: the disk is full or the folder cannot be written; an older file is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> ItamedError:
    """Return what to say of a file or folder that could not be written: why, and what to do."""
    return ItamedError(f"Cannot write {path}: {error.strerror}. {remedy(error, 'change its path')}")
