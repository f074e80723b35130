"""Which models the loop takes: those of which every layer attends through it, and no others."""

import pytest
import torch
import transformers
from itamed.benchmark.engines.hf.attention import NAME
from itamed.benchmark.engines.hf.loop import Request
from itamed.benchmark.engines.hf.model import end_tokens, loop_model, packed_attention
from itamed.benchmark.errors import ItamedError
from transformers import ByT5Tokenizer

from . import runs, tiny


def without(*names, shape=tiny.SHAPE):
    return {key: value for key, value in shape.items() if key not in names}


LARGE = without("intermediate_size", "max_position_embeddings")
SMALL = without("num_attention_heads", "initializer_range", shape=LARGE)
GROUPED = {**tiny.SHAPE, "num_key_value_heads": 2}
LIKE_LLAMA = {
    "Mistral": {**GROUPED, "sliding_window": tiny.WINDOW},
    "Qwen2": GROUPED,
    "Phi3": GROUPED,
    "GPTNeoX": tiny.SHAPE,
}
SHORT = 100
"""Tokens up to which the following rotate every sequence in the same way."""
HALF = tiny.SHAPE["hidden_size"] // tiny.SHAPE["num_attention_heads"] // 2
LENGTH_DEPENDENT = {
    "Phi3": {
        **GROUPED,
        "original_max_position_embeddings": SHORT,
        "rope_parameters": {"rope_type": "longrope", "short_factor": [1.0] * HALF, "long_factor": [9.0] * HALF},
    },
    "Llama": {
        **GROUPED,
        "max_position_embeddings": SHORT,
        "rope_parameters": {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 10_000.0},
    },
}
REFUSED = {
    # No layer attends through transformers' interface, but one of its own.
    "Falcon": LARGE,
    # It keeps a state instead of keys and values: in all layers, or in some.
    "Mamba": {**SMALL, "state_size": 8},
    "Lfm2": {**GROUPED, "layer_types": ["conv", "full_attention"] * 2},
    "RecurrentGemma": {
        **without("initializer_range", shape=LARGE),
        "intermediate_size": 48,
        "attention_window_size": tiny.WINDOW,
        "lru_width": 32,
    },
    # Its attention caps the scores.
    "Gemma2": {**GROUPED, "head_dim": 16},
    # It does not hand on what its attention needs to know.
    "StableLm": GROUPED,
    # They have a window, of which they tell their masks alone.
    "Qwen2Moe": {
        **GROUPED,
        "use_sliding_window": True,
        "sliding_window": tiny.WINDOW,
        "max_window_layers": 4,
        "num_experts": 2,
        "num_experts_per_tok": 1,
    },
    "Phimoe": {**GROUPED, "sliding_window": tiny.WINDOW, "num_local_experts": 2},
    "Doge": {**GROUPED, "sliding_window": tiny.WINDOW},
    # It is its own decoder.
    "Llama4": {**GROUPED, "head_dim": 16, "num_local_experts": 2, "intermediate_size_mlp": 48},
}


def made(name, shape):
    torch.manual_seed(1)
    config = getattr(transformers, "Llama4TextConfig" if name == "Llama4" else f"{name}Config")(**shape)
    return getattr(transformers, f"{name}ForCausalLM")(config).eval()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", sorted(tiny.ARCHITECTURES))
def test_rounding_is_no_reason_to_refuse(name, dtype):
    assert loop_model(tiny.fresh(name, dtype=dtype), tiny.tokenizer()).ends == {tiny.END}


@pytest.mark.parametrize("name", sorted(LIKE_LLAMA))
def test_other_architectures_that_attend_through_the_interface(name):
    model = made(name, LIKE_LLAMA[name])
    prompts, texts = tiny.prompts(1, 3)
    grammars = [None, *map(tiny.copying, texts[:2])]
    expected = runs.reference(model, prompts, grammars, 15)
    assert runs.answers(model, runs.asked(prompts, grammars, 15))[0] == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_architectures_that_would_answer_wrongly_are_refused(name, dtype):
    model = made(name, REFUSED[name]).to(dtype)
    prompts, _ = tiny.prompts(1, 3)
    with pytest.raises(ItamedError, match="--model hf"):
        runs.answers(model, runs.asked(prompts, [None] * 3, 5))


