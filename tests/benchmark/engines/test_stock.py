"""The engine that peers use, as a yardstick: its schemas, its batches, and its answers."""

import json

import pytest
from itamed.benchmark.decoding.answer import read_answer
from itamed.benchmark.docs import task_docs
from itamed.benchmark.engines.stock import StockHF, _batches, answer_schema
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.families import family_of
from itamed.benchmark.rows import row_class
from itamed.benchmark.suite import suite

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


def test_a_missing_package_is_named(folder, monkeypatch):  # noqa: F811
    monkeypatch.setitem(__import__("sys").modules, "xgrammar", None)
    with pytest.raises(ItamedError, match="pip install xgrammar"):
        StockHF(str(folder), device="cpu")
