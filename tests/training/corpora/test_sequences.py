"""Documents become sequences of tokens, which stay on disk."""

from copy import deepcopy

import numpy as np
import pytest
from itamed.benchmark.errors import ItamedError
from itamed.training.corpora import sequences as module
from itamed.training.corpora.prepare import prepare
from itamed.training.corpora.sequences import sequences, tokenised
from itamed.training.recipe import Corpus, Cpt

from ...benchmark.engines.hf import tiny
from .files import OTHER, TEXT, written


@pytest.fixture
def prepared(tmp_path):
    return prepare(Cpt([Corpus("mine", "jsonl", str(written(tmp_path, "jsonl")))], decontaminate=False))


def test_documents_end_once_and_lose_nothing(prepared):
    tokenizer = tiny.tokenizer()
    found = list(tokenised(prepared, tokenizer, 16))
    assert {len(each) for each in found} <= set(range(2, 17)) and max(map(len, found)) == 16
    assert {each.prompt.tolist()[0] for each in found} == {tokenizer.bos_token_id}
    whole = [token for each in found for token in each.answer.tolist()]
    wanted = [tokenizer.encode(text, add_special_tokens=False) for text in prepared.documents["text"]]
    assert whole == [token for ids in wanted for token in (*ids, tokenizer.eos_token_id)]
    assert {each.task for each in found} == {"mine"} and found[0].answer.dtype == np.int64


def test_a_beginning_that_the_tokenizer_does_not_know_is_the_model_s(prepared):
    mute = deepcopy(tiny.tokenizer())
    mute.bos_token = None

    def starts(tokenizer, bos):
        return {int(each.prompt[0]) for each in tokenised(prepared, tokenizer, 16, bos)}

    assert starts(tiny.tokenizer(), 7) == {tiny.tokenizer().bos_token_id}
    assert (starts(mute, 7), starts(mute, 0)) == ({7}, {0})
    assert starts(mute, None) == {mute.eos_token_id}


def test_what_was_tokenised_is_opened(prepared, monkeypatch):
    first = tokenised(prepared, tiny.tokenizer(), 16)
    monkeypatch.setattr(module, "_cut", lambda *_, **__: pytest.fail("it is there"))
    again = tokenised(prepared, tiny.tokenizer(), 16)
    assert [each.answer.tolist() for each in again] == [each.answer.tolist() for each in first]
    with pytest.raises(pytest.fail.Exception):
        tokenised(prepared, tiny.tokenizer(), 17)
    other = deepcopy(tiny.tokenizer())
    other.add_tokens(["tosse"])
    with pytest.raises(pytest.fail.Exception):
        tokenised(prepared, other, 16)


def test_one_by_one_as_all_together(prepared, monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 2)
    found = sequences(prepared.documents, tiny.tokenizer(), 8)
    alone = [found[np.int64(number)] for number in range(len(found))]
    assert [each.answer.tolist() for each in alone] == [each.answer.tolist() for each in found]
    with pytest.raises(IndexError):
        found[len(found)]


def test_documents_are_split_whole(prepared):
    first, rest = tokenised(prepared, tiny.tokenizer(), 8).split(1)
    ends = [sum(each.answer[-1] == tiny.tokenizer().eos_token_id for each in part) for part in (first, rest)]
    assert ends == [1, 1] and len(first) > 1
    assert [len(part) for part in tokenised(prepared, tiny.tokenizer(), 8).split(0)] == [0, len(first) + len(rest)]
    assert {TEXT, OTHER} == set(prepared.documents["text"])


def test_a_tokenizer_that_ends_no_text_is_refused(prepared):
    tokenizer = deepcopy(tiny.tokenizer())
    tokenizer.eos_token = None
    with pytest.raises(ItamedError, match="no token that ends a text: set eos_token"):
        tokenised(prepared, tokenizer, 64)
