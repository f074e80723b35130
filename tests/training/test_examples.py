"""Training prompts and answers are those of the benchmark, to the letter and to the token."""

import json
from collections import Counter

import pytest
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.samples import read_samples
from itamed.benchmark.suite import suite
from itamed.training.encode import encode, end_of_answer
from itamed.training.examples import Asking, Example, examples, requests

from ..benchmark.engines.hf import tiny

pytestmark = pytest.mark.usefixtures("no_hub")
NAMES = [task.mini_name for task in suite().values() if task.role == "id"]


@pytest.fixture(scope="module")
def lm(base):
    return ItamedHF(str(base), device="cpu", batch_size=4)


@pytest.fixture(scope="module")
def asked(base, tmp_path_factory):
    """Return a function from settings to what the benchmark itself asks and expects, by task and row."""

    def ask(shots, *chat):
        output = tmp_path_factory.mktemp("asked")
        arguments = ["--model", "itamed-hf", "--model_args", f"pretrained={base}", "--tasks", ",".join(NAMES), *chat]
        arguments += ["--num_fewshot", str(shots), "--metadata", '{"eval_split": "train"}', "--gen_kwargs"]
        evaluate([*arguments, "max_gen_toks=1", "--output_path", str(output)])
        return {
            (path.name.split("_")[1], sample["doc"]["id"]): (
                sample["arguments"]["gen_args_0"]["arg_0"],
                sample["target"],
            )
            for path in output.rglob("samples_*.jsonl")
            for sample in read_samples(path)
        }

    return ask


@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.parametrize("shots", [0, 2])
def test_prompts_and_answers_are_those_of_the_benchmark(lm, asked, shots, chat):
    expected = asked(shots, *(["--apply_chat_template"] if chat else []))
    found = {
        (e.task, e.row): (e.prompt, e.answer)
        for e in examples(requests(lm, NAMES, "train", Asking(shots, chat)), shots)
    }
    assert set(found) <= set(expected)
    assert all(expected[key] == value for key, value in found.items())
    left_out = [key for key in expected if key not in found]
    assert bool(left_out) == bool(shots), "a row that is its own example"
    for key in left_out:
        assert expected[key][0].count(expected[key][1]) >= 1


def test_tokens_are_those_that_the_model_will_read_and_write(lm):
    left_out = Counter()
    found = examples(requests(lm, NAMES[:1], "train", Asking()), 0)
    for example, tokens in zip(found, encode(lm, found, chat=False, max_length=10_000, left_out=left_out), strict=True):
        assert tokens.prompt.tolist() == lm.tok_encode(example.prompt)
        assert tokens.answer[-1] == tiny.END
        assert lm.tokenizer.decode(tokens.answer[:-1]) == example.answer
        assert json.loads(example.answer)
    assert not left_out
    longest = max(map(len, encode(lm, found, chat=False, max_length=10_000, left_out=left_out)))
    assert len(list(encode(lm, found, chat=False, max_length=longest - 1, left_out=left_out))) < len(found)
    assert left_out[NAMES[0]] >= 1


def test_a_chat_answer_ends_as_the_template_ends_a_turn(lm, monkeypatch):
    """The template's own end may be another token than the tokenizer's, as in Gemma's and Llama's."""
    assert end_of_answer(lm, chat=False) == tiny.END
    other = tiny.encode("febbre")[0]
    monkeypatch.setattr(lm.model.generation_config, "eos_token_id", [tiny.END, other])
    template = (
        "{% for message in messages %}[{{ message.role }}]{{ message.content }}{% if message.role == 'assistant' %}"
    )
    template += lm.tokenizer.decode([other]) + "{% endif %}{% endfor %}"
    monkeypatch.setattr(lm.tokenizer, "chat_template", template)
    assert end_of_answer(lm, chat=True) == other


def test_answers_that_a_tokenizer_cannot_write_are_refused(lm, monkeypatch):
    monkeypatch.setattr(lm.tokenizer, "decode", lambda *_, **__: "x")
    with pytest.raises(ItamedError, match=r"does not give .* back"):
        list(encode(lm, [Example("t", "r", "?", "{}")], chat=False, max_length=10, left_out=Counter()))
