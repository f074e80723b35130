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
from itamed.training.corpora.language import is_foreign
from itamed.training.corpora.shingles import of_the_eighth, sampled, shared, shingles

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
    def of(text, least_words=20, italian=True):
        return fault(text, words(text), least_words, italian=italian)

    assert of(TEXT) == ""
    assert of("Tosse secca.") == "short"
    assert of("Tosse secca.", least_words=2) == ""
    assert of(TEXT + "\ufffd") == "undecodable"
    english = "The patient was seen in the ward with a cough that did not get better with any of the drugs."
    assert (of(english), of(english, italian=False)) == ("not Italian", "")


@pytest.mark.parametrize(
    "text",
    [
        "El paciente acude a urgencias por un dolor torácico que no cede con el reposo y se irradia al brazo.",
        "Le patient est admis pour une douleur thoracique qui ne cède pas au repos et irradie dans le bras gauche.",
        "O paciente foi admitido por uma dor torácica com duas horas de evolução que não cede com o repouso.",
        "Pacientul este internat pentru o durere toracică apărută de două ore, care nu cedează și iradiază în braț.",
        "Der Patient wird mit seit zwei Stunden bestehenden Schmerzen aufgenommen, die nicht in Ruhe nachlassen.",
    ],
)
def test_other_languages_are_told(text):
    assert is_foreign(words(text))


@pytest.mark.parametrize(
    "text",
    [
        "PA 130/80, FC 98 R, SpO2 97% aa, TC 36.5. EO: toni validi, MV presente. Ramipril 1 cp/die per os, 2 fl im",
        "Fumo: no. Alcol: no. Diabete: no. PAS 130, PAS 140, PAS 150. Na 140, Na 138. DES su IVA, DES su CDx, 2 DES",
        "Titolare: SF Group s.r.l., concessionario: S.A.L.F. s.p.a., produttore: Lisapharma s.p.a., via Licinio 11",
        "La conclusione degli autori è questa: the drug is not better than placebo. Secondo la società italiana "
        "di cardiologia non va dato a chi ha una cardiopatia.",
    ],
)
def test_notes_of_few_words_and_quotations_stay(text):
    assert not is_foreign(words(text))


def test_half_of_what_was_said_is_a_copy():
    copies = Copies()
    samples = ([1, 2, 3, 4], [1, 2, 5, 6], [1, 5, 6, 7], [])
    assert [copies.is_copy(sample, 100 + number) for number, sample in enumerate(samples)] == [
        False,
        True,
        False,
        False,
    ], "what is a copy itself is not remembered"
    assert copies.is_copy([], 103), "the same words, too few for n-grams"


def seen(copies, text):
    """Return whether a text is a copy of any that was shown before."""
    found = words(text)
    return copies.is_copy(sampled(shingles(found)).tolist(), hash(text))


def numbered(name, count):
    return " ".join(f"{name}{number}" for number in range(count))


def test_short_texts_are_compared_whole():
    template, copies = numbered("modello", 20), Copies()
    notes = [f"{template} {numbered(f'nota{n}x', 40)}" for n in range(200)]
    assert not any(seen(copies, note) for note in notes), "a quarter is alike"
    near = (f"{note.replace('modello3 ', 'altro ')} fine" for note in notes)
    assert all(seen(copies, note) for note in near)


def test_a_passage_of_a_long_text_is_found():
    copies = Copies()
    assert not seen(copies, numbered("lungo", 5000))
    passage = [f"lungo{number}" for number in range(1000, 1280)]
    assert seen(copies, " ".join(passage))


@given(st.lists(st.lists(st.integers(0, 30), max_size=8)))
def test_sorted_numbers_remember_as_a_set_does(samples):
    with patch("itamed.training.corpora.clean._RECENT", 5):
        copies, seen = Copies(), set()
        for sample in samples:
            whole = 1000 + len(sample)
            copied = bool(sample) and sum(each in seen for each in sample) >= len(sample) / 2
            copied |= whole in seen
            assert copies.is_copy(sample, whole) == copied
            seen.update([] if copied else [*sample, whole])


@given(st.lists(st.sampled_from("abcde"), max_size=40))
def test_hashes_are_equal_where_ngrams_are(letters):
    found = shingles(letters)
    assert len(found) == max(0, len(letters) - 7)
    assert len(set(found.tolist())) == (len(ngrams(" ".join(letters))) if len(found) else 0)
    assert set(sampled(found).tolist()) <= set(found.tolist())


def test_an_eighth_of_many_is_sampled_and_all_of_few():
    found = shingles(list(map(str, range(80_000))))
    assert len(sampled(found)) / len(found) == pytest.approx(1 / 8, abs=0.01)
    assert of_the_eighth(sampled(found)).all()
    assert sampled(found[:300]).tolist() == found[:300].tolist()


def test_ngrams_of_several_lengths_follow_each_other():
    letters = "abcdefghij"
    assert shingles(letters, (5, 8)).tolist() == [*shingles(letters, (5,)), *shingles(letters)]
    assert shingles("abcdefg", (5,)).tolist() == shingles(letters, (5,)).tolist()[:3]


@given(st.lists(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_what_is_known_is_found_in_its_order(hashes, known):
    found = shared(np.array(hashes, np.int64), np.array(sorted(known), np.int64))
    assert found.tolist() == [each for each in hashes if each in known]
