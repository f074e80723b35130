"""Where requests, states and logs are kept: a folder, or a data set repository on the Hub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from filelock import FileLock
from itamed.benchmark.errors import ItamedError, PublishError
from itamed.benchmark.files import write_bytes

from ..findings import Finding, Refused

REQUESTS, STATES, LOGS, PAGE = "requests", "states", "logs", "README.md"
MAX_FILE = 2**18
"""Bytes of a file that is read at all."""
_LOCK = ".lock"


class Forbidden(PublishError):
    """A repository on the Hub that we may read and not write to; `repo` is its name, and takes pull requests."""

    def __init__(self, repo: str, message: str) -> None:
        super().__init__(message)
        self.repo = repo


class Place(Protocol):
    """A small set of files with compare-and-swap, on which all else stands."""

    def names(self) -> list[str]:
        """Return the paths of all files of requests and states, sorted."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return a file as it was when `names` was last called or later; None where there is none.

        Raises:
            Refused: it is longer than any of ours.
            ItamedError: it cannot be read.
        """
        ...

    def swap(self, path: str, before: bytes | None, changes: Mapping[str, bytes]) -> bool:
        """Write files if, and only if, one of them still is what it was.

        Args:
            path: the file that is looked at.
            before: what it must hold; None if it must not be there.
            changes: new content by path.

        Returns:
            Whether they were written: of several that try at once, one succeeds.

        Raises:
            Forbidden: it is on the Hub, and not ours to write to.
            ItamedError: they cannot be written.
        """
        ...


def too_long(path: str) -> Refused:
    """Return the error for a file that is longer than any of ours."""
    return Refused(Finding(path, "", f"at most {MAX_FILE} bytes", "more", "file it anew"))


class Folder:
    """A folder, also one that several machines share, if its file system has locks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """Return the paths of all files of requests and states; links are none."""
        files = (file for folder in (REQUESTS, STATES) for file in (self.path / folder).glob("*"))
        return sorted(
            file.relative_to(self.path).as_posix()
            for file in files
            if file.is_file() and not file.is_symlink() and not file.name.startswith(".")
        )

    def read(self, path: str) -> bytes | None:
        """Return a file, or None."""
        file = self.path / path
        try:
            if file.stat().st_size > MAX_FILE:
                raise too_long(path)
            return file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ItamedError(
                f"{file} cannot be read ({error.strerror}): look at its rights and at the disk."
            ) from error

    def swap(self, path: str, before: bytes | None, changes: Mapping[str, bytes]) -> bool:
        """Write files while nobody else does. The one that is looked at comes last: what it tells of is there."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path / _LOCK):
                if self.read(path) != before:
                    return False
                for name in sorted(changes, key=lambda each: each == path):
                    write_bytes(self.path / name, changes[name])
        except OSError as error:
            raise ItamedError(f"Cannot write to {self.path} ({error.strerror}): look at its rights.") from error
        return True
