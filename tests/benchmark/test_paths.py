"""Where the suite keeps its files."""

import errno
from pathlib import Path

import pytest
from itamed.benchmark import paths


def test_the_variable_wins_and_may_start_with_a_tilde(monkeypatch):
    monkeypatch.setenv("ITAMED_HOME", "~/elsewhere")
    assert paths.home() == Path.home() / "elsewhere"
    assert paths.datasets_dir() == Path.home() / "elsewhere" / "datasets"
    assert paths.downloads_dir() == Path.home() / "elsewhere" / "downloads"


@pytest.mark.parametrize(
    ("platform", "variable", "value", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "/var/cache/me", Path("/var/cache/me/itamed")),
        ("linux", "XDG_CACHE_HOME", "", Path.home() / ".cache" / "itamed"),
        ("darwin", "XDG_CACHE_HOME", "", Path.home() / "Library" / "Caches" / "itamed"),
        ("win32", "LOCALAPPDATA", "/appdata", Path("/appdata/itamed")),
    ],
)
def test_without_it_the_users_cache(monkeypatch, platform, variable, value, expected):
    monkeypatch.delenv("ITAMED_HOME")
    monkeypatch.setattr(paths.sys, "platform", platform)
    monkeypatch.setenv(variable, value)
    assert paths.home() == expected


def test_an_error_of_the_file_system_says_what_to_do(tmp_path):
    with (
        pytest.raises(paths.StorageError, match=rf"Cannot write {tmp_path}: No space.*ITAMED_HOME"),
        paths.storing(tmp_path),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(ValueError, match="another"), paths.storing(tmp_path):
        raise ValueError("another")
