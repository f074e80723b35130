"""Files are written whole or not at all."""

import errno
from pathlib import Path

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text


def test_a_file_is_replaced_and_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_text(path, "uno")
    write_text(path, "due")
    assert path.read_text() == "due"
    assert [file.name for file in path.parent.iterdir()] == ["b.txt"]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "b.txt"
    write_text(path, "uno")

    def full(self, *args, **kwargs):
        Path.touch(self)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ItamedError, match=r"No space left on device.*Make room"):
        write_text(path, "due")
    assert path.read_text() == "uno"
    assert [file.name for file in tmp_path.iterdir() if "home" not in file.name] == ["b.txt"]
