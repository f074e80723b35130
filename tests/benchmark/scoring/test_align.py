"""Alignment: strings to spans, whatever the order, the Unicode form or the nesting."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from itamed.benchmark.scoring.align import align, occurrences
from itamed.benchmark.scoring.match import relaxed_matches
from itamed.benchmark.scoring.normal import normal, normal_map

NOTE = "Febbre da 3 giorni; nega febbre notturna. Febbre alta con affaticamento e astenia."


def test_each_occurrence_serves_once():
    spans = align([("febbre", "d"), ("febbre", "d")], NOTE, [])
    assert spans[0] == (25, 31, "d")
    assert spans[1] is None, "the capitalised ones are other strings"


def test_gold_occurrence_goes_first_even_when_it_stands_last():
    text = "asma, poi asma"
    assert align([("asma", "d")], text, [(10, 14, "d")]) == [(10, 14, "d")]
    assert align([("asma", "d"), ("asma", "d")], text, [(10, 14, "d")]) == [(10, 14, "d"), (0, 4, "d")]


def test_whole_words_before_parts_of_words():
    assert align([("tosse", "d")], "tossegosa tosse", []) == [(10, 15, "d")]
    assert align([("tosse", "d"), ("tosse", "d")], "tossegosa tosse", [])[1] == (0, 5, "d")


def test_empty_and_blank_strings_are_nowhere():
    assert align([("", "d"), ("  ", "d")], NOTE, []) == [None, None]


@pytest.mark.parametrize(
    ("note", "answer"),
    [
        ("perché l’edema è più esteso", "l'edema"),
        ("perché l'edema è più esteso", "l’edema"),
        ("dolore al fianco\r\ndestro", "fianco destro"),
        ("riflesso profondo", "riﬂesso"),
        ("riﬂesso profondo", "riflesso"),
        ("37 °C e 10 mg", "10 mg"),
        ("cosiddetta “sindrome”", '"sindrome"'),
        ("beta‑bloccante", "beta-bloccante"),
        (unicodedata.normalize("NFD", "già più"), "più"),
        ("già più", unicodedata.normalize("NFD", "più")),
    ],
)
def test_unicode_forms_agree(note, answer):
    (span,) = align([(answer, "x")], note, [])
    assert span is not None
    assert normal(note[span[0] : span[1]]) == normal(answer)


def test_a_match_that_ends_before_a_line_break_excludes_it():
    assert occurrences("edema", "edema\r\npolmonare") == [(0, 5)]
    assert occurrences("edema", "edema \n polmonare") == [(0, 5)]


@given(st.text(max_size=60) | st.text("abàè ì.,\n", max_size=60))
@example("0\u094d")
def test_normal_form_is_stable_and_its_map_points_into_the_source(text):
    shown, offsets = normal_map(text)
    assert len(offsets) == len(shown) + 1
    assert offsets[-1] == len(text)
    assert list(offsets) == sorted(offsets)
    if shown == text and not any(map(unicodedata.combining, text)):  # a mark points to the character it stands on
        assert offsets == tuple(range(len(text) + 1))
    assert normal(normal(text)) == normal(text)


# Among them marks, letters that join what stands before them, and what is dropped or made equal.
ODD = "ae\u0301\u0323\u0345ﬁ½´¨\u200b\u00ad \n\u00a0’“–\u0344\u09c7\u09be\u1100\u1161\u11a8한ｶﾞ"


@given(st.text(max_size=12) | st.text(ODD, max_size=12))
def test_normal_form_without_the_map_is_the_same(text):
    assert normal(text) == normal_map(text)[0].strip()


@given(st.lists(st.sampled_from(["febbre", "Febbre", "asma", "giorni", "x"]), max_size=6), st.randoms())
def test_order_of_answers_never_matters(strings, random):
    mentions = [(string, "d") for string in strings]
    gold = [(25, 31, "d"), (42, 48, "d")]
    shuffled = list(mentions)
    random.shuffle(shuffled)
    assert sorted(map(str, align(mentions, NOTE, gold))) == sorted(map(str, align(shuffled, NOTE, gold)))


def test_relaxed_matching_is_optimal_not_greedy():
    gold = [(0, 10, "d"), (8, 20, "d")]
    # A greedy scan gives the first prediction to the first gold span and leaves the second unmatched.
    assert relaxed_matches(gold, [(5, 9, "d"), (0, 4, "d")]) == 2
    assert relaxed_matches(gold, [(0, 4, "d"), (5, 9, "d")]) == 2
    assert relaxed_matches(gold, [(0, 4, "other"), None]) == 0
