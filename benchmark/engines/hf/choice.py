"""Choosing the next token: the output layer is computed for the tokens that may come next, no others.

Most of a small model's arithmetic per token is its output layer (Gemma-3-270M: 168 of 268 million
multiplications); a grammar usually leaves a few hundred of 262,144 tokens. The choice is the same as
the arg max of the masked full layer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .matcher import Allowed

MANY = 8192
"""With more candidates than this the whole output layer costs less than gathering its rows."""
_PART = {"cpu": 2048}
"""Rows of the output layer in one product, by device."""
_PART_ELSEWHERE = 65_536


def choose(hidden: torch.Tensor, head: torch.nn.Linear, allowed: Sequence[Allowed]) -> list[int]:
    """Return the most likely allowed token at each place.

    Args:
        hidden: (places, width), the model's last hidden states.
        head: the output layer, (vocabulary, width).
        allowed: the candidates at each place, ascending; None for all.
    """
    chosen = [0] * len(allowed)
    wide = [i for i, ids in enumerate(allowed) if ids is None or len(ids) > MANY]
    narrow = [i for i in range(len(allowed)) if i not in set(wide)]
    if narrow:
        for place, token in zip(narrow, _among(hidden[narrow], head, [allowed[i] for i in narrow]), strict=True):
            chosen[place] = token
    if wide:
        for place, token in zip(wide, _among_all(hidden[wide], head, [allowed[i] for i in wide]), strict=True):
            chosen[place] = token
    return chosen


def _among(hidden: torch.Tensor, head: torch.nn.Linear, allowed: Sequence[Allowed]) -> list[int]:
    sets = [ids for ids in allowed if ids is not None]
    union = np.unique(np.concatenate(sets))
    outside = np.ones((len(sets), len(union)), bool)
    for row, ids in enumerate(sets):
        outside[row, np.searchsorted(union, ids)] = False
    rows = torch.from_numpy(union).to(hidden.device)
    bias = None if head.bias is None else head.bias[rows]
    logits = torch.nn.functional.linear(hidden, head.weight[rows], bias)
    best = logits.masked_fill_(torch.from_numpy(outside).to(hidden.device), -torch.inf).argmax(-1)
    return [int(union[index]) for index in best.tolist()]


def _among_all(hidden: torch.Tensor, head: torch.nn.Linear, allowed: Sequence[Allowed]) -> list[int]:
    """Choose part by part of the vocabulary: all logits of many places would take gigabytes, and leave the caches."""
    outside = _outside(allowed, head)
    size = _PART.get(hidden.device.type, _PART_ELSEWHERE)
    best = hidden.new_full((len(allowed),), -torch.inf)
    # Where no logit is a number, any allowed token will do, but none outside.
    chosen = torch.tensor([0 if ids is None else int(ids[0]) for ids in allowed], device=hidden.device)
    for start in range(0, head.weight.shape[0], size):
        part = slice(start, start + size)
        bias = None if head.bias is None else head.bias[part]
        logits = torch.nn.functional.linear(hidden, head.weight[part], bias)
        if outside is not None:
            logits.masked_fill_(outside[:, part], -torch.inf)
        top = logits.max(-1)
        better = top.values > best
        best = torch.where(better, top.values, best)
        chosen = torch.where(better, top.indices + start, chosen)
    return [int(token) for token in chosen.tolist()]


def _outside(allowed: Sequence[Allowed], head: torch.nn.Linear) -> torch.Tensor | None:
    """Return what is not allowed, (places, vocabulary); None where all is."""
    if all(ids is None for ids in allowed):
        return None
    outside = np.zeros((len(allowed), head.weight.shape[0]), bool)
    for row, ids in enumerate(allowed):
        if ids is not None:
            outside[row] = True
            outside[row, ids] = False
    return torch.from_numpy(outside).to(head.weight.device)
