"""Chat templates in the shapes of the models that recipes are for: prompts begin once, answers end as turns do."""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass

import pytest
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from itamed.training.encode import encode, end_of_answer
from itamed.training.examples import Asking, examples, requests
from itamed.training.model import load_base
from itamed.training.stage import engine
from tokenizers import processors

from ..benchmark.engines.hf import tiny

pytestmark = pytest.mark.usefixtures("no_hub")
NAMES = ["itamed-mini-ner-drugtemist"]


@dataclass(frozen=True)
class Shape:
    """A family: its marks, the template of a turn, and what opens the model's own turn."""

    architecture: str
    marks: tuple[str, ...]
    turn: str
    opening: str
    end: str
    begins: bool
    """Whether prompts begin with a token of their own."""


SHAPES = {
    "Llama-3.2": Shape(
        "llama",
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|eot_id|>",
        True,
    ),
    "Gemma-3": Shape(
        "gemma3",
        ("<start_of_turn>", "<end_of_turn>"),
        "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content | trim }}<end_of_turn>\n",
        "<start_of_turn>model\n",
        "<end_of_turn>",
        True,
    ),
    "Qwen3": Shape(
        "qwen3",
        ("<|im_start|>", "<|im_end|>", "<think>", "</think>"),
        "<|im_start|>{{ m.role }}\n{{ '<think>\n\n</think>\n\n' if m.role == 'assistant' }}{{ m.content }}<|im_end|>\n",
        "<|im_start|>assistant\n{{ '<think>\n\n</think>\n\n' if enable_thinking is false }}",
        "<|im_end|>",
        False,
    ),
}


@pytest.fixture(params=SHAPES)
def family(request, tmp_path):
    """Return a shape, and a tiny model that has it, as trainings load it."""
    shape = SHAPES[request.param]
    tokenizer = deepcopy(tiny.tokenizer())
    tokenizer.add_special_tokens({"additional_special_tokens": list(shape.marks)})
    if not shape.begins:
        tokenizer.backend_tokenizer.post_processor = processors.ByteLevel()
    tokenizer.chat_template = (
        ("{{ bos_token }}" if shape.begins else "")
        + "{% for m in messages %}"
        + shape.turn
        + "{% endfor %}{% if add_generation_prompt %}"
        + shape.opening
        + "{% endif %}"
    )
    model = tiny.fresh(shape.architecture)
    model.generation_config.eos_token_id = [tiny.END, tokenizer.convert_tokens_to_ids(shape.end)]
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    return shape, engine(*load_base(str(tmp_path), "", "float32"))


def test_an_example_is_the_conversation_that_the_template_writes(family):
    shape, lm = family
    found = examples(requests(lm, NAMES, "train", Asking(chat=True)), 0)
    begin = lm.tokenizer.bos_token_id
    for example, tokens in zip(found, encode(lm, found, chat=True, max_length=10**6, left_out=Counter()), strict=True):
        assert tokens.prompt.tolist().count(begin) == shape.begins and (tokens.prompt[0] == begin) == shape.begins
        assert lm.tokenizer.decode(tokens.answer) == example.answer + shape.end
        text = lm.tokenizer.decode([*tokens.prompt, *tokens.answer])
        question = text.partition("### Compito")[2].partition(shape.end)[0]
        turns = [
            {"role": "user", "content": f"### Compito{question}"},
            {"role": "assistant", "content": example.answer},
        ]
        whole = lm.tokenizer.apply_chat_template(turns, tokenize=False, enable_thinking=False)
        assert text == whole.rstrip("\n")


def test_thinking_is_off(family):
    shape, lm = family
    prompt = requests(lm, NAMES, "train", Asking(chat=True))[0][1].args[0]
    assert prompt.endswith("<think>\n\n</think>\n\n") == ("<think>" in shape.marks)


def test_a_template_whose_end_stops_nothing_is_told(family):
    _, lm = family
    lm.model.generation_config.eos_token_id = tiny.END
    with pytest.raises(ItamedError, match=r"chat template ends no answer .* eos_token_id .* sft\.chat to false"):
        end_of_answer(lm, chat=True)
    assert isinstance(lm, ItamedHF) and end_of_answer(lm, chat=False) == tiny.END
