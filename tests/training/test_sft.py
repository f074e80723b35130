"""Which rows are trained on, and with which examples before them."""

import json
from collections import Counter

import pytest
from datasets import Dataset
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.training.examples import Asking, examples, is_empty, requests
from itamed.training.recipe import Lora, Sft
from itamed.training.sft import _examples, chosen_rows, sft_stage

pytestmark = pytest.mark.usefixtures("no_hub")
NAMES = ["itamed-mini-ner-drugtemist", "itamed-mini-qa-casimedicos"]


@pytest.fixture(scope="module")
def lm(base):
    return ItamedHF(str(base), device="cpu", batch_size=4)


def settings(**given):
    return Sft(tasks=NAMES, max_length=8000, dev_notes=0, lora=Lora(rank=4), **given)


def prompts(found):
    return {(each.task, each.row): each.prompt for each in found}


def test_choices_of_examples_take_turns(lm):
    plain = prompts(examples(requests(lm, NAMES, "train", Asking()), 0))
    turns = [prompts(examples(requests(lm, NAMES, "train", Asking(2, seed=seed)), 2)) for seed in range(3)]
    found, _ = _examples(lm, NAMES, settings(fewshot_share=1.0, num_fewshot=2, fewshot_seeds=3), 0)
    assert [(each.task, each.row) for each in found] == list(plain), "every row is there once"
    taken = Counter()
    for key, prompt in prompts(found).items():
        of = [number for number, turn in enumerate(turns) if turn.get(key) == prompt]
        assert of or prompt == plain[key], "a prompt of the benchmark"
        taken.update(of or ["plain"])
    assert len([number for number in range(3) if taken[number]]) > 1
    assert taken["plain"] < len(plain) / 2, "rows that are their own examples alone"


def test_a_share_of_the_rows_is_shown_with_examples(lm):
    plain = prompts(examples(requests(lm, NAMES, "train", Asking()), 0))
    found, _ = _examples(lm, NAMES, settings(fewshot_share=0.5, num_fewshot=1), 1)
    longer = sum(prompt != plain[key] for key, prompt in prompts(found).items())
    assert 0 < longer < len(plain)


def test_a_row_is_shown_without_examples_where_they_are_too_long(lm):
    without = sft_stage(settings(), 0, lm)
    longest = max(map(len, without.examples))
    given = {"fewshot_share": 1.0, "num_fewshot": 4}
    free = sft_stage(settings(**given), 0, lm)
    assert max(map(len, free.examples)) > longest
    tight = sft_stage(Sft(tasks=NAMES, max_length=longest, dev_notes=0, **given), 0, lm)
    assert not tight.data["left_out_as_too_long"]
    assert tight.data["examples"] == without.data["examples"]
    assert max(map(len, tight.examples)) <= longest


def rows(lm):
    """Return rows of which most are empty, as the harness sees them."""
    asked = requests(lm, NAMES[:1], "train", Asking())
    docs = [request.doc for _, request in asked]
    full = next(doc for doc in docs if not is_empty(doc))
    empty = next(doc for doc in docs if is_empty(doc))
    return Dataset.from_list([full] * 10 + [empty] * 40)


def test_no_task_has_more_rows_than_it_may(lm):
    found = rows(lm)
    few = chosen_rows(NAMES[0], found, settings(most_rows=7), 0)
    assert len(few) == len(set(few)) == 7 and few == sorted(few)
    assert chosen_rows(NAMES[0], found, settings(most_rows=7), 1) != few
    assert chosen_rows(NAMES[0], found, settings(most_rows=99), 0) == list(range(50))
    stage = sft_stage(settings(most_rows=2), 0, lm)
    assert stage.data["examples"] == dict.fromkeys(NAMES, 2)
    whole = sft_stage(settings(), 0, lm).data["examples"]
    assert stage.data["left_out_as_too_many"] == {name: whole[name] - 2 for name in NAMES}


@pytest.mark.parametrize(("share", "empties"), [(1.0, 40), (0.5, 10), (0.2, 2), (0.0, 0)])
def test_no_more_rows_are_empty_than_may_be(lm, share, empties):
    found = chosen_rows(NAMES[0], rows(lm), settings(empty_share=share), 0)
    assert [number for number in found if number < 10] == list(range(10)), "all others stay"
    assert len(found) == 10 + empties


def test_examples_may_weigh_alike_whatever_their_length(lm):
    alike = sft_stage(settings(loss="examples"), 0, lm)
    assert all(each.weight * len(each.answer) == pytest.approx(1) for each in alike.examples)
    assert {each.weight for each in sft_stage(settings(), 0, lm).examples} == {1.0}
    assert json.dumps(alike.data) == json.dumps(sft_stage(settings(), 0, lm).data)