def test_a_window_that_no_layer_has_is_no_reason_to_refuse():
    model = made("Qwen2", {**GROUPED, "use_sliding_window": True, "sliding_window": 4, "max_window_layers": 4})
    assert model.config.sliding_window == 4
    assert loop_model(model, tiny.tokenizer()).ends == {tiny.END}


@pytest.mark.parametrize("name", sorted(LENGTH_DEPENDENT))
def test_what_rotates_long_sequences_in_another_way_answers_short_ones_alone(name):
    model = made(name, LENGTH_DEPENDENT[name])
    whole = tiny.prompts(1, 1)[0][0]
    prompts = [whole[: SHORT - 5], whole[:40]]
    expected = runs.reference(model, prompts, [None] * 2, 5)
    assert runs.answers(model, runs.asked(prompts, [None] * 2, 5))[0] == expected
    with pytest.raises(ItamedError, match=rf"beyond {SHORT} tokens.*take {SHORT + 1}: fewer examples") as raised:
        runs.answers(model, runs.asked(prompts, [None] * 2, 6))
    assert "--model hf" in str(raised.value)


def test_a_model_without_an_output_layer_is_refused():
    with pytest.raises(ItamedError, match=r"LlamaModel is no decoder.*--model hf"):
        loop_model(tiny.model("llama").model, tiny.tokenizer())


@pytest.mark.parametrize("given, expected", [(None, {1}), (1, {1}), (5, {1, 5}), ([7, 5], {1, 5, 7}), ([1], {1})])
def test_end_tokens_are_those_of_generate_and_the_tokenizer(given, expected):
    model = tiny.fresh("llama")
    model.generation_config.eos_token_id = given
    assert end_tokens(model, tiny.tokenizer()) == expected


def test_end_tokens_without_a_generation_config():
    model = tiny.fresh("llama")
    model.generation_config = None
    assert end_tokens(model, tiny.tokenizer()) == {1}


def test_a_piece_is_what_a_token_writes():
    lm = loop_model(tiny.model("llama"), tiny.tokenizer())
    text = "è febbre alta"
    assert b"".join(map(lm.piece, tiny.encode(text))).decode() == text


def test_a_row_without_a_token_writes_nothing():
    assert loop_model(tiny.model("llama"), tiny.tokenizer()).piece(tiny.ROWS - 1) == b""


def test_the_attention_of_a_model_is_its_own_again():
    model = tiny.fresh("llama")
    before, ids = model.config._attn_implementation, torch.tensor([tiny.encode(tiny.WORDS)])
    expected = model(ids).logits
    with pytest.raises(ZeroDivisionError), packed_attention(model):
        assert model.config._attn_implementation == NAME
        raise ZeroDivisionError
    assert model.config._attn_implementation == before
    assert torch.equal(model(ids).logits, expected)


def test_free_answers_need_no_fast_tokenizer():
    model, tokenizer = tiny.model("llama"), ByT5Tokenizer()
    prompt, *_ = tiny.prompts(1, 1)[0]
    (expected,) = runs.reference(model, [prompt], [None], 9, tuple(sorted(end_tokens(model, tokenizer))))
    lm = loop_model(model, tokenizer)
    assert runs.answers(model, [Request(prompt, 9)], lm=lm)[0] == [expected]


def test_a_slow_tokenizer_with_a_grammar_is_a_clear_error():
    model, lm = tiny.model("llama"), loop_model(tiny.model("llama"), ByT5Tokenizer())
    with pytest.raises(ItamedError, match="fast tokenizer"):
        runs.answers(model, [Request(tiny.prompts(1, 1)[0][0], 9, 'start: "a"')], lm=lm)
