"""Attention over packed examples, with gradients: each token sees its own example alone.

Registered as an attention implementation of transformers, so that every architecture that takes one
runs with its own, unchanged code.
"""

from __future__ import annotations

from typing import Any

import torch
from itamed.benchmark.errors import ItamedError
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from .packing import Pack

NAME = "itamed_examples"


class Layout:
    """A pack on the device of a model, with what its tokens may see."""

    def __init__(self, pack: Pack, device: torch.device) -> None:
        self.ids = torch.from_numpy(pack.ids)[None].to(device)
        self.positions = torch.from_numpy(pack.positions)[None].to(device)
        self.predict = torch.from_numpy(pack.predict).to(device)
        self.targets = torch.from_numpy(pack.targets).to(device)
        self.weights = torch.from_numpy(pack.weights).to(device)
        self._segments = [(each.offset, each.count, torch.from_numpy(each.path).to(device)) for each in pack.segments]
        self._masks: dict[int | None, list[torch.Tensor | None]] = {}

    def parts(
        self, window: int | None, dtype: torch.dtype
    ) -> list[tuple[slice, torch.Tensor | None, torch.Tensor | None]]:
        """Return for each segment its place in the pack, the places it may see (None: its own), and a mask.

        The mask (count, seen) is added to scores; None lets each token see all before it and itself.
        """
        if window not in self._masks:
            self._masks[window] = [
                _mask(len(path), count, window, path.device, dtype) for _, count, path in self._segments
            ]
        masks = self._masks[window]
        return [
            (slice(offset, offset + count), None if len(path) == count else path, mask)
            for (offset, count, path), mask in zip(self._segments, masks, strict=True)
        ]


def _mask(seen: int, count: int, window: int | None, device: torch.device, dtype: torch.dtype) -> torch.Tensor | None:
    """Return what is added to the scores of the last `count` of `seen` tokens."""
    if seen == count and (window is None or seen <= window):
        return None
    keys = torch.arange(seen, device=device)
    queries = keys[seen - count :, None]
    mask = keys <= queries
    if window is not None:
        mask &= keys > queries - window
    return torch.zeros(mask.shape, dtype=dtype, device=device).masked_fill_(~mask, -torch.inf)


def spread(shared: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
    """Return keys or values, or a copy of them that has as many heads as `query`; all are (1, heads, tokens, width)."""
    share = query.shape[1] // shared.shape[1]
    # Fused kernels of GPUs take a mask or shared heads, not both.
    return shared.repeat_interleave(share, 1) if share > 1 else shared


def attend(  # noqa: PLR0913 (the interface is transformers')
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    layout: Layout,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attend to each example's own tokens.

    Args:
        module: the model's attention layer.
        query: (1, heads, tokens, width), after rotary embedding.
        key: (1, key heads, tokens, width).
        value: (1, key heads, tokens, width).
        attention_mask: none: `layout` says what a token sees.
        layout: of this forward.
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
        raise ItamedError("This model caps its attention scores or has sinks: it cannot be trained on packed examples.")
    key, value = spread(key, query), spread(value, query)
    out = []
    for own, seen, mask in layout.parts(sliding_window, query.dtype):
        # Most segments see themselves alone: a slice, which copies nothing.
        keys, values = (key[:, :, own], value[:, :, own]) if seen is None else (key[:, :, seen], value[:, :, seen])
        out.append(
            scaled_dot_product_attention(
                query[:, :, own], keys, values, attn_mask=mask, is_causal=mask is None, scale=scaling
            )
        )
    return torch.cat(out, 2).transpose(1, 2), None


AttentionInterface.register(NAME, attend)
