"""Shared fixtures: where the original archives are, an isolated home for built data, a harness that starts fast."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings

from .benchmark.fakehub import FakeHub
from .hubsets import write_hub_sets

ROOT = Path(__file__).resolve().parents[1]

# Properties are held against the same examples in each run, so that a test fails for a change alone;
# `make fuzz` looks for new ones, and what it finds becomes an @example.
settings.register_profile("repeatable", max_examples=300, derandomize=True, deadline=None)
settings.register_profile("fuzz", max_examples=3000, deadline=None)
settings.load_profile("repeatable")


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


@pytest.fixture(scope="session")
def suite_home(sources_dir, tmp_path_factory) -> Path:
    """Build all 20 tasks once, as a user does: the archives' own, and made-up Hub sets."""
    return build_suite(sources_dir, tmp_path_factory.mktemp("suite"))


@pytest.fixture
def built_suite(suite_home, home, monkeypatch) -> Path:
    """Make a test read the data of `suite_home`."""
    monkeypatch.setenv("ITAMED_HOME", str(suite_home))
    return suite_home


def build_suite(sources, folder):
    """Build all sources in a process of its own, and return the ITAMED_HOME of the data."""
    inputs, home = folder / "sources", folder / "home"
    inputs.mkdir(parents=True)
    for path in sources.iterdir():
        (inputs / path.name).symlink_to(path.resolve())
    write_hub_sets(inputs)
    command = [sys.executable, "-m", "itamed.benchmark.cli", "data", "build", "--sources", str(inputs)]
    env = os.environ | {"ITAMED_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@contextmanager
def offline():
    """Keep processes that are started from asking the Hub."""
    with patch.dict(os.environ, {"HF_HUB_OFFLINE": "1"}):
        yield


@pytest.fixture(scope="module")
def no_hub():
    """Give the tests of a module `offline`."""
    with offline():
        yield


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return a hub that huggingface_hub talks to, with an empty cache and no token."""
    from huggingface_hub import constants

    served = FakeHub()
    monkeypatch.setenv("HF_ENDPOINT", served.url)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield served
    served.close()


@pytest.fixture(scope="session")
def word_tokenizer(tmp_path_factory):
    """Return a folder with a tokenizer that makes every word between blanks one token."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tokenizer")
    words = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?").save_pretrained(folder)
    return folder
