"""Token files: untidy lines, spans re-read from the text, labels that nobody expects."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.sources.iob import Token, read_sentences, render, words_of

LABELS = {"Premise": "premessa", "Claim": "affermazione"}
TAGS = st.sampled_from(["O", "B-Premise", "I-Premise", "B-Claim", "I-Claim"])
TOKENS = st.lists(st.builds(Token, st.sampled_from(["l'", "gatto", "po'", "dell’", "(un'", "7,5", "."]), TAGS))


def made(line: str) -> list[Token]:
    """Return tokens from "word/tag" pairs, O where the tag is missing."""
    return [Token(*(pair.split("/") if "/" in pair else (pair, "O"))) for pair in line.split()]


def test_tabs_blanks_extra_columns_and_line_ends_do_not_matter():
    tidy = read_sentences("Il\tB-Premise\ngatto\tI-Premise\n\ndorme\tO\n", "f")
    untidy = read_sentences(" Il B-Premise HighQuality\r\ngatto\tI-Premise\t\tcorrected \n \n\n\ndorme  O ", "f")
    assert untidy == tidy and len(tidy) == 2


@pytest.mark.parametrize("line", ["gatto", "gatto X", "gatto B-", "O"])
def test_a_line_without_token_and_tag_is_refused_by_name(line):
    with pytest.raises(SchemaError, match=r"prova\.tsv, line 2: found the columns .*wanted a token and an IOB tag"):
        read_sentences(f"Il\tO\n{line}\n", "prova.tsv")


def test_an_unknown_label_is_refused_with_those_wanted():
    with pytest.raises(SchemaError, match=r"label Backing .*wanted one of Premise, Claim"):
        render(made("Il/B-Backing gatto/I-Backing"), LABELS)


def test_elided_articles_are_joined_and_truncated_words_are_not():
    text, spans = render(made("Dopo l'/B-Claim ora un po' d' acqua e (dell' olio) , 52'' , l' ( una"), LABELS)
    assert text == "Dopo l'ora un po' d'acqua e (dell'olio) , 52'' , l' ( una"
    assert [span.text for span in spans] == ["l'"]


def test_spans_begin_at_b_and_at_an_i_that_continues_nothing():
    line = "a/B-Claim b/I-Claim c/B-Claim d/I-Premise e f/I-Premise g/I-Premise"
    _, spans = render(made(line), LABELS)
    assert [(span.text, span.type) for span in spans] == [
        ("a b", "affermazione"),
        ("c", "affermazione"),
        ("d", "premessa"),
        ("f g", "premessa"),
    ]


@given(TOKENS)
def test_every_span_is_what_stands_in_the_text_and_no_tagged_token_is_lost(sentence):
    text, spans = render(sentence, LABELS)
    assert all(text[span.start : span.end] == span.text == span.text.strip() for span in spans)
    assert all(left.end <= right.start for left, right in pairwise(spans))
    tagged = "".join(token.text for token in sentence if token.tag != "O")
    assert "".join(span.text for span in spans).replace(" ", "") == tagged
    assert text.replace(" ", "") == words_of(sentence).replace(" ", "")
