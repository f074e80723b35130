"""What the decode loop needs of a transformers model and its tokenizer."""

from __future__ import annotations

import math
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
from .memory import is_out_of_memory
from .slots import Slots


@dataclass
class Model:
    """What the loop needs of a model.

    `backbone` maps (1, tokens) ids and a layout to hidden states (1, tokens, width); `head` is the
    output layer; `piece` gives the bytes that a token writes; `ends` are the tokens that end an
    answer; `vocabulary` makes what grammars need, when it is first asked for. `require_length`
    raises `ItamedError` for sequences of so many tokens that the loop would answer them wrongly.
    """

    backbone: Callable[[torch.Tensor, Packed], torch.Tensor]
    head: torch.nn.Linear
    piece: Callable[[int], bytes]
    ends: frozenset[int]
    vocabulary: Callable[[], LLTokenizer]
    require_length: Callable[[int], None]


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

    def require_length(length: int) -> None:
        if length > longest:
            raise _refusal(
                model,
                f"its rotary frequencies change beyond {longest} tokens, and the longest prompt and answer take "
                f"{length}: fewer examples, --num_fewshot, may make it short enough",
            )

    ends, longest = end_tokens(model, tokenizer), _longest(model)
    _check(model, decoder, backbone)
    return Model(backbone, head, piece, ends, vocabulary, require_length)


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Return the ids that end an answer, as `generate()` knows them, and the tokenizer's own."""
    config = model.generation_config
    named = config.eos_token_id if config else None
    ids = named if isinstance(named, list) else [named]
    return frozenset(int(id_) for id_ in [*ids, tokenizer.eos_token_id] if id_ is not None)


def _longest(model: PreTrainedModel) -> float:
    """Return up to how many tokens a model rotates a sequence in the same way.

    Some choose the frequencies of a forward by its highest position, whereas keys that the loop
    keeps were rotated in other forwards, beside other sequences.
    """
    config = model.config.get_text_config()
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    # Models with several kinds of layers have one such setting for each.
    each = [rope, *(part for part in rope.values() if isinstance(part, dict))]
    limits = [
        part.get("original_max_position_embeddings")
        or getattr(config, "original_max_position_embeddings", None)
        or config.max_position_embeddings
        for part in each
        if part.get("rope_type", part.get("type")) in _LENGTH_DEPENDENT
    ]
    return min(limits, default=math.inf)


_LENGTH_DEPENDENT = ("longrope", "su", "dynamic")


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
            packed = Packed([Piece(0, 0, 5, 0), Piece(1, 9, len(ids) - 9, 5)], slots, usual)
            found = backbone(torch.cat([ids[:5], ids[9:]])[None], packed)[0]
        likeness = torch.cosine_similarity(found[5:].float(), usual[9:].float(), dim=-1).min().item()
    except (ItamedError, AttributeError, TypeError, ValueError, RuntimeError, KeyError) as error:
        if is_out_of_memory(error):
            raise
        raise _refusal(model, str(error)) from error
    layers = model.config.get_text_config().num_hidden_layers
    if slots.layers != layers:
        raise _refusal(model, f"{slots.layers} of its {layers} layers attend")
    # The sequence is shorter than a window: without it its states would be the same.
    if (window := _window(model)) and window not in packed.windows:
        raise _refusal(model, f"its attention is not told of its sliding window of {window} tokens")
    if not likeness > (_ALIKE if usual.dtype == torch.float32 else _ROUNDED):
        raise _refusal(model, f"its hidden states differ, cosine {likeness:.3f}")


def _window(model: PreTrainedModel) -> int | None:
    """Return the sliding window of a model's configuration, if some layer is to have it."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None)
    active = getattr(config, "use_sliding_window", True) and (kinds is None or "sliding_attention" in kinds)
    return getattr(config, "sliding_window", None) or None if active else None


_ALIKE, _ROUNDED = 0.9999, 0.98
"""Smallest cosine of hidden states that are the same but for rounding, in fp32 and in less."""


def _refusal(model: PreTrainedModel, reason: str) -> ItamedError:
    return ItamedError(
        f"{type(model).__name__} cannot attend to packed sequences: use --model hf or itamed-vllm for it. "
        f"({' '.join(reason.split())[:200]})"
    )
