"""Fixtures: a hub on the loopback interface alone, a tokenizer to be counted by hand."""

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
