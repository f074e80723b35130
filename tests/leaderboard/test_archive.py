"""The archive: the same bytes for the same files, and nothing but plain files comes in."""

import io
import os
import stat
import struct
import warnings
import zipfile
import zlib

import pytest
from itamed.leaderboard import archive
from itamed.leaderboard.archive import MAX_ARCHIVE, MAX_MEMBERS, pack, unpack
from itamed.leaderboard.findings import Refused

NAMES = {"manifest.json", "result.json"}
FILES = {"manifest.json": b"{}", "result.json": b"[1]" * 1000}


def refused(path, content, names=NAMES):
    path.write_bytes(content)
    with pytest.raises(Refused) as found:
        unpack(path, names)
    return str(found.value)


def zipped(*entries, method=zipfile.ZIP_DEFLATED):
    """Return an archive of (name or ZipInfo, content) pairs, whatever they are."""
    written = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(written, "w", method) as made:
        warnings.simplefilter("ignore")
        for entry, content in entries:
            made.writestr(entry, content)
    return written.getvalue()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bundle.zip"


def test_a_round_trip_and_the_same_bytes_again(path):
    path.write_bytes(pack(FILES))
    assert unpack(path, NAMES) == FILES
    assert pack(dict(reversed(FILES.items()))) == pack(FILES)


def test_what_other_programs_pack_is_taken(path):
    path.write_bytes(zipped(*FILES.items(), method=zipfile.ZIP_STORED))
    assert unpack(path, NAMES) == FILES


@pytest.mark.parametrize(
    "name",
    ["../manifest.json", "/etc/passwd", "a/manifest.json", "..\\result.json", "C:manifest.json", "manifest.json/"],
)
@pytest.mark.parametrize("again", [str, str.upper])
def test_names_that_lead_elsewhere(path, name, again):
    assert "files named manifest.json" in refused(path, zipped((again(name), b"{}")))


@pytest.mark.parametrize(
    "name", ["MANIFEST.JSON", "manifest.json ", "manifest.js\u200bon", ".", "readme.html", "samples_x.jsonl"]
)
def test_other_names(path, name):
    assert "files named manifest.json" in refused(path, zipped((name, b"{}")))


def test_a_name_that_goes_on_after_its_end(path):
    content = zipped(("manifest.jsonX.exe", b"{}")).replace(b"manifest.jsonX", b"manifest.json\0")
    assert "files named manifest.json" in refused(path, content)


def test_a_name_that_is_another_one_inside(path):
    content = zipped(("manifest.json", b"{}"))
    assert "a header that says" in refused(path, content.replace(b"manifest.json", b"../anifest.js", 1))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_links_folders_and_devices(path, kind):
    entry = zipfile.ZipInfo("manifest.json")
    entry.external_attr = (kind | 0o777) << 16
    assert "a plain file" in refused(path, zipped((entry, "/etc/passwd")))


def test_a_name_twice(path):
    assert "two of that name" in refused(path, zipped(("manifest.json", b"1"), ("manifest.json", b"2")))


def test_a_bomb_of_zeros(path):
    assert "more" in refused(path, zipped(("manifest.json", b"\0" * 8 * 2**20)))


def test_many_files_that_are_large_together(path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_TOTAL", 3000)
    assert "at most 3000 bytes in all" in refused(path, pack(FILES | {"manifest.json": b"x" * 100}))


@pytest.mark.parametrize("size", [1, 2**31])
def test_a_size_that_is_a_lie(path, size):
    """Header and list agree, and are wrong: the file is unpacked no further than is allowed, and not believed."""
    content = bytearray(zipped(("manifest.json", b"\0" * 1000)))
    for at in (22, content.rindex(b"PK\x01\x02") + 24):
        content[at : at + 4] = struct.pack("<L", size)
    assert "of the size and checksum" in refused(path, bytes(content))


def made(packed, content, *, header=(), count=1, attributes=0):
    """Return an archive of one file as no library writes it.

    `header` are fields of the file's own header, by place, that are not those of the list; `count` is what the end
    of the archive says of their number.
    """
    fields = [20, 0, 8, 0, 33, zlib.crc32(content), len(packed), len(content), len(b"manifest.json")]
    own = [dict(header).get(place, field) for place, field in enumerate(fields)]
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", *own, 0) + b"manifest.json" + packed
    listed = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, *fields, 0, 0, 0, 0, attributes, 0) + b"manifest.json"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(listed), len(local), 0)
    return local + listed + end


