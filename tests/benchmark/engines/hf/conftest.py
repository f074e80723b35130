"""Fixtures: one thread, which tiny models are fastest on, and sums that come out the same every time."""

import pytest
import torch

from . import tiny


@pytest.fixture(autouse=True)
def one_thread():
    """Let torch use one thread during a test."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return a folder with a tiny model and a tokenizer whose chat template writes <s> itself."""
    return tiny.written("qwen3", tmp_path_factory.mktemp("tiny") / "model")
