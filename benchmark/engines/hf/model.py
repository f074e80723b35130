"""What the decode loop needs of a transformers model and its tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import torch
from llguidance import LLTokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ...errors import ItamedError
from .attention import NAME, Packed, Piece
from .matcher import guidance_tokenizer
from .slots import Slots


@dataclass
class Model:
    """What the loop needs of a model.

    `backbone` maps (1, tokens) ids and a layout to hidden states (1, tokens, width); `head` is the
    output layer; `piece` gives the bytes that a token writes; `ends` are the tokens that end an
    answer; `vocabulary` makes what grammars need, when it is first asked for.
    """

    backbone: Callable[[torch.Tensor, Packed], torch.Tensor]
    head: torch.nn.Linear
    piece: Callable[[int], bytes]
    ends: frozenset[int]
    vocabulary: Callable[[], LLTokenizer]


def loop_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Model:
    """Return a causal language model as the loop takes it.

    Raises:
        ItamedError: the model is no decoder with an output layer on top, or some of its layers do
            not attend through transformers' interface.
    """
    decoder, head = model.get_decoder(), model.get_output_embeddings()
    if not isinstance(head, torch.nn.Linear) or decoder is None:
        raise ItamedError(f"{type(model).__name__} is no decoder with an output layer: use --model hf for it.")

    def backbone(ids: torch.Tensor, packed: Packed) -> torch.Tensor:
        found = decoder(input_ids=ids, position_ids=packed.positions[None], use_cache=False, packed=packed)
        hidden: torch.Tensor = found.last_hidden_state
        return hidden

    @cache
    def piece(token: int) -> bytes:
        if token >= len(tokenizer):
            return b""
        return vocabulary().decode_bytes([token]) if tokenizer.is_fast else str(tokenizer.decode([token])).encode()

    @cache
    def vocabulary() -> LLTokenizer:
        return guidance_tokenizer(tokenizer, head.weight.shape[0], sorted(ends))

    ends = end_tokens(model, tokenizer)
    _check(model, decoder, backbone)
    return Model(backbone, head, piece, ends, vocabulary)


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Return the ids that end an answer, as `generate()` knows them, and the tokenizer's own."""
    config = model.generation_config
    named = config.eos_token_id if config else None
    ids = named if isinstance(named, list) else [named]
    return frozenset(int(id_) for id_ in [*ids, tokenizer.eos_token_id] if id_ is not None)


@contextmanager
def packed_attention(model: PreTrainedModel) -> Iterator[None]:
    """Let a model attend to packed sequences; other requests of the harness need its own attention."""
    before = model.config._attn_implementation
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)


@torch.inference_mode()
def _check(model: PreTrainedModel, decoder: torch.nn.Module, backbone: Callable[..., torch.Tensor]) -> None:
    """Refuse models that would answer wrongly: a sequence fed in two parts beside another must come out as usual.

    Layers that keep a state, share keys or bring an attention of their own are many; this finds all.
    """
    ids = torch.arange(8, 24, device=model.device) % model.config.get_text_config().vocab_size
    slots = Slots(2, len(ids))
    try:
        usual = decoder(input_ids=ids[None], use_cache=False).last_hidden_state[0]
        with packed_attention(model):
            backbone(ids[None, :9], Packed([Piece(1, 0, 9, 0)], slots, usual))
            pieces = [Piece(0, 0, 5, 0), Piece(1, 9, len(ids) - 9, 5)]
            found = backbone(torch.cat([ids[:5], ids[9:]])[None], Packed(pieces, slots, usual))[0]
        likeness = torch.cosine_similarity(found[5:].float(), usual[9:].float(), dim=-1).min().item()
    except (ItamedError, AttributeError, TypeError, ValueError, RuntimeError, KeyError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise _refusal(model, str(error)) from error
    layers = model.config.get_text_config().num_hidden_layers
    if slots.layers != layers:
        raise _refusal(model, f"{slots.layers} of its {layers} layers attend")
    if not likeness > (_ALIKE if usual.dtype == torch.float32 else _ROUNDED):
        raise _refusal(model, f"its hidden states differ, cosine {likeness:.3f}")


_ALIKE, _ROUNDED = 0.9999, 0.98
"""Smallest cosine of hidden states that are the same but for rounding, in fp32 and in less."""


def _refusal(model: PreTrainedModel, reason: str) -> ItamedError:
    return ItamedError(
        f"{type(model).__name__} cannot attend to packed sequences: use --model hf or itamed-vllm for it. "
        f"({' '.join(reason.split())[:200]})"
    )