def deflated(content):
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packing.compress(content) + packing.flush()


def test_an_archive_made_by_hand_is_taken_if_nothing_is_odd(path):
    path.write_bytes(made(deflated(b"{}"), b"{}"))
    assert unpack(path, NAMES) == {"manifest.json": b"{}"}


def test_bytes_behind_the_packed_data(path):
    """Programs that unpack pass over them: nobody would see what is there."""
    assert "nothing behind the packed data, found 30" in refused(path, made(deflated(b"{}") + b"hidden" * 5, b"{}"))


def test_packed_data_without_an_end(path):
    assert "without an end" in refused(path, made(deflated(b"{}" * 50)[:-1], b"{}" * 50))


@pytest.mark.parametrize(
    "header",
    [(1, 0x1), (1, 0x800), (2, zipfile.ZIP_STORED), (5, 1), (6, 7), (7, 2**31)],
    ids=["encrypted", "flags", "method", "CRC", "packed size", "size"],
)
def test_a_header_that_says_something_else_than_the_list(path, header):
    assert "a header that says what the list says" in refused(path, made(deflated(b"{}"), b"{}", header=[header]))


@pytest.mark.parametrize("count", [0, 2])
def test_a_number_of_files_that_is_a_lie(path, count):
    assert f"a list of {count} files" in refused(path, made(deflated(b"{}"), b"{}", count=count))


def test_a_folder_by_its_attribute(path):
    assert "a plain file" in refused(path, made(deflated(b"{}"), b"{}", attributes=0x10))


def test_a_password(path):
    content = bytearray(zipped(("manifest.json", b"{}")))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refused(path, bytes(content))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods(path, method):
    assert "method" in refused(path, zipped(("manifest.json", b"{}"), method=method))


def test_too_many_files(path):
    assert f"at most {MAX_MEMBERS} files" in refused(path, zipped(*((f"f{n}", b"") for n in range(MAX_MEMBERS + 1))))


def test_a_long_list_of_few_files(path):
    entry = zipfile.ZipInfo("manifest.json")
    entry.comment = b"x" * 60_000
    assert "listed in" in refused(path, zipped((entry, b"{}")))


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"GIF89a" + pack(FILES), pack(FILES) + b"<html>", b"\x1f\x8b" * 30, pack(FILES)[:-1], pack(FILES)[9:]],
    ids=["empty", "short", "before", "behind", "another kind", "cut off", "beginning cut off"],
)
def test_what_is_no_zip_file(path, content):
    assert refused(path, content)


def test_a_comment(path):
    written = io.BytesIO(pack(FILES))
    with zipfile.ZipFile(written, "a") as made:
        made.comment = b"hello"
    assert refused(path, written.getvalue())


def test_changed_content(path):
    content = bytearray(zipped(*FILES.items(), method=zipfile.ZIP_STORED))
    content[content.index(b"[1]")] ^= 1
    assert "CRC" in refused(path, bytes(content))


def test_a_large_file_is_not_read(path):
    with path.open("wb") as file:
        file.truncate(MAX_ARCHIVE + 1)
    with pytest.raises(Refused, match="at most"):
        unpack(path, NAMES)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "waits.zip")
    (tmp_path / "whole.zip").write_bytes(pack(FILES))
    (tmp_path / "link.zip").symlink_to(tmp_path / "whole.zip")
    for place in (tmp_path, tmp_path / "none.zip", tmp_path / "waits.zip", tmp_path / "link.zip"):
        with pytest.raises(Refused, match="name the file"):
            unpack(place, NAMES)


def test_what_is_not_in_the_list(path):
    """A file between two others that the list leaves out would be seen by nobody."""
    whole = pack({"manifest.json": b"{}", "result.json": b"{}", "samples_x.jsonl": b"hidden"})
    names = sorted(["manifest.json", "result.json", "samples_x.jsonl"])
    entries = whole[whole.index(b"PK\x01\x02") : whole.rindex(b"PK\x05\x06")].split(b"PK\x01\x02")[1:]
    kept = [b"PK\x01\x02" + entry for name, entry in zip(names, entries, strict=True) if name != "result.json"]
    start, end = whole.index(b"PK\x01\x02"), bytearray(whole[whole.rindex(b"PK\x05\x06") :])
    end[8:16] = struct.pack("<2HL", 2, 2, len(b"".join(kept)))
    content = whole[:start] + b"".join(kept) + bytes(end)
    assert "other bytes between them" in refused(path, content, set(names))
