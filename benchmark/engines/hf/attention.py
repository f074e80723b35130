"""Attention of one forward over sequences at different places, packed one after another.

The model sees a single row of tokens without padding; each token attends to its own slot. It is
registered as an attention implementation of transformers, so that every architecture that takes
one (Gemma-3, Llama, Qwen3, ...) runs with its own, unchanged code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from ...errors import ItamedError
from .slots import Slots

NAME = "itamed_packed"
_FEW = {"cpu": 0}
"""Up to how many new tokens a sequence is attended to in one padded call with others, by device; a
processor gains nothing from large calls, and padding costs it."""
_BLOCK = {"cpu": 64}
"""How many new tokens of a longer sequence a call takes: it sees no more keys than they need."""
_FEW_ELSEWHERE, _BLOCK_ELSEWHERE = 32, 512


@dataclass(frozen=True)
class Prefix:
    """What several sequences begin with: the first `length` tokens in `slot`, and in the slots of all others."""

    slot: int
    length: int


@dataclass(frozen=True)
class Piece:
    """New tokens of one sequence: `count` of them from position `start` on, at `offset` in the packed row.

    `prefix`, if any, ends before them.
    """

    slot: int
    start: int
    count: int
    offset: int
    prefix: Prefix | None = None

    @property
    def end(self) -> int:
        """Return the sequence's length after these tokens."""
        return self.start + self.count

    def blocks(self, size: int) -> list[Piece]:
        """Return the piece cut into parts of at most `size` tokens."""
        cuts = range(0, self.count, size)
        return [
            replace(self, start=self.start + i, count=min(size, self.count - i), offset=self.offset + i) for i in cuts
        ]


@dataclass(frozen=True)
class _Group:
    """Pieces that attend in one call: slots `first` to `last`, keys `low` to `high`.

    `queries` (slots, tokens) are places in the packed row, padded with the first; `bias` (slots, 1,
    shared heads * tokens, keys) is added to the scores: 0 where a query sees a key, minus infinity elsewhere;
    `taken` picks the real ones of slots * tokens, in the order of `places`.
    """

    first: int
    last: int
    low: int
    high: int
    queries: torch.Tensor
    bias: torch.Tensor
    taken: torch.Tensor
    places: torch.Tensor


