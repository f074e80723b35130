"""The engine that peers use, as a yardstick: its schemas, its batches, and its answers."""

import json

import pytest
import torch
from itamed.benchmark.decoding.answer import read_answer
from itamed.benchmark.docs import task_docs
from itamed.benchmark.engines.stock import StockHF, _batches, answer_schema
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.families import family_of
from itamed.benchmark.rows import row_class
from itamed.benchmark.suite import suite
from lm_eval.models.huggingface import HFLM

from .hf import tiny
from .hf.conftest import folder, one_thread  # noqa: F401 (fixtures)
from .instances import question


def fits(value, schema):
    """Tell whether a value is one that the schema means, as far as our schemas go."""
    if "enum" in schema:
        return value in schema["enum"]
    if schema["type"] == "object":
        return list(value) == schema["required"] and all(fits(value[k], s) for k, s in schema["properties"].items())
    if schema["type"] == "array":
        return len(value) <= schema["maxItems"] and all(fits(item, schema["items"]) for item in value)
    return isinstance(value, str)


@pytest.mark.parametrize("name", suite())
def test_the_gold_answer_fits_its_schema(name):
    docs = list(task_docs(name, mini=True)["test"])
    for doc in docs:
        row = row_class(doc).from_dict(dict(doc))
        gold = family_of(type(row)).gold(row)
        assert fits(gold, answer_schema(doc)), gold
        assert not fits({**gold, "x": "y"}, answer_schema(doc))


def test_a_batch_has_one_kind_of_settings_and_the_harness_s_order():
    requests = [question(n, "### Compito\n" + "uno " * n, max_gen_toks=8 if n % 2 else 16) for n in range(7)]
    batches = list(_batches(requests, [len(request.args[0]) for request in requests], 2))
    assert batches == [[6, 4], [2, 0], [5, 3], [1]]


def test_answers_follow_the_schema_of_their_own_document(folder):  # noqa: F811
    pytest.importorskip("xgrammar", reason="the yardstick needs xgrammar")
    lm = StockHF(str(folder), device="cpu", dtype="float32", batch_size=3)
    prompts, _ = tiny.prompts(2, 4)
    asked = [question(n, tiny.tokenizer().decode(prompt)) for n, prompt in enumerate(prompts)]
    short = dict(asked[1].doc) | {"options": ["uno"], "answer": 0}
    asked[1] = question(1, asked[1].args[0], short)
    answers = lm.generate_until(asked)
    assert json.loads(answers[1]) == {"answer": "A"}
    for answer in answers:
        assert read_answer(answer).status == "valid"
        assert json.loads(answer)["answer"] in ("A", "B")
    assert lm.work.forwards > 0
    assert lm.work.fed > sum(map(len, prompts))
    assert lm.work.cut == 0
    lm.generate_until([question(1, asked[0].args[0], max_gen_toks=3)])
    assert lm.work.cut == 1


def test_answered_tokens_are_those_before_the_end(folder, monkeypatch):  # noqa: F811
    pytest.importorskip("xgrammar", reason="the yardstick needs xgrammar")
    answered = torch.tensor([[7, 8, tiny.END, tiny.END], [7, tiny.END, tiny.END, tiny.END], [7, 8, 9, 10]])
    monkeypatch.setattr(HFLM, "_model_generate", lambda lm, context, *_, **__: torch.cat([context, answered], 1))
    lm = StockHF(str(folder), device="cpu", dtype="float32", batch_size=3)
    lm.generate_until([question(n) for n in range(3)])
    assert (lm.work.answered, lm.work.cut) == (2 + 1 + 4, 1)


@pytest.mark.parametrize("size", ["auto", "auto:4"])
def test_a_batch_size_that_is_no_number_is_refused_before_the_model_is_loaded(size):
    with pytest.raises(ItamedError, match=f"no batch_size={size}: give a number"):
        StockHF("no-such-model", device="cpu", batch_size=size)


def test_a_missing_package_is_named(folder, monkeypatch):  # noqa: F811
    monkeypatch.setitem(__import__("sys").modules, "xgrammar", None)
    with pytest.raises(ItamedError, match="pip install xgrammar"):
        StockHF(str(folder), device="cpu")
