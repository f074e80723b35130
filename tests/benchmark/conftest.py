"""Fixtures: a tokenizer to be counted by hand."""

import pytest


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
