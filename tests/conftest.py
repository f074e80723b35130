"""Shared fixtures: where the original archives are, and an isolated home for built data."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def sources_dir() -> Path:
    """Return the folder of original archives, or skip with the reason."""
    folder = Path(os.environ.get("ITAMED_SOURCES", ROOT.parent / "shared" / "sources"))
    if not folder.is_dir():
        pytest.skip(f"no original archives at {folder}: set ITAMED_SOURCES to the folder that holds them")
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """Give every test its own empty ITAMED_HOME, so that none reads the user's data."""
    monkeypatch.setenv("ITAMED_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
