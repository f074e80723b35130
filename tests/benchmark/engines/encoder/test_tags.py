"""Tags: every span goes in and comes out, nested ones too, and decoding keeps to BIO."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.engines.encoder.tags import Head, best_tags, layered, spans_of, tags_of, words

TEXT = "Dolore toracico acuto, febbre 38,5 °C."
PLACES = words(TEXT)
HEAD = Head("itamed_ner_e3c_clinentity", ("a", "b"), layers=2)


def span(string, kind="a"):
    at = TEXT.index(string)
    return (at, at + len(string), kind)


def test_words_and_symbols_each_alone():
    found = [TEXT[start:end] for start, end in PLACES]
    assert found == ["Dolore", "toracico", "acuto", ",", "febbre", "38", ",", "5", "°", "C", "."]


def test_tags_are_numbered_as_the_labels_say():
    assert HEAD.labels[:5] == [f"{HEAD.task}/1 {tag}" for tag in ("O", "B-a", "I-a", "B-b", "I-b")]
    assert (HEAD.width, HEAD.size) == (5, 10)
    tags = tags_of([span("Dolore toracico"), span("febbre", "b")], PLACES, HEAD)
    assert tags[:, 0].tolist() == [1, 2, 0, 0, 3, 0, 0, 0, 0, 0, 0]
    assert not tags[:, 1].any()


def test_what_overlaps_goes_to_the_next_layer_the_outermost_first():
    inner, outer, far = span("toracico acuto"), span("Dolore toracico acuto"), span("38,5", "b")
    assert layered([inner, far, outer]) == [[outer, far], [inner]]
    tags = tags_of([inner, far, outer], PLACES, HEAD)
    assert spans_of(tags, PLACES, HEAD) == [outer, inner, far]
    flat = Head(HEAD.task, HEAD.types)
    assert spans_of(tags_of([inner, far, outer], PLACES, flat), PLACES, flat) == [outer, far]


def test_neighbours_stay_two_spans_and_a_stray_inside_begins_one():
    two = [span("Dolore"), span("toracico"), span("acuto", "b")]
    assert spans_of(tags_of(two, PLACES, HEAD), PLACES, HEAD) == two
    stray = np.zeros((len(PLACES), 1), np.int64)
    stray[[0, 1, 2], 0] = [2, 2, 4]
    assert spans_of(stray, PLACES, HEAD) == [span("Dolore toracico"), span("acuto", "b")]


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(1, 4), st.sampled_from("ab")), max_size=5, unique=True))
def test_all_spans_of_words_come_back_if_there_are_layers_enough(chosen):
    gold = {(PLACES[at][0], PLACES[min(at + size, 11) - 1][1], kind) for at, size, kind in chosen}
    head = Head(HEAD.task, HEAD.types, max(1, len(layered(gold))))
    assert set(spans_of(tags_of(gold, PLACES, head), PLACES, head)) == gold


def test_a_text_without_words():
    tags = tags_of([], [], HEAD)
    assert tags.shape == (0, 2) and spans_of(tags, [], HEAD) == []
    assert best_tags(np.zeros((0, 5))).shape == (0,)


@pytest.mark.parametrize("seed", range(5))
def test_decoding_finds_the_best_of_all_allowed_sequences(seed):
    scores = np.random.default_rng(seed).normal(size=(4, 5))

    def allowed(tags):
        before = (0, *tags)
        return all(tag == 0 or tag % 2 or left in (tag - 1, tag) for left, tag in zip(before, tags, strict=False))

    best = max(
        filter(allowed, itertools.product(range(5), repeat=4)),
        key=lambda tags: sum(scores[at, tag] for at, tag in enumerate(tags)),
    )
    assert best_tags(scores).tolist() == list(best)
