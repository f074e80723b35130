"""Packed examples: their loss and gradients are those of the examples one by one, for every architecture."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from itamed.benchmark.engines.hf import precision
from itamed.benchmark.errors import ItamedError
from itamed.training.attention import Layout
from itamed.training.encode import Encoded
from itamed.training.model import check, load_base, pack_loss, trainable, training_dtype, with_adapters
from itamed.training.packing import packs
from itamed.training.recipe import Lora
from itamed.training.stage import engine

from ..benchmark.engines.hf import tiny

NAMES = [*tiny.ARCHITECTURES, "gemma3-wide"]


def examples():
    """Return examples of which some begin alike, longer than the sliding window of Gemma's layers."""
    prompts, _ = tiny.prompts(3, 5)
    rng = np.random.default_rng(0)
    assert max(map(len, prompts)) > 3 * tiny.WINDOW
    return [Encoded("t", prompt, rng.integers(2, 400, 3 + n)) for n, prompt in enumerate(prompts)]


def own_loss(model, example):
    """Return the summed loss as transformers computes it, without packing."""
    ids = torch.from_numpy(np.concatenate([example.prompt, example.answer]))[None]
    logits = model(input_ids=ids).logits[0, len(example.prompt) - 1 : -1]
    return torch.nn.functional.cross_entropy(logits, torch.from_numpy(example.answer), reduction="sum")


def gradients(model):
    return {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}


@pytest.mark.parametrize("room", [60, 10_000])
@pytest.mark.parametrize("name", NAMES)
def test_packed_loss_and_gradients_are_those_of_the_examples_alone(name, room):
    model = tiny.fresh(name)
    alone = sum(own_loss(model, example) for example in examples())
    alone.backward()
    wanted = gradients(model)
    model.zero_grad()
    found = list(packs(examples(), room))
    assert (len(found) > 1) == (room == 60)
    assert sum(len(pack.ids) for pack in found) < sum(map(len, examples())) or room == 60
    with trainable(model):
        total = sum(pack_loss(model, model.get_output_embeddings(), Layout(pack, model.device)) for pack in found)
    total.backward()
    torch.testing.assert_close(total, alone)
    got = gradients(model)
    assert got.keys() == wanted.keys()
    for key, value in wanted.items():
        torch.testing.assert_close(got[key], value, rtol=1e-3, atol=1e-5 * value.abs().max().item(), msg=key)


def test_a_pack_weighs_its_examples():
    model = tiny.fresh("llama")
    weighed = [replace(example, weight=1 / len(example.answer)) for example in examples()]
    alone = sum(own_loss(model, example) / len(example.answer) for example in weighed)
    (pack,) = packs(weighed, 10_000)
    with trainable(model):
        found = pack_loss(model, model.get_output_embeddings(), Layout(pack, model.device))
    torch.testing.assert_close(found, alone)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_left_as_it_was(name):
    model = tiny.fresh(name)
    before = own_loss(model, examples()[0]).item()
    with trainable(model):
        pass
    check(model)
    assert own_loss(model, examples()[0]).item() == before


@pytest.mark.parametrize("name", NAMES)
def test_adapters_alone_are_trained(name):
    model = tiny.fresh(name)
    adapted = with_adapters(model, Lora(rank=4), 0)
    (pack,) = packs(examples(), 10_000)
    with trainable(model):
        pack_loss(adapted, model.get_output_embeddings(), Layout(pack, model.device)).backward()
    assert set(gradients(adapted)) == {
        name for name, each in adapted.named_parameters() if "lora_" in name and each.requires_grad
    }


def test_adapters_that_fit_no_layer_are_refused():
    with pytest.raises(ItamedError, match=r"lora\.targets fits no layer"):
        with_adapters(tiny.fresh("llama"), Lora(targets=["nothing"]), 0)


@pytest.mark.parametrize("target", ["embed_tokens", "lm_head"])
def test_adapters_of_the_vocabulary_are_refused(target):
    """Embeddings and output layer may be one matrix: merging would change what was not adapted."""
    with pytest.raises(ItamedError, match=r"lora\.targets names a layer of the vocabulary"):
        with_adapters(tiny.fresh("llama"), Lora(targets=[target, "q_proj"]), 0)


@pytest.mark.parametrize(("sharded", "place"), [("false", "cuda:1"), ("true", "cpu")])
def test_with_fsdp_no_gpu_holds_a_whole_model(base, monkeypatch, sharded, place):
    """It would else need room for all weights once, before they are shared out."""
    monkeypatch.setenv("ACCELERATE_USE_FSDP", sharded)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    places = []
    monkeypatch.setattr(torch.nn.Module, "to", lambda model, where: places.append(where) or model)
    load_base(str(base), "", "float32")
    assert places == [place]


@pytest.mark.parametrize(
    ("asked", "fast", "expected"),
    [
        ("auto", True, "bfloat16"),
        ("auto", False, "float32"),
        ("float32", True, "float32"),
        ("bfloat16", False, "bfloat16"),
    ],
)
def test_auto_is_what_the_machine_is_fast_in_whatever_is_loaded(monkeypatch, asked, fast, expected):
    monkeypatch.setattr(precision, "slow_in_bfloat16", lambda _: not fast)
    assert training_dtype(asked) == expected


def test_models_that_do_more_with_their_logits_are_refused():
    model = tiny.fresh("gemma3")
    model.config.final_logit_softcapping = 30.0
    with pytest.raises(ItamedError, match="does more with its logits"), trainable(model):
        pass


def test_models_whose_packed_loss_differs_are_refused():
    model = tiny.fresh("llama")
    forward = model.model.layers[0].forward
    # A layer that looks at its neighbours by itself, past any attention.
    model.model.layers[0].forward = lambda hidden, *args, **kwargs: forward(hidden, *args, **kwargs) + hidden.roll(1, 1)
    with pytest.raises(ItamedError, match="cannot be trained on packed examples"):
        check(model)


def test_a_model_in_memory_gives_no_warnings_that_nobody_can_heed(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        adapted = with_adapters(tiny.fresh("qwen3"), Lora(rank=2), 0)
        assert with_adapters(engine(tiny.fresh("llama"), tiny.tokenizer()).model, None, 0)
    assert adapted.peft_config and not caplog.records
