"""Judged items: as many as the scores count, whatever the answer; and of the kind that a reader would say."""

import json
import random

import pytest
from itamed.benchmark.families import family_of
from itamed.benchmark.inspect.errors import judged_items
from itamed.benchmark.mini.rows import mini_rows
from itamed.benchmark.rows import PairRow, SpanRow
from itamed.benchmark.suite import suite
from itamed.benchmark.verdict import judge

from ..families.samples import ROWS, choice_row, document, form_row, graph_row, pair_row, span_row


def mutated(value, row, labels, chance):
    """Return an answer with items dropped, doubled, cut, swapped and made up."""
    if isinstance(value, list):
        kept = [mutated(each, row, labels, chance) for each in value if chance.random() < 0.8]
        return kept + [chance.choice(kept) for _ in range(2) if kept and chance.random() < 0.4]
    if isinstance(value, dict):
        found = {key: mutated(each, row, labels, chance) for key, each in value.items() if chance.random() < 0.97}
        if len(found) in (2, 3) and chance.random() < 0.1:
            one, other, *_ = found
            found[one], found[other] = found[other], found[one]
        return found
    start = chance.randrange(max(1, len(row.text) - 20))
    stretch = row.text[start : start + chance.randrange(1, 20)]
    others = [value[1:], value.rpartition(" ")[0], f"{value} inventato", stretch, *labels, "A", "presente"]
    return value if chance.random() < 0.6 else chance.choice(others)


def assert_consistent(row, response, labels):
    answer, status = judge(response, row.to_dict() | {"labels": labels})
    counts = family_of(type(row)).count(row, answer)
    items = judged_items(row, answer, status)
    assert sum(item.kind == "right" for item in items) == counts["tp"]
    assert sum(item.gold is not None for item in items) == counts["gold"]
    # A question counts no answers: it has one or none.
    assert sum(item.answer is not None for item in items) == counts.get("pred", float(answer is not None))
    assert all(item.gold or item.answer for item in items)
    kinds = [item.kind for item in items]
    if isinstance(row, SpanRow):
        assert kinds.count("invented") + kinds.count("repeated") == counts["unaligned"]
        assert kinds.count("right") + kinds.count("boundary") <= counts["tp~"]
    if isinstance(row, PairRow):
        assert kinds.count("invented") <= counts["unaligned"]
    return set(kinds)


def test_items_are_as_many_as_the_scores_count():
    seen = set()
    for task in suite().values():
        for number, row in enumerate(mini_rows(task.name)):
            chance, labels = random.Random(number), list(task.labels)
            gold = family_of(type(row)).gold(row)
            answers = [gold, *(mutated(gold, row, labels, chance) for _ in range(3))]
            for response in (*map(json.dumps, answers), "nulla", json.dumps(answers[-1])[:-9]):
                seen |= assert_consistent(row, response, labels)
    assert len(seen) == 12, "every kind of error was made"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_the_gold_is_right_and_an_answer_that_cannot_be_read_loses_it(row):
    gold = json.dumps(family_of(type(row)).gold(row))
    assert {item.kind for item in judged_items(row, *judge(gold, document(row)))} == {"right"}
    assert {item.kind for item in judged_items(row, *judge("non so", document(row)))} == {"unparseable"}


def kinds(row, answer):
    """Return (kind, gold, answer) of the items that are not simply missed."""
    items = judged_items(row, answer)
    return [(i.kind, i.gold and i.gold.text, i.answer and i.answer.text) for i in items if i.kind != "missed"]


def test_spans():
    row = span_row()
    assert kinds(row, [("arto destro", "disturbo"), ("edema polmonare", "sede")]) == [
        ("type", "arto destro", "arto destro"),
        ("type", "edema polmonare", "edema polmonare"),
    ]
    assert kinds(row, [("polmonare", "disturbo"), ("è «più", "sede")]) == [
        ("boundary", "edema polmonare", "polmonare"),
        ("boundary and type", "più grave", "è «più"),
    ]
    assert kinds(row, [("nega", "sede"), ("nega", "sede"), ("febbre", "disturbo"), ("", "sede")]) == [
        ("spurious", None, "nega"),
        ("repeated", None, "nega"),
        ("invented", None, "febbre"),
        ("invented", None, ""),
    ]


def test_a_gold_span_has_one_partner_the_nearest():
    row, answer = span_row(), [("polmonare", "disturbo"), ("nega edema polmonare", "disturbo")]
    near, far = ("boundary", "edema polmonare", "nega edema polmonare"), ("spurious", None, "polmonare")
    assert kinds(row, answer) == [near, far]
    assert [kind for kind, *_ in kinds(row, [*answer, ("edema polmonare", "disturbo")])] == ["right", *["spurious"] * 2]


def test_pairs():
    assert kinds(pair_row(), [("Emoglobina", "9,2"), ("TC", "9,2 g/dl"), ("PSA", "normale")]) == [
        ("boundary", "Emoglobina → 9,2 g/dl", "Emoglobina → 9,2"),
        ("one side", "TC → normale", "TC → 9,2 g/dl"),
        ("invented", None, "PSA → normale"),
    ]
    assert [kind for kind, *_ in kinds(pair_row(), [("poi", "poi")] * 3)] == ["spurious", "repeated", "repeated"]
    assert kinds(pair_row(), [("Emoglobina", "2")])[0][0] == "one side", "a part of a number is another string"


def test_edges():
    assert kinds(graph_row(), [("A3", "A1", "supporto"), ("A2", "A3", "supporto"), ("A1", "A9", "attacco")]) == [
        ("direction", "A1 → A3", "A3 → A1"),
        ("type", "A2 → A3", "A2 → A3"),
        ("invented", None, "A1 → A9"),
    ]


def test_cells():
    row = form_row()
    answer = {
        "febbre": "presente",
        "tosse": "presente",
        "dispnea": "assente",
        "emoglobina": "9,2",
        "glicemia": "febbre",
    }
    assert kinds(row, answer) == [
        ("wrong value", "assente", "presente"),
        ("spurious", None, "presente"),
        ("boundary", "9,2 g/dl", "9,2"),
        ("spurious", None, "febbre"),
    ]
    invented = {"febbre": "forse", "emoglobina": "11 g/dl", "glicemia": "9,2 g/dl; 80"}
    assert [kind for kind, *_ in kinds(row, invented)] == ["invented"] * 3
    assert [item.kind for item in judged_items(row, {})] == ["missed", "missed"]


def test_cells_that_are_not_scored_are_no_items():
    items = judged_items(form_row(), {"dispnea": "incerto"})
    assert [(item.gold or item.answer).type for item in items] == ["febbre", "emoglobina"]


def test_options():
    assert kinds(choice_row(), 0) == [("wrong value", "B) Insulina", "A) Glucagone")]
    assert [item.kind for item in judged_items(choice_row(), None)] == ["missed"]
