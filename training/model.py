"""The model in training: base weights, adapters, packed attention, and a loss that needs no logits."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from itamed.benchmark.engines.hf.memory import is_out_of_memory
from itamed.benchmark.engines.hf.precision import fast_dtype
from itamed.benchmark.errors import ItamedError, reason_of
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from .attention import NAME, Layout
from .encode import Encoded
from .loss import cross_entropy
from .packing import packs
from .recipe import Lora

_ALIKE, _ROUNDED = 1e-3, 5e-2
"""Largest relative difference between a packed loss and the model's own, in fp32 and in less."""


def load_base(
    name: str, revision: str, dtype: str, device: str = ""
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a base model and its tokenizer.

    Args:
        name: Hub name or folder.
        revision: empty for the newest.
        dtype: see `training_dtype`.
        device: empty for the GPU of this process if it has one, unless FSDP shares the model out among several.

    Raises:
        ItamedError: it cannot be loaded, or has no tokenizer.
    """
    sharded = os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"
    # No GPU need have room for the whole model: layer by layer it is shared out from here.
    device = device or ("cpu" if sharded else training_device())
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision or "main")
        # That setting of FSDP would give weights to the first process alone, and all look at them first.
        with patch.dict(os.environ, {"FSDP_CPU_RAM_EFFICIENT_LOADING": "false"}):
            model: Any = AutoModelForCausalLM.from_pretrained(name, revision=revision or "main", dtype=dtype)
    except (OSError, ValueError) as error:
        raise ItamedError(f"The base model {name} cannot be loaded: {reason_of(error)}.") from error
    return model.to(device), tokenizer


def training_device() -> str:
    """Return what this process trains on: each of a launcher has a GPU of its own."""
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else "cpu"


def launched() -> int:
    """Return how many processes train together, as a launcher says; 1 without one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def training_dtype(dtype: str) -> str:
    """Return what a recipe's `dtype` means here: "bfloat16" or "float32", for all stages and whatever they load."""
    found = fast_dtype(dtype, training_device())
    return "bfloat16" if found == "auto" else str(found)


def loaded_dtype(dtype: str, lora: Lora | None) -> str:
    """Return what to load a model in for a stage: weights that are all trained are kept in float32.

    Steps are smaller than what less precise numbers can hold; such weights are cast as they are used.
    """
    return training_dtype(dtype) if lora else "float32"


def with_adapters(model: PreTrainedModel, lora: Lora | None, seed: int) -> PreTrainedModel | PeftModel:
    """Put adapters on a model, whose own weights are frozen; without `lora` the model is returned as it is.

    Raises:
        ItamedError: the model has no layers of the given names, or they are those of its vocabulary.
    """
    if lora is None:
        return model
    torch.manual_seed(seed)
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets or "all-linear",
        task_type="CAUSAL_LM",
    )
    ends = model.get_input_embeddings(), model.get_output_embeddings()
    try:
        with warnings.catch_warnings():
            # peft asks by a name that transformers is about to drop: nothing that a user could mend.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
            adapted = get_peft_model(model, config)
    except ValueError as error:
        raise ItamedError(f"lora.targets fits no layer of the model: {error}") from error
    if (model.get_input_embeddings(), model.get_output_embeddings()) != ends:
        raise ItamedError(
            "lora.targets names a layer of the vocabulary, which others may share: name layers between them, or train "
            "all weights (lora: null)."
        )
    return adapted


@contextmanager
def trainable(model: PreTrainedModel) -> Iterator[None]:
    """Let a model attend to packed examples, and give their loss in the place of logits; see `pack_loss`.

    The loss is computed where the output layer stands, so that wrappers which bring its weights there
    alone, and count gradients by what a forward uses, find all as they expect.

    Raises:
        ItamedError: it has no plain output layer, or does more with its logits.
    """
    head = model.get_output_embeddings()
    config = model.config.get_text_config()
    if (
        not isinstance(head, torch.nn.Linear)
        or head.bias is not None
        or getattr(config, "final_logit_softcapping", None)
    ):
        raise ItamedError(
            f"{type(model).__name__} does more with its logits than a plain output layer: no recipe fits it."
        )
    before, forward = model.config._attn_implementation, head.forward
    model.set_attn_implementation(NAME)
    head.forward = lambda hidden: cross_entropy(hidden[0], head.weight, *head.wanted)[None, None, None]
    try:
        yield
    finally:
        head.forward = forward
        model.set_attn_implementation(before)


def pack_loss(model: torch.nn.Module, head: torch.nn.Module, layout: Layout) -> torch.Tensor:
    """Return the summed cross-entropy of the answers of a pack, each token by its weight.

    Args:
        model: a causal language model (or a wrapper of one) inside of `trainable`.
        head: its output layer.
        layout: the pack.
    """
    head.wanted = layout.targets, layout.weights  # type: ignore[assignment]
    found: Any = model(
        input_ids=layout.ids,
        position_ids=layout.positions,
        logits_to_keep=layout.predict,
        use_cache=False,
        layout=layout,
    )
    loss: torch.Tensor = found.logits.sum()
    return loss


@torch.no_grad()
def check(model: PreTrainedModel) -> None:
    """Refuse models whose packed loss is not their own: two examples that begin alike, against one by one.

    Raises:
        ItamedError: the losses differ.
    """
    training = model.training
    model.eval()
    ids = np.arange(8, 40) % model.config.get_text_config().vocab_size
    probes = [Encoded("", tokens[:6], tokens[6:]) for tokens in (ids, np.append(ids[:4], ids[::-1]))]
    own = sum(_own_loss(model, probe) for probe in probes)
    try:
        with trainable(model):
            head = model.get_output_embeddings()
            layouts = [Layout(pack, model.device) for pack in packs(probes, 1000, least=1)]
            found = sum(pack_loss(model, head, layout).item() for layout in layouts)
    except (AttributeError, TypeError, RuntimeError, KeyError) as error:
        if is_out_of_memory(error):
            raise
        raise ItamedError(f"{type(model).__name__} cannot be trained on packed examples ({error}).") from error
    finally:
        model.train(training)
    limit = _ALIKE if model.dtype == torch.float32 else _ROUNDED
    if abs(found - own) > limit * own:
        raise ItamedError(
            f"{type(model).__name__} cannot be trained on packed examples: their loss is {found:.3f}, not {own:.3f}."
        )


def _own_loss(model: PreTrainedModel, example: Encoded) -> float:
    ids = torch.from_numpy(np.concatenate([example.prompt, example.answer]))[None].to(model.device)
    logits = model(input_ids=ids, use_cache=False).logits[0, len(example.prompt) - 1 : -1].float()
    return torch.nn.functional.cross_entropy(logits, ids[0, len(example.prompt) :], reduction="sum").item()