class Packed:
    """One forward's layout: which token belongs where, and what it may see.

    Args:
        pieces: the new tokens of each sequence, in packed order, one piece a slot.
        slots: where keys and values are kept.
        like: a parameter of the model, for its device and precision.
    """

    def __init__(self, pieces: Sequence[Piece], slots: Slots, like: torch.Tensor) -> None:
        self.slots, self._device, self._dtype = slots, like.device, like.dtype
        self._pieces = sorted(pieces, key=lambda piece: piece.slot)
        spans = [torch.arange(piece.start, piece.end) for piece in pieces]
        self.positions = torch.cat(spans).to(self._device)
        """(tokens,) position of each token in its sequence."""
        rows = [piece.slot * slots.length + span for piece, span in zip(pieces, spans, strict=True)]
        self.rows = torch.cat(rows).to(self._device)
        """(tokens,) where each token's keys and values go in a layer of (slots * length)."""
        self._groups: dict[tuple[int | None, int], list[_Group]] = {}
        self.shared = self._shared(pieces)
        """By prefix, the places of the tokens that attend to it together, in layers without a window."""

    @property
    def windows(self) -> set[int | None]:
        """Return the sliding windows of the layers that have attended, with None for those without."""
        return {window for window, _ in self._groups}

    def groups(self, window: int | None, share: int) -> list[_Group]:
        """Return the calls that attend for all pieces.

        Args:
            window: the sliding window of a layer.
            share: query heads that share a key head of it.
        """
        if (window, share) not in self._groups:
            limit = _FEW.get(self._device.type, _FEW_ELSEWHERE)
            size = _BLOCK.get(self._device.type, _BLOCK_ELSEWHERE)
            few: dict[Prefix | None, list[Piece]] = defaultdict(list)
            for piece in self._pieces:
                if piece.count <= limit:
                    few[piece.prefix].append(piece)
            many = [[block] for piece in self._pieces if piece.count > limit for block in piece.blocks(size)]
            self._groups[window, share] = [self._group(pieces, window, share) for pieces in [*few.values(), *many]]
        return self._groups[window, share]

    def _shared(self, pieces: Sequence[Piece]) -> dict[Prefix, torch.Tensor]:
        places: dict[Prefix, list[torch.Tensor]] = defaultdict(list)
        for piece in pieces:
            if piece.prefix:
                places[piece.prefix].append(torch.arange(piece.offset, piece.offset + piece.count))
        return {prefix: torch.cat(found).to(self._device) for prefix, found in places.items()}

    def _group(self, pieces: list[Piece], window: int | None, share: int) -> _Group:
        first, last = pieces[0].slot, pieces[-1].slot + 1
        width = max(piece.count for piece in pieces)
        reach = self.slots.length if window is None else window
        low = max(0, min(piece.start for piece in pieces) - reach + 1)
        if window is None and pieces[0].prefix:
            low = pieces[0].prefix.length
        high = max(piece.end for piece in pieces)
        positions = torch.full((last - first, width), low)
        queries = torch.zeros((last - first, width), dtype=torch.long)
        taken, places = [], []
        for piece in pieces:
            row, span = piece.slot - first, torch.arange(piece.count)
            positions[row, : piece.count] = piece.start + span
            queries[row, : piece.count] = piece.offset + span
            taken.append(row * width + span)
            places.append(piece.offset + span)
        keys = torch.arange(low, high)
        seen = (keys <= positions[..., None]) & (keys > positions[..., None] - reach)
        bias = torch.zeros(seen.shape, dtype=self._dtype).masked_fill_(~seen, -torch.inf)
        tensors = (queries, bias[:, None].repeat(1, 1, share, 1), torch.cat(taken), torch.cat(places))
        return _Group(first, last, low, high, *(tensor.to(self._device) for tensor in tensors))


