"""Rows as tags: all gold comes back from every window, of the embedded set and of real data of all sources."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from itamed.benchmark.docs import task_rows
from itamed.benchmark.engines.encoder.lm import answer_of
from itamed.benchmark.engines.encoder.settings import Settings, span_tasks
from itamed.benchmark.engines.encoder.tags import Head, spans_of, tags_of, words
from itamed.benchmark.engines.encoder.windows import Reader
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.families import family_of
from itamed.benchmark.rows import Span, SpanRow
from itamed.training.encoder.examples import IGNORED, Collator, Ordered, head_for, located, lost, tagged, tagged_tasks
from itamed.training.encoder.trainer import tag_loss
from itamed.training.steps import order_of

from ...benchmark.engines.encoder import tiny

TASKS = [task.name for task in span_tasks()]


def gold_of(row):
    return json.dumps(family_of(SpanRow).gold(row), ensure_ascii=False, separators=(",", ":"))


def answered(row, tags, head):
    return answer_of(row, spans_of(tags, words(row.text), head))


def of_windows(name, row, head, reader):
    """Return the tags of a row, put together from those that its windows teach."""
    found = [each.tags for each in tagged(name, [row], head, reader)]
    return np.concatenate(found) if found else np.zeros((0, head.layers), int)


def rows_of(name, mini):
    """Return all rows of a task, and its head as its training rows make it."""
    by_split = task_rows(name, {"train", "dev", "test"}, mini=mini)
    rows = [row for found in by_split.values() for row in found]
    return rows, head_for(name, by_split.get("train") or rows)


@pytest.mark.parametrize("name", TASKS)
def test_gold_comes_back_from_the_tags_of_windows(name):
    rows, head = rows_of(name, mini=True)
    reader = Reader(tiny.tokenizer("wordpiece", [row.text for row in rows]), 48, 16)
    for row in rows:
        assert lost(row, head) == 0
        assert answered(row, of_windows(name, row, head, reader), head) == gold_of(row)


@pytest.mark.integration
@pytest.mark.parametrize("name", TASKS)
def test_all_gold_of_real_rows_comes_back(name, built_suite):
    rows, head = rows_of(name, mini=False)
    for row in rows:
        places = words(row.text)
        tags = tags_of(located(row), places, head)
        assert answered(row, tags, head) == gold_of(row)


def test_spans_within_a_word_are_counted_as_lost():
    row = SpanRow("r", "r", "train", "antibiotico oggi", ())
    head = Head("itamed_ner_drugtemist", ("farmaco",))
    assert lost(row, head) == 0
    assert lost(replace(row, spans=(Span(4, 11, "farmaco", "biotico"),)), head) == 1


def test_groups_stand_for_what_can_be_trained():
    assert set(tagged_tasks(["itamed-ner"])) == {name for name in TASKS if "_ner_" in name and "cardioccc" not in name}
    assert "itamed_arg_casimedicos_relations" not in tagged_tasks(["itamed-id"])
    assert all(name.startswith("itamed-mini-") for name in tagged_tasks(["itamed-mini"]))
    for names, message in (
        (["itamed_qa_casimedicos"], "itamed_qa_casimedicos has no training rows with spans"),
        (["itamed_ner_cardioccc"], "itamed_ner_cardioccc has no training rows"),
        (["itamed-qa"], "names no task with spans"),
        (["itamed_arg_abstrct", "itamed-mini-arg-abstrct"], "its mini version"),
    ):
        with pytest.raises(ItamedError, match=message):
            tagged_tasks(names)


@pytest.fixture(scope="module")
def windows():
    """Return the settings of two tasks, and examples of both."""
    names = ("itamed-mini-ner-e3c-clinentity", "itamed-mini-arg-abstrct")
    rows = {name: task_rows(f"itamed_{name[12:].replace('-', '_')}", {"train"}, mini=True)["train"] for name in names}
    settings = Settings(tuple(head_for(name, found) for name, found in rows.items()), 48, 16)
    reader = Reader(tiny.tokenizer("wordpiece", [row.text for found in rows.values() for row in found]), 48, 16)
    heads = dict(zip(names, settings.heads, strict=True))
    return settings, [each for name in names for each in tagged(name, rows[name], heads[name], reader)]


def test_a_batch_teaches_each_word_once_and_the_heads_of_its_task_alone(windows):
    settings, examples = windows
    mixed = [examples[0], examples[-1]]
    batch = Collator(settings, 0)(mixed)
    known = batch["labels"] != IGNORED
    layers = [head.layers for head in settings.heads]
    assert known[0, :, layers[0] :].sum() == known[1, :, : layers[0]].sum() == 0
    assert known[0].any(-1).sum() == len(examples[0].window.own)
    assert batch["labels"][0][examples[0].window.first][:, : layers[0]].tolist() == examples[0].tags.tolist()
    assert batch["attention_mask"].sum(1).tolist() == [len(each.window.ids) for each in mixed]


def test_the_loss_is_the_mean_over_tags_and_knows_no_other_head(windows):
    settings, examples = windows
    batch = Collator(settings, 0)(examples[:2])
    outputs = torch.zeros(*batch["input_ids"].shape, len(settings.labels), requires_grad=True)
    loss = tag_loss(outputs, batch["labels"], settings)
    widths = [head.width for head, _ in settings.layers]
    assert loss.item() == pytest.approx(np.log(widths[0]))
    loss.backward()
    mine = settings.heads[0].size
    assert outputs.grad[..., :mine].abs().sum() > 0 == outputs.grad[..., mine:].abs().sum()
    empty = torch.full_like(batch["labels"], IGNORED)
    assert tag_loss(outputs, empty, settings).item() == 0


def test_all_examples_are_passed_in_batches_of_one_length(windows):
    _, examples = windows
    order = order_of([each.task for each in examples], {}, 2.0, seed=1)
    data = Ordered(examples, order, 4, seed=1)
    assert len(data) == 2 * len(examples)
    seen = [id(data[at]) for at in range(len(data))]
    assert all(seen.count(id(each)) == 2 for each in examples)
    lengths = [
        [len(data[at].window.ids) for at in range(start, min(start + 4, len(data)))] for start in range(0, len(data), 4)
    ]
    random = [
        [len(examples[number].window.ids) for number in order[start : start + 4]] for start in range(0, len(order), 4)
    ]

    def waste(batches):
        return sum(max(batch) * len(batch) - sum(batch) for batch in batches)

    assert waste(lengths) < waste(random)
    again = Ordered(examples, order, 4, seed=1)
    assert [id(again[at]) for at in range(len(again))] == seen
