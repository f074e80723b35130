"""Cross-entropy of answers, part by part: the logits of a vocabulary never stand in memory whole."""

from __future__ import annotations

from typing import Any

import torch

_AT_ONCE = {"cpu": 32 * 2**20}
_AT_ONCE_ELSEWHERE = 128 * 2**20
"""Logits in memory at a time, by device: 128 MB in float32, 512 on a GPU, which is at its best with large products."""


class _CrossEntropy(torch.autograd.Function):
    """Weighted sum of the cross-entropies; gradients are computed with the values, while the logits are there."""

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, shares: torch.Tensor
    ) -> torch.Tensor:
        wanted = ctx.needs_input_grad
        of_hidden = torch.empty_like(hidden) if wanted[0] else None
        of_weight = torch.zeros_like(weight, dtype=torch.float32) if wanted[1] else None
        total = hidden.new_zeros((), dtype=torch.float32)
        kind = hidden.device.type
        rows = max(1, _AT_ONCE.get(kind, _AT_ONCE_ELSEWHERE) // weight.shape[0])
        ctx.dtype = weight.dtype
        if torch.is_autocast_enabled(kind):
            # Once: by itself it would cast the whole matrix anew for every part.
            hidden, weight = (each.to(torch.get_autocast_dtype(kind)) for each in (hidden, weight))
        with torch.autocast(kind, enabled=False):
            for start in range(0, len(hidden), rows):
                part, wanted_ids = hidden[start : start + rows], targets[start : start + rows, None]
                share = shares[start : start + rows, None]
                logits = (part @ weight.T).float()
                highest = logits.logsumexp(-1, keepdim=True)
                total += ((highest - logits.gather(1, wanted_ids)) * share).sum()
                if of_hidden is None and of_weight is None:
                    continue
                slope = logits.sub_(highest).exp_()
                slope.scatter_add_(1, wanted_ids, slope.new_full(wanted_ids.shape, -1.0))
                slope = slope.mul_(share).to(weight.dtype)
                if of_hidden is not None:
                    of_hidden[start : start + rows] = slope @ weight
                if of_weight is not None:
                    of_weight += slope.T @ part
        ctx.save_for_backward(of_hidden, of_weight)
        return total

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        of_hidden, of_weight = ctx.saved_tensors
        scale = outer[0]
        return (
            None if of_hidden is None else of_hidden * scale.to(of_hidden.dtype),
            None if of_weight is None else (of_weight * scale).to(ctx.dtype),
            None,
            None,
        )


def cross_entropy(
    hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, shares: torch.Tensor
) -> torch.Tensor:
    """Return the weighted sum of the cross-entropies of an output layer without bias.

    Args:
        hidden: (answers, width), what the layer takes.
        weight: (vocabulary, width).
        targets: (answers,) token ids.
        shares: (answers,) float32, how much each counts.
    """
    if not torch.is_grad_enabled():
        # The function below asks what requires gradients, not whether any are computed now.
        hidden, weight = hidden.detach(), weight.detach()
    found: torch.Tensor = _CrossEntropy.apply(hidden, weight, targets, shares)
    return found
