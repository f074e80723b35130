"""What must hold for every family: gold is perfect, order is nothing, additions never help."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.families import family_of
from itamed.benchmark.verdict import MODES, filtered, record, report

from .samples import LISTS, ROWS, document


def kind_name(row):
    return type(row).__name__


def scores(response, row, mode="repaired"):
    doc = document(row)
    passed = filtered(response, doc, mode)
    found = report((record(passed, doc),), 2)["metrics"]
    return {name: value["value"] for name, value in found.items()} | {"status": json.loads(passed)["status"]}


def gold_of(row):
    return family_of(type(row)).gold(row)


@pytest.mark.parametrize("row", ROWS, ids=kind_name)
@pytest.mark.parametrize("mode", MODES)
def test_gold_scores_one(row, mode):
    found = scores(json.dumps(gold_of(row), ensure_ascii=False), row, mode)
    assert found["score"] == 1.0
    assert found["status"] == "valid"
    for name in ("precision", "recall", "macro_f1", "relaxed_f1", "official_f1", "accuracy"):
        assert found.get(name, 1.0) == 1.0
    assert found.get("invented", 0.0) == 0.0


@pytest.mark.parametrize("row", ROWS, ids=kind_name)
@pytest.mark.parametrize(
    "response", ["", "Non lo so.", "{}", "[]", "null", '{"entities": 3}', '{"answer": null}', "[[1, 2]]"]
)
def test_no_usable_answer_scores_zero(row, response):
    assert scores(response, row)["score"] == 0.0


@pytest.mark.parametrize("row", ROWS, ids=kind_name)
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
def test_unicode_form_of_the_answer_does_not_matter(row, form):
    response = unicodedata.normalize(form, json.dumps(gold_of(row), ensure_ascii=False))
    assert scores(response.replace("’", "'"), row)["score"] == 1.0


@pytest.mark.parametrize("row", LISTS, ids=kind_name)
@given(random=st.randoms())
def test_order_of_items_does_not_matter(row, random):
    (root, items), *_ = gold_of(row).items()
    subset = [item for item in items if random.random() < 0.7]
    shuffled = list(subset)
    random.shuffle(shuffled)
    first, second = (scores(json.dumps({root: side}), row) for side in (subset, shuffled))
    assert first == second


@pytest.mark.parametrize("row", LISTS, ids=kind_name)
@given(random=st.randoms())
def test_a_wrong_or_doubled_item_never_raises_f1(row, random):
    (root, items), *_ = gold_of(row).items()
    answer = [item for item in items if random.random() < 0.6]
    before = scores(json.dumps({root: answer}), row)["score"]
    key = random.choice(list(items[0]))
    spare = [item for item in answer if answer.count(item) >= items.count(item)]
    wrong = [{**items[0], key: "inventato"}, {**items[0], key: ""}, {}, 3, *spare]
    after = scores(json.dumps({root: [*answer, random.choice(wrong)]}), row)["score"]
    assert after <= before


@pytest.mark.parametrize("row", ROWS, ids=kind_name)
def test_strict_takes_only_perfect_form(row):
    whole = json.dumps(gold_of(row), ensure_ascii=False)
    fenced = f"```json\n{whole}\n```"
    assert scores(fenced, row, "repaired")["score"] == 1.0
    assert scores(fenced, row, "strict")["score"] == 0.0
    assert scores(fenced, row, "strict")["status"] == "repaired"
