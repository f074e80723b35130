"""What a training holds in memory at the least, beside the weights: counted on a model that has none."""

from __future__ import annotations

import copy
from typing import Any

import torch
from transformers import AttentionInterface, AutoModelForCausalLM, PretrainedConfig

from .attention import spread
from .model import with_adapters
from .recipe import Lora

_NAME = "itamed_kept"
MASTER_BYTES = 4
"""Of a number that is trained, whatever the model is computed with."""
_ADAM = 3
"""Numbers that are kept for a trained weight beside it: its gradient and two moments."""


class _Kept(torch.autograd.Function):
    """Keeps what a fused attention keeps for its gradients, and computes nothing."""

    @staticmethod
    def forward(ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        out = torch.empty_like(query)
        ctx.save_for_backward(query, key, value, out)
        return out


def _attend(_: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *__: Any, **___: Any) -> Any:
    return _Kept.apply(query, spread(key, query), spread(value, query)).transpose(1, 2), None


AttentionInterface.register(_NAME, _attend)


def state_bytes(trained: int, lora: Lora | None) -> int:
    """Return the bytes of gradients and optimizer, and of adapters themselves.

    Args:
        trained: number of the weights that are trained.
        lora: the adapters; None: all weights are trained.
    """
    return trained * (_ADAM if lora is None else _ADAM + 1) * MASTER_BYTES


def kept_bytes(config: PretrainedConfig, dtype: str, lora: Lora | None, tokens: int, *, twice: bool) -> int:
    """Return the bytes that a forward keeps for its gradients, without the output layer, whose logits are not kept.

    Backward holds some more beside them, and allocators lose some: in all half as much again, as measured.

    Args:
        config: the model's.
        dtype: that it is computed with, "float32" or "bfloat16".
        lora: the adapters; None: all weights are trained.
        tokens: of the forward.
        twice: whether activations are computed twice and only those between layers kept (gradient checkpointing).
    """
    # A model keeps the very configuration that it is made of, and writes into it.
    config = copy.deepcopy(config)
    # New adapters seed what a training draws its dropout from.
    with torch.random.fork_rng(), torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype), attn_implementation=_NAME)
        adapted = with_adapters(model, lora, 0).train()
    weights = {each.untyped_storage()._cdata for each in adapted.parameters()}
    # The tensors themselves are kept, too: their places are not given to others.
    kept: dict[int, torch.UntypedStorage] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage
        return tensor

    ids = torch.zeros((1, tokens), dtype=torch.long, device="meta")
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        model.get_decoder()(input_ids=ids, position_ids=ids, use_cache=False)
    whole = sum(storage.nbytes() for storage in kept.values())
    if not twice:
        return whole
    text = config.get_text_config()
    # One layer at a time, and what stands between all of them.
    between = text.num_hidden_layers * tokens * text.hidden_size * getattr(torch, dtype).itemsize
    return between + whole // text.num_hidden_layers
