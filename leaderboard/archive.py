"""The archive of a bundle: written the same for the same content, read as what a stranger has sent.

A bundle is a ZIP file of a few files with fixed names. Nothing is ever unpacked to a disk.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NoReturn

from itamed.benchmark.errors import ItamedError

from .findings import Finding, Refused, shown

MAX_ARCHIVE = 64 * 2**20
MAX_MEMBERS = 64
MAX_TOTAL = 256 * 2**20
"""Bytes of all files together, unpacked; twenty tasks of long answers take about a tenth."""
MAX_RATIO = 400
"""Answers that repeat one word over and over pack 200-fold, zeros 1000-fold."""
SMALL = 2**20
"""Bytes below which a file may pack as well as it likes."""
_TIME = (1980, 1, 1, 0, 0, 0)
_END = struct.Struct("<4s4H2LH")
_HEADER = struct.Struct("<4s5H3L2H")
_TRAILER = 0x8
"""The flag of a file whose size stands behind it."""
_DIRECTORY = MAX_MEMBERS * 512
_CHUNK = 2**16
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError)
"""What `zipfile` raises for archives that are no good; encrypted ones are a RuntimeError."""


def short(digest: str) -> str:
    """Return as much of a bundle's SHA-256 digest as names it: its file, its entry, its pull request."""
    return digest[:16]


def content_of(path: Path) -> bytes:
    """Return the bytes of an archive that a maintainer names.

    Raises:
        ItamedError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ItamedError(
            f"{path} cannot be read: {error.strerror}. Name a bundle of `itamed submit --out`."
        ) from error


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return an archive of files by name; the same files give the same bytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, members[name])
    return written.getvalue()


def unpack(path: Path, names: Collection[str]) -> dict[str, bytes]:
    """Return the files of an archive by name, at most `MAX_TOTAL` bytes.

    Args:
        path: the archive.
        names: the names that are allowed.

    Raises:
        Refused: it is no ZIP file or a damaged one, is larger or packed better than any bundle, has bytes
            before or behind it, or holds what is no plain file of these names, or one twice.
    """
    content = _read(path)
    _check_frame(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_entries(entries, names)
            _check_places(entries, content, archive.start_dir)
            found: dict[str, bytes] = {}
            for entry in entries:
                found[entry.filename] = _member(archive, entry, MAX_TOTAL - sum(map(len, found.values())))
            return found
    except _DAMAGE as error:
        _refuse("", "a ZIP file that is whole", shown(str(error)))


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            _refuse("", "a file", f"none at {path}", "name the file that `itamed submit --out` has written")
        size = path.stat().st_size
        if size > MAX_ARCHIVE:
            _refuse("", f"at most {MAX_ARCHIVE} bytes", str(size))
        return path.read_bytes()
    except OSError as error:
        _refuse("", "a file that can be read", str(error.strerror), "look at its rights and at the disk")


def _check_frame(content: bytes) -> None:
    """Check that the directory ends the file, is small, and is where it says: `zipfile` would look for another."""
    if len(content) < _END.size:
        _refuse("", "a ZIP file", f"{len(content)} bytes")
    mark, disk, start, here, entries, size, offset, comment = _END.unpack(content[-_END.size :])
    if mark != b"PK\x05\x06" or comment:
        _refuse("", "a ZIP file without a comment", "another end")
    if disk or start or here != entries or entries > MAX_MEMBERS or size > _DIRECTORY:
        _refuse("", f"at most {MAX_MEMBERS} files", f"{entries}, listed in {size} bytes")
    if offset + size + _END.size != len(content) or not content.startswith(b"PK\x03\x04"):
        _refuse("", "nothing but files and their list", "other bytes before or behind them")


def _check_entries(entries: Collection[zipfile.ZipInfo], names: Collection[str]) -> None:
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        if name not in names:
            _refuse("", "files named manifest.json, result.json, samples_TASK.jsonl", shown(name))
        if name in seen:
            _refuse(name, "every file once", "two of that name")
        seen.add(name)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or entry.is_dir():
            _refuse(name, "a plain file", "a link, folder or device")
        if entry.flag_bits & 0x1:
            _refuse(name, "no password", "an encrypted file")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            _refuse(name, "a stored or deflated file", f"method {entry.compress_type}")


def _check_places(entries: Collection[zipfile.ZipInfo], content: bytes, directory: int) -> None:
    """Check that files follow each other without a gap: what is not in the list would be seen by nobody."""
    place = 0
    for entry in sorted(entries, key=lambda each: each.header_offset):
        header = _HEADER.unpack_from(content, place)
        names = header[-2:]
        if entry.header_offset != place or entry.flag_bits & _TRAILER or entry.extra or entry.comment or names[1]:
            _refuse(entry.orig_filename, "files one behind the other, with a name each", "other bytes between them")
        place += _HEADER.size + names[0] + entry.compress_size
    if place != directory:
        _refuse("", "nothing but files and their list", "other bytes between them")


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, room: int) -> bytes:
    """Read one file in pieces: what the list says of its size may be a lie."""
    found = bytearray()
    most = min(room, max(SMALL, MAX_RATIO * entry.compress_size))
    with archive.open(entry) as packed:
        while piece := packed.read(_CHUNK):
            found += piece
            if len(found) > most:
                limit = f"at most {MAX_TOTAL} bytes in all and {MAX_RATIO} for each packed one"
                _refuse(entry.filename, limit, "more")
    return bytes(found)


def _refuse(file: str, expected: str, found: str, remedy: str = "") -> NoReturn:
    raise Refused(Finding(file, "", expected, found, remedy) if remedy else Finding(file, "", expected, found))
