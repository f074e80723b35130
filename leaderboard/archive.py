"""The archive of a bundle: written the same for the same content, read as what a stranger has sent.

A bundle is a ZIP file of a few files with fixed names. Nothing is ever unpacked to a disk.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from .findings import Finding, Refused, shown

MAX_ARCHIVE = 64 * 2**20
MAX_MEMBERS = 64
MAX_TOTAL = 64 * 2**20
"""Bytes of all files together, unpacked. Fourteen tasks take less than 5 MB, twenty of long answers about 25; more
would be time to score, and nothing else."""
MAX_RATIO = 400
"""Answers that repeat one word over and over pack 200-fold, zeros 1000-fold."""
SMALL = 2**20
"""Bytes below which a file may pack as well as it likes."""
_TIME = (1980, 1, 1, 0, 0, 0)
_END = struct.Struct("<4s4H2LH")
_HEADER = struct.Struct("<4s5H3L2H")
_TRAILER = 0x8
"""The flag of a file whose size stands behind it."""
_FOLDER = 0x10
"""The attribute that MS-DOS gives to folders."""
_DIRECTORY = MAX_MEMBERS * 512
_NAME_IT = "name the file that `itamed submit --out` has written"
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, RuntimeError)
"""What `zipfile` raises for archives that are no good; encrypted ones are a RuntimeError."""


def short(digest: str) -> str:
    """Return as much of a bundle's SHA-256 digest as names it: its file, its entry, its pull request."""
    return digest[:16]


def content_of(path: Path) -> bytes:
    """Return the bytes of an archive: the one way in which any is read.

    Raises:
        Refused: it is no plain file (a link is none), has more than `MAX_ARCHIVE` bytes, or cannot be read.
    """
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            _refuse("", "a plain file", f"a link, folder or device at {path}", _NAME_IT)
        if found.st_size > MAX_ARCHIVE:
            _refuse("", f"at most {MAX_ARCHIVE} bytes", str(found.st_size))
        with path.open("rb") as file:
            return file.read(MAX_ARCHIVE)
    except FileNotFoundError:
        _refuse("", "a file", f"none at {path}", _NAME_IT)
    except OSError as error:
        _refuse("", "a file that can be read", str(error.strerror), "look at its rights and at the disk")


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


def unpack(path: Path, names: Collection[str], only: Collection[str] = ()) -> dict[str, bytes]:
    """Return the files of an archive by name, at most `MAX_TOTAL` bytes.

    Args:
        path: the archive.
        names: the names that are allowed.
        only: the names that are wanted; all if empty.

    Raises:
        Refused: it is no ZIP file or a damaged one, is larger or packed better than any bundle, has bytes
            before or behind it, or holds what is no plain file of these names, or one twice.
    """
    content = content_of(path)
    stated = _check_frame(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries, directory = archive.infolist(), archive.start_dir
        if len(entries) != stated:
            _refuse("", f"a list of {stated} files, as its end says", f"one of {len(entries)}")
        _check_entries(entries, names)
        found: dict[str, bytes] = {}
        for entry, packed in _places(entries, content, directory):
            if only and entry.filename not in only:
                continue
            found[entry.filename] = _member(entry, packed, MAX_TOTAL - sum(map(len, found.values())))
        return found
    except _DAMAGE as error:
        _refuse("", "a ZIP file that is whole", shown(str(error)))


def _check_frame(content: bytes) -> int:
    """Check that the list ends the file, is small, and is where it says; return how many files it is said to have.

    `zipfile` would look for another list, and does not count.
    """
    if len(content) < _END.size:
        _refuse("", "a ZIP file", f"{len(content)} bytes")
    mark, disk, start, here, entries, size, offset, comment = _END.unpack(content[-_END.size :])
    if mark != b"PK\x05\x06" or comment:
        _refuse("", "a ZIP file without a comment", "another end")
    if disk or start or here != entries or entries > MAX_MEMBERS or size > _DIRECTORY:
        _refuse("", f"at most {MAX_MEMBERS} files", f"{entries}, listed in {size} bytes")
    if offset + size + _END.size != len(content) or not content.startswith(b"PK\x03\x04"):
        _refuse("", "nothing but files and their list", "other bytes before or behind them")
    return int(entries)


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
        if kind not in (0, stat.S_IFREG) or entry.is_dir() or entry.external_attr & _FOLDER:
            _refuse(name, "a plain file", "a link, folder or device")
        if entry.flag_bits & 0x1:
            _refuse(name, "no password", "an encrypted file")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            _refuse(name, "a stored or deflated file", f"method {entry.compress_type}")


def _places(
    entries: Collection[zipfile.ZipInfo], content: bytes, directory: int
) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
    """Yield each file with its packed bytes; whoever unpacks by the headers must find what the list says.

    Files follow each other without a gap: what is not in the list would be seen by nobody.
    """
    place = 0
    for entry in sorted(entries, key=lambda each: each.header_offset):
        name = entry.orig_filename.encode()
        mark, _, flags, method, _, _, *sizes, length, extra = _HEADER.unpack_from(content, place)
        if entry.header_offset != place or entry.flag_bits & _TRAILER or entry.extra or entry.comment or extra:
            _refuse(entry.orig_filename, "files one behind the other, with a name each", "other bytes between them")
        begin = place + _HEADER.size + length
        place = begin + entry.compress_size
        said = mark, flags, method, sizes, content[begin - length : begin]
        listed = [entry.CRC, entry.compress_size, entry.file_size]
        if said != (b"PK\x03\x04", entry.flag_bits, entry.compress_type, listed, name):
            _refuse(entry.orig_filename, "a header that says what the list says of the file", "another one")
        if place > directory:
            _refuse(entry.orig_filename, "a ZIP file that is whole", "a file that goes on into the list")
        yield entry, content[begin:place]
    if place != directory:
        _refuse("", "nothing but files and their list", "other bytes between them")


def _member(entry: zipfile.ZipInfo, packed: bytes, room: int) -> bytes:
    """Unpack one file, no further than is allowed: what the list says of its size may be a lie.

    `zipfile` passes over bytes behind the end of the packed data.
    """
    most = min(room, max(SMALL, MAX_RATIO * len(packed)))
    behind = b""
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
        found = unpacking.decompress(packed, most + 1)
        behind = unpacking.unused_data
        if len(found) <= most and not unpacking.eof:
            _refuse(entry.filename, "a ZIP file that is whole", "packed data without an end")
    else:
        found = packed
    if len(found) > most:
        _refuse(entry.filename, f"at most {MAX_TOTAL} bytes in all and {MAX_RATIO} for each packed one", "more")
    if behind:
        _refuse(entry.filename, "nothing behind the packed data", f"{len(behind)} bytes")
    if len(found) != entry.file_size or zlib.crc32(found) != entry.CRC:
        _refuse(entry.filename, "a file of the size and checksum (CRC) in the list", "another one")
    return found


def _refuse(file: str, expected: str, found: str, remedy: str = "") -> NoReturn:
    raise Refused(Finding(file, "", expected, found, remedy) if remedy else Finding(file, "", expected, found))
