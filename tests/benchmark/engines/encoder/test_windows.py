"""Windows: all words are decided once, whatever the lengths, and tokenizers of all kinds give each its tokens."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.engines.encoder.tagger import load_tokenizer
from itamed.benchmark.engines.encoder.tags import words
from itamed.benchmark.engines.encoder.windows import Reader, stretches
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.mini.rows import mini_rows
from transformers import BertTokenizer, RobertaTokenizer

from . import tiny

TEXTS = [row.text for row in mini_rows("itamed_ner_e3c_clinentity")]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=60), st.integers(12, 40), st.data())
def test_each_word_is_decided_once_in_a_stretch_that_fits(sizes, room, data):
    overlap = data.draw(st.integers(0, room // 2))
    found = stretches(sizes, room, overlap)
    assert [word for _, own in found for word in own] == list(range(len(sizes)))
    for within, own in found:
        assert sum(sizes[at] for at in within) <= room
        assert not own or (within.start <= own.start and own.stop <= within.stop)
    for (left, _), (right, _) in pairwise(found):
        assert left.start < right.start <= left.stop


def test_words_are_decided_where_they_have_something_around_them():
    found = stretches([1] * 30, 12, 4)
    assert [(each.start, each.stop, own.start, own.stop) for each, own in found] == [
        (0, 12, 0, 10),
        (8, 20, 10, 18),
        (16, 28, 18, 26),
        (24, 30, 26, 30),
    ]


@pytest.mark.parametrize("kind", ["wordpiece", "bytes", "pieces"])
def test_first_tokens_are_those_of_the_words_with_every_kind_of_tokenizer(kind):
    made = tiny.tokenizer(kind, TEXTS)
    reader = Reader(made, 24, 8)
    strings = [[text[slice(*place)] for place in words(text)] for text in TEXTS]
    for text, windows in zip(strings, reader.windows(strings), strict=True):
        assert len(windows) > 1
        for window in windows:
            assert len(window.ids) <= 24
            assert (window.ids[0], window.ids[-1]) == (made.cls_token_id, made.sep_token_id)
            for place, word in zip(window.first, window.own, strict=True):
                alone = made([text[word]], is_split_into_words=True, add_special_tokens=False)["input_ids"]
                assert window.ids[place] == alone[0]
        assert [word for window in windows for word in window.own] == list(range(len(text)))


def test_the_tokenizers_of_bert_and_roberta_take_words_once_loaded(tmp_path):
    letters = ["Ġ", *"adeFfebrt"]
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters]
    roberta = RobertaTokenizer(vocab={name: number for number, name in enumerate(names)}, merges=[])
    pieces = [*tiny.MARKS, "a", "##d", "feb", "##bre"]
    bert = BertTokenizer(vocab={name: number for number, name in enumerate(pieces)}, do_lower_case=False)
    for number, (made, first) in enumerate(((roberta, "Ġ"), (bert, "feb"))):
        made.save_pretrained(tmp_path / str(number))
        loaded = load_tokenizer(str(tmp_path / str(number)))
        ((window,),) = Reader(loaded, 16, 4).windows([["ad", "febbre"]])
        assert loaded.convert_ids_to_tokens([int(window.ids[window.first[1]])]) == [first]
        assert (window.ids[0], window.ids[-1]) == (loaded.cls_token_id, loaded.sep_token_id)


def test_words_without_tokens_and_words_longer_than_a_window():
    reader = Reader(made := tiny.tokenizer("wordpiece", TEXTS), 12, 4)
    (windows,) = reader.windows([["dolore", "\u0300", "a" * 200, "febbre"]])
    assert np.concatenate([window.own for window in windows]).tolist() == [0, 1, 2, 3]
    assert made.unk_token_id in windows[0].ids
    assert all(len(window.ids) <= 12 for window in windows)
    assert reader.windows([[]]) == [[]]


def test_a_tokenizer_without_padding_is_refused():
    made = tiny.tokenizer("wordpiece", TEXTS)
    made.pad_token = None
    with pytest.raises(ItamedError, match="choose an encoder that has a fast tokenizer"):
        Reader(made, 12, 4)
