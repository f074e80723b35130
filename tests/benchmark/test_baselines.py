"""Baselines: rules on rows, each the simplest that its name says."""

import pytest
from itamed.benchmark.baselines import RULES
from itamed.benchmark.rows import ChoiceRow, FormRow, Item, Span, SpanRow

TRAIN = (
    SpanRow(
        "t1", "t1", "train", "Assume ferro e aspirina.", (Span(7, 12, "f", "ferro"), Span(15, 23, "f", "aspirina"))
    ),
    SpanRow("t2", "t2", "train", "Il ferro da stiro. Il ferro battuto.", ()),
)
TEXT = "Aspirina e ferro; poi aspirina, non aspirinetta."


def test_lookup_finds_known_strings_as_whole_words_unless_they_are_mostly_something_else():
    row = SpanRow("r", "r", "test", TEXT, ())
    found = RULES["lookup"](row, TRAIN)["entities"]
    assert found == [{"text": "Aspirina", "type": "f"}, {"text": "aspirina", "type": "f"}]


def test_whole_takes_the_passage_for_one_entity():
    row = SpanRow("r", "r", "test", TEXT, ())
    assert RULES["whole"](row, TRAIN)["entities"] == [{"text": TEXT, "type": "f"}]


def test_lookup_calls_a_finding_present_where_its_name_stands():
    options = ("presente", "assente", "non disponibile")
    items = (Item("febbre", "reperto", "x", options), Item("tosse", "reperto", "x", options), Item("Hb", "esame", "9"))
    row = FormRow("r", "r", "test", "Febbre da ieri, Hb 9.", items)
    assert RULES["lookup"](row, ()) == {"febbre": "presente", "tosse": "non disponibile", "Hb": "non disponibile"}


def test_questions():
    train = tuple(ChoiceRow(f"q{i}", f"q{i}", "train", "?", ("a", "b"), int(i > 0)) for i in range(3))
    assert RULES["majority"](train[0], train) == {"answer": "B"}
    assert RULES["constant"](train[0], train) == {"answer": "C"}
    assert RULES["empty"](train[0], train) == {"answer": ""}


@pytest.mark.parametrize("name", RULES)
def test_no_rule_looks_at_the_gold(name):
    right, wrong = (ChoiceRow("q", "q", "test", "?", ("a", "b"), answer) for answer in (0, 1))
    assert RULES[name](right, ()) == RULES[name](wrong, ())
    spans = (Span(0, 8, "f", "Aspirina"),)
    rows = [SpanRow("r", "r", "test", TEXT, gold) for gold in ((), spans)]
    assert RULES[name](rows[0], TRAIN) == RULES[name](rows[1], TRAIN)
