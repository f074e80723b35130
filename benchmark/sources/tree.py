"""A read-only view of a source's files, the same for an archive and for an unpacked folder."""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from ..errors import SourceError

Members: TypeAlias = Iterator[tuple[str, Callable[[], bytes]]]


class Tree:
    """The files of one source, by their path below the archive's single top folder.

    Only files that match `wanted` are kept, in memory, so that readers are independent of how the
    publisher packed them. `left_out` counts what a reader leaves out on purpose, by what it is.
    """

    def __init__(self, origin: str, files: dict[str, bytes]) -> None:
        """Hold `files` (path to content); `origin` is named in error messages."""
        self.origin = origin
        self.left_out: Counter[str] = Counter()
        self._files = files

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def glob(self, pattern: str) -> list[str]:
        """Return the sorted paths that match a shell pattern (`*` does not cross a `/`)."""
        return [path for path in self if _matches(path, pattern)]

    def read(self, path: str) -> bytes:
        """Return the content of `path`.

        Raises:
            SourceError: the source has no such file.
        """
        try:
            return self._files[path]
        except KeyError:
            message = f"{self.origin} has no file {path}: download the source again, or point --sources elsewhere."
            raise SourceError(message) from None

    def text(self, path: str) -> str:
        """Return the content of `path` decoded as UTF-8 (a byte-order mark is dropped)."""
        return self.read(path).decode("utf-8-sig", errors="replace")

    def digest(self) -> str:
        """Return the SHA-256 over the sorted paths and the SHA-256 of each file."""
        total = hashlib.sha256()
        for path in self:
            total.update(f"{path}\0{hashlib.sha256(self._files[path]).hexdigest()}\n".encode())
        return total.hexdigest()


def open_tree(path: Path, wanted: Iterable[str]) -> Tree:
    """Open an archive (.tar.gz, .tgz, .tar, .zip) or a folder.

    Args:
        path: the archive or folder.
        wanted: glob patterns of the members to keep, relative to the top folder.

    Raises:
        SourceError: the file is no archive, is cut off or damaged, or holds nothing that is wanted.
    """
    patterns = tuple(wanted)
    try:
        if path.is_dir():
            members = _walk(path)
        elif zipfile.is_zipfile(path):
            members = _unzip(path)
        else:
            members = _untar(path)
        files = {name: data() for name, data in members if any(_matches(name, p) for p in patterns)}
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        message = f"{path} is damaged or not an archive ({error}): delete it and download it again."
        raise SourceError(message) from error
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error}. Check the path and its permissions.") from error
    if not files:
        raise SourceError(f"{path} holds none of the expected files ({', '.join(patterns)}): is it the right source?")
    return Tree(path.name, files)


def _matches(path: str, pattern: str) -> bool:
    """Match part by part, so that `*` stays inside one folder."""
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _walk(path: Path) -> Members:
    for file in sorted(path.rglob("*")):
        if file.is_file():
            yield file.relative_to(path).as_posix(), file.read_bytes


def _unzip(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield _below_top(info.filename), partial(archive.read, info)


def _untar(path: Path) -> Members:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                yield _below_top(member.name), partial(_content, archive, member)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file is not None else b""


def _below_top(name: str) -> str:
    return PurePosixPath(*PurePosixPath(name).parts[1:]).as_posix()
