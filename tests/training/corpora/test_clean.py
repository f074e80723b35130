"""Texts are cleaned, judged and compared by their words."""

import sys
import unicodedata
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.text import ngrams, words
from itamed.training.corpora.clean import Copies, clean, fault
from itamed.training.corpora.shingles import sampled, shared, shingles

from .files import TEXT


def test_cleaning_keeps_lines_and_composes_accents():
    assert clean("  Perche\u0301 \t no?\r\n\r\n\r\n\r\nSi\u0300\u00a0\u00a0ora\x00\u200b. ") == "Perché no?\n\nSì ora."


def test_all_controls_go_and_nothing_else():
    every = [chr(number) for number in range(sys.maxunicode + 1)]
    # Characters apart, so that none composes with the next.
    kept = set(clean("|".join(every)))
    assert {char for char in kept if unicodedata.category(char)[0] == "C"} == {"\n"}
    plain = {unicodedata.normalize("NFC", char) for char in every if unicodedata.category(char)[0] not in "CZ"}
    assert {char for text in plain for char in text} <= kept


def test_faults_are_found():
    def of(text):
        return fault(text, words(text))

    assert of(TEXT) == ""
    assert of("Tosse secca.") == "short"
    assert of(TEXT + "\ufffd") == "undecodable"
    assert of("The patient was seen in the ward with a cough that did not get better with any of the drugs.") == (
        "not Italian"
    )


def test_half_of_what_was_said_is_a_copy():
    copies = Copies()
    assert [copies.is_copy(sample) for sample in ([1, 2, 3, 4], [1, 2, 5, 6], [1, 5, 6, 7], [])] == [
        False,
        True,
        False,
        False,
    ], "what is a copy itself is not remembered"


@given(st.lists(st.lists(st.integers(0, 30), max_size=8)))
def test_sorted_numbers_remember_as_a_set_does(samples):
    with patch("itamed.training.corpora.clean._RECENT", 5):
        copies, seen = Copies(), set()
        for sample in samples:
            copied = bool(sample) and sum(each in seen for each in sample) >= len(sample) / 2
            assert copies.is_copy(sample) == copied
            seen.update([] if copied else sample)


@given(st.lists(st.sampled_from("abcde"), max_size=40))
def test_hashes_are_equal_where_ngrams_are(letters):
    found = shingles(letters)
    assert len(found) == max(0, len(letters) - 7)
    assert len(set(found.tolist())) == (len(ngrams(" ".join(letters))) if len(found) else 0)
    assert set(sampled(found).tolist()) <= set(found.tolist())


def test_an_eighth_is_sampled():
    found = shingles(list(map(str, range(80_000))))
    assert len(sampled(found)) / len(found) == pytest.approx(1 / 8, abs=0.01)


@given(st.lists(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_what_is_known_is_found_in_its_order(hashes, known):
    found = shared(np.array(hashes, np.int64), np.array(sorted(known), np.int64))
    assert found.tolist() == [each for each in hashes if each in known]
