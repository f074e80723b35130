"""Write files so that nobody ever reads a half-written one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import ItamedError


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to a temporary name beside `path`, then rename it.

    Raises:
        ItamedError: the disk is full or the folder cannot be written; an older file is untouched.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ItamedError:
    return ItamedError(f"Cannot write {path}: {error.strerror}. Free some space, or name another folder.")