def attend(  # noqa: PLR0913 (the interface is transformers')
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    packed: Packed,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Store the new keys and values and attend to each sequence's own.

    Args:
        module: the model's attention layer.
        query: (1, heads, tokens, width), after rotary embedding.
        key: (1, key heads, tokens, width).
        value: (1, key heads, tokens, width).
        attention_mask: none: `packed` says what a token sees.
        packed: the layout of this forward.
        scaling: of the scores.
        sliding_window: how many last positions a token sees, itself included.
        softcap: not supported.
        s_aux: not supported (attention sinks).

    Returns:
        ((1, tokens, heads, width), None) as transformers expects.

    Raises:
        ItamedError: the model's attention does something that this one does not.
    """
    if softcap is not None or s_aux is not None:
        raise ItamedError("This model caps its attention scores or has sinks: use --model hf or itamed-vllm for it.")
    keys, values = packed.slots.layer(int(module.layer_idx), key, value)  # type: ignore[arg-type]
    keys.flatten(0, 1).index_copy_(0, packed.rows, key[0].transpose(0, 1))
    values.flatten(0, 1).index_copy_(0, packed.rows, value[0].transpose(0, 1))
    share = query.shape[1] // key.shape[1]
    scale = query.shape[3] ** -0.5 if scaling is None else scaling
    asked = query[0].transpose(0, 1)
    out = asked.new_empty(*asked.shape[:2], value.shape[3])
    # Some models say 0 for none.
    window = sliding_window or None
    shared = {} if window else packed.shared
    # Of a prefix's sequences only the rest is seen here; the sums say how much each part counts.
    sums = asked.new_zeros(asked.shape[:2], dtype=torch.float32) if shared else None
    for group in packed.groups(window, share):
        found, counts = _group_attention(group, asked, keys, values, scale, share, sums is not None)
        out.index_copy_(0, group.places, found.index_select(0, group.taken))
        if sums is not None:
            sums.index_copy_(0, group.places, counts.index_select(0, group.taken))
    for prefix, places in shared.items():
        before, counts = _prefix_attention(prefix, asked[places], keys, values, scale, share)
        part = torch.sigmoid(counts - sums[places])[..., None].to(out.dtype)  # type: ignore[index]
        out.index_copy_(0, places, torch.lerp(out[places], before, part))
    return out[None], None


def _group_attention(
    group: _Group,
    asked: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    scale: float,
    share: int,
    with_sums: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (slots * tokens, heads, width) and, if asked for, the logarithms of the sums of weights.

    Query heads that share a key head become queries of it.
    """
    slots, tokens = group.queries.shape
    kinds, width = keys.shape[2], asked.shape[2]
    query = asked[group.queries].view(slots, tokens, kinds, share, width)
    query = query.permute(0, 2, 3, 1, 4).reshape(slots, kinds, share * tokens, width)
    key, value = (kept[group.first : group.last, group.low : group.high].transpose(1, 2) for kept in (keys, values))
    found, counts = _attention(query, key, value, group.bias, scale, with_sums)
    found = found.view(slots, kinds, share, tokens, -1).permute(0, 3, 1, 2, 4)
    counts = counts.view(slots, kinds, share, tokens).permute(0, 3, 1, 2) if with_sums else counts
    return found.reshape(slots * tokens, kinds * share, -1), counts.reshape(slots * tokens, -1)


def _prefix_attention(
    prefix: Prefix, asked: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float, share: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attend with (tokens, heads, width) queries to a prefix, all of which they see; returns as above, by token."""
    tokens, heads, width = asked.shape
    query = asked.view(tokens, heads // share, share, width).permute(1, 2, 0, 3).reshape(1, heads // share, -1, width)
    key, value = (kept[prefix.slot, None, : prefix.length].transpose(1, 2) for kept in (keys, values))
    found, counts = _attention(query, key, value, None, scale, True)
    found = found.view(heads // share, share, tokens, -1).permute(2, 0, 1, 3).reshape(tokens, heads, -1)
    return found, counts.view(heads // share, share, tokens).permute(2, 0, 1).reshape(tokens, heads)


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bias: torch.Tensor | None,
    scale: float,
    with_sums: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attend; all (slots, key heads, tokens, width), `bias` with one head.

    Returns:
        what the values add up to, and (slots, key heads, tokens) logarithms of the sums of weights if
        they are asked for, else an empty tensor.
    """
    on_processor = query.device.type == "cpu"
    # PyTorch's kernel for processors is slow on wide heads: two products do the same in 0.6 of the time.
    wide = on_processor and query.shape[1] == 1 and query.shape[2] >= 64 and query.shape[3] >= 128
    if with_sums:
        if not on_processor or wide:
            return _products(query, key, value, bias, scale)
        flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        found, counts = flash(query, key, value, attn_mask=bias, scale=scale)
        return found, counts
    if wide and bias is not None:
        scores = torch.baddbmm(bias[:, 0], query[:, 0], key[:, 0].mT, alpha=scale)
        found = (scores.softmax(-1, dtype=torch.float32).to(value.dtype) @ value[:, 0])[:, None]
    else:
        found = scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=scale)
    return found, found.new_empty(0)


def _products(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    scores = (query @ key.mT).float().mul_(scale)
    if bias is not None:
        scores += bias
    # Exponents once: a logarithm of their sum and then the weights would take them twice.
    most = scores.amax(-1, keepdim=True)
    sums = scores.sub_(most).exp_().sum(-1, keepdim=True)
    found = (scores.to(value.dtype) @ value).div_(sums)
    return found, most.add_(sums.log_()).squeeze(-1)


AttentionInterface.register(NAME, attend)
