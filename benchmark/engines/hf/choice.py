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
    logits = head(hidden)
    for row, ids in enumerate(allowed):
        if ids is not None:
            inside = torch.from_numpy(ids).to(hidden.device)
            kept = logits[row, inside]
            logits[row] = -torch.inf
            logits[row, inside] = kept
    return [int(token) for token in logits.argmax(-1).tolist()]
