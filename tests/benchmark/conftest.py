"""Fixtures of the data folder's tests: a hub on the loopback interface, and no other network."""

import pytest

from .fakehub import FakeHub


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
