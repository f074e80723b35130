"""Getting an archive: from a folder, over HTTP with cuts and resumes, and never a wrong one."""

import errno
import io
import tarfile
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from itamed.benchmark.errors import SourceError
from itamed.benchmark.paths import StorageError, downloads_dir
from itamed.benchmark.sources import download
from itamed.benchmark.sources.fetch import fetch, find_archive, open_archive
from itamed.benchmark.sources.source import Archive
from itamed.benchmark.sources.tree import Tree

FILES = {"notes/one.txt": b"uno " * 50_000, "notes/two.txt": "perché no".encode()}
DIGEST = Tree("made up", FILES).digest()


def packed(files=FILES):
    """Return an uncompressed tar: large enough to be cut in the middle."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in {**files, "notes/unwanted.bin": b"x"}.items():
            info = tarfile.TarInfo(f"corpus-1.0/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Server:
    """Serves one file; `cuts` lists after how many bytes each answer in turn breaks off."""

    def __init__(self, content):
        self.content, self.cuts, self.ranges, self.status, self.resumable = content, [], [], 200, True
        self.type = "application/gzip"
        handler = type("Handler", (_Handler,), {"served": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def archive(self):
        url = f"http://127.0.0.1:{self.http.server_port}/moved/corpus.tar.gz"
        return Archive("corpus.tar.gz", url, ("notes/*.txt",), DIGEST)


class _Handler(BaseHTTPRequestHandler):
    served: Server

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/corpus.tar.gz")
            return self.end_headers()
        asked = self.headers.get("Range")
        self.served.ranges.append(asked)
        if self.served.status != 200:
            return self.send_error(self.served.status)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.served.resumable else 0
        if start >= len(self.served.content):
            return self.send_error(416)
        content = self.served.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", self.served.type)
        self.end_headers()
        if self.served.cuts:
            content = content[: self.served.cuts.pop(0)]
        return self.wfile.write(content)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    served = Server(packed())
    yield served
    served.http.shutdown()
    served.http.server_close()


def part():
    return downloads_dir() / "corpus.tar.gz.part"


def test_a_download_follows_the_redirect_and_is_used_again_without_the_network(server):
    assert list(fetch(server.archive)) == list(FILES)
    assert fetch(server.archive).read("notes/two.txt") == FILES["notes/two.txt"]
    assert server.ranges == [None]
    assert [path.name for path in downloads_dir().iterdir()] == ["corpus.tar.gz"]


def test_a_connection_cut_in_the_middle_goes_on_where_it_stopped(server):
    server.cuts = [90_000, 70_000]
    assert fetch(server.archive).digest() == DIGEST
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in server.ranges[1:]]
    assert server.ranges[0] is None
    assert 0 < starts[0] <= 90_000 < starts[1] <= 160_000


def test_an_interrupted_process_goes_on_where_it_stopped(server):
    server.cuts = [30_000] * download.TRIES
    with pytest.raises(SourceError, match=r"goes on where it stopped.*--sources DIR"):
        fetch(server.archive)
    assert not (downloads_dir() / "corpus.tar.gz").exists()
    have = part().stat().st_size
    assert 0 < have < 120_000
    server.ranges.clear()
    fetch(server.archive)
    assert server.ranges == [f"bytes={have}-"]


def test_a_server_without_ranges_starts_again_and_does_not_append(server):
    server.cuts, server.resumable = [90_000], False
    assert fetch(server.archive).digest() == DIGEST


def test_a_part_of_another_file_is_found_out_and_downloaded_again(server):
    part().parent.mkdir(parents=True)
    part().write_bytes(b"something else " * 1000)
    assert fetch(server.archive).digest() == DIGEST
    assert server.ranges == ["bytes=15000-", None]


def test_a_part_that_is_longer_than_the_file_is_dropped(server):
    part().parent.mkdir(parents=True)
    part().write_bytes(server.content + b"and more")
    assert fetch(server.archive).digest() == DIGEST


def test_other_content_is_refused_with_both_digests_and_not_kept(server):
    server.content = packed({"notes/one.txt": b"changed"})
    found = Tree("made up", {"notes/one.txt": b"changed"}).digest()
    with pytest.raises(SourceError, match=f"SHA-256 {found}.*expected {DIGEST}"):
        fetch(server.archive)
    assert list(downloads_dir().iterdir()) == []


def test_a_damaged_file_of_an_earlier_download_is_replaced(server):
    downloads_dir().mkdir(parents=True)
    (downloads_dir() / "corpus.tar.gz").write_bytes(server.content[:1000])
    assert fetch(server.archive).digest() == DIGEST


@pytest.mark.parametrize(
    ("status", "message"), [(404, "404.*was moved"), (403, "403"), (503, "503.*check the network")]
)
def test_a_refusal_is_one_clear_message(server, status, message):
    server.status = status
    with pytest.raises(SourceError, match=message):
        fetch(server.archive)
    assert not (downloads_dir() / "corpus.tar.gz").exists()
    assert len(server.ranges) == (download.TRIES if status >= 500 else 1)


def test_a_web_page_in_place_of_the_file_says_to_go_there(server):
    server.type = "text/html; charset=utf-8"
    with pytest.raises(SourceError, match=r"is a web page.*download corpus.tar.gz there by hand.*--sources DIR"):
        fetch(server.archive)
    assert not list(downloads_dir().iterdir())


def test_an_archive_that_is_served_nowhere_says_how_to_make_it(server):
    archive = replace(server.archive, by_hand="Put all notes into one folder.")
    with pytest.raises(SourceError, match=r"cannot be downloaded\. Put all notes into one folder\..*--sources DIR"):
        fetch(archive)
    assert server.ranges == []
    downloads_dir().mkdir(parents=True)
    (downloads_dir() / archive.name).write_bytes(server.content)
    assert list(fetch(archive)) == list(FILES)


def test_no_network_is_one_clear_message(server, monkeypatch):
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(SourceError, match="check the network"):
        fetch(server.archive)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_names_the_variable(server, monkeypatch, code):
    def refuse(self, *args, **kwargs):
        raise OSError(code, "refused", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match="ITAMED_HOME"):
        fetch(server.archive)


def test_a_full_disk_keeps_no_file_under_the_final_name(server, monkeypatch):
    real = Path.open

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda self, *a, **k: Full() if self.suffix == ".part" else real(self, *a, **k))
    with pytest.raises(StorageError, match=r"No space left on device.*Make room"):
        fetch(server.archive)
    monkeypatch.undo()
    assert not (downloads_dir() / "corpus.tar.gz").exists()


def test_the_archive_and_its_unpacked_folder_are_the_same(server, tmp_path):
    assert find_archive(server.archive, tmp_path) is None
    for name, content in FILES.items():
        (tmp_path / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "corpus" / name).write_bytes(content)
    (tmp_path / "corpus/notes/unwanted.bin").write_bytes(b"anything")
    assert open_archive(server.archive, find_archive(server.archive, tmp_path)).digest() == DIGEST
    (tmp_path / "corpus.tar.gz").write_bytes(packed())
    assert find_archive(server.archive, tmp_path).name == "corpus.tar.gz"
    (tmp_path / "corpus/notes/one.txt").write_bytes(b"edited")
    with pytest.raises(SourceError, match="expected version"):
        open_archive(server.archive, tmp_path / "corpus")
