"""How fast a training goes: tokens and arithmetic a second, against what the machine can do."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from transformers import PreTrainedModel

from .packing import Pack

_SIDE, _SIDE_ELSEWHERE, _TRIES = {"cpu": 1024}, 8192, 5
"""Sides of the products, by device: a GPU is at its best with large ones."""


@dataclass
class Arithmetic:
    """Multiplications of a model, twice a token each: of its layers, of its output layer, and of their gradients."""

    layers: int
    head: int
    trained: float
    head_trained: bool

    @classmethod
    def of(cls, model: PreTrainedModel, head: torch.nn.Linear) -> Arithmetic:
        """Count a model's matrices; `trained` is the share of layer weights that get gradients."""
        ends = {id(head.weight), id(model.get_input_embeddings().weight)}
        matrices = [each for each in model.parameters() if each.ndim == 2 and id(each) not in ends]
        size = sum(each.numel() for each in matrices)
        trained = sum(each.numel() for each in matrices if each.requires_grad)
        return cls(size, head.weight.numel(), trained / max(1, size), head.weight.requires_grad)

    def flops(self, pack: Pack) -> float:
        """Return the floating-point operations of a pack, forward and backward, without those of attention."""
        layers = 2 * self.layers * len(pack.ids) * (2 + self.trained)
        return layers + 2 * self.head * len(pack.targets) * (2 + self.head_trained)


@dataclass
class Meter:
    """What was done since the last report."""

    start: float = field(default_factory=time.perf_counter)
    fed: int = 0
    unshared: int = 0
    answers: int = 0
    flops: float = 0.0

    def add(self, fed: float, unshared: float, answers: float, flops: float) -> None:
        """Count what packs took, see `counts`."""
        self.fed += round(fed)
        self.unshared += round(unshared)
        self.answers += round(answers)
        self.flops += flops

    def report(self, peak: float) -> dict[str, float]:
        """Return tokens a second (of all examples, whole, and as fed), and the share of the machine's peak."""
        seconds = max(1e-9, time.perf_counter() - self.start)
        return {
            "tokens_per_second": round(self.unshared / seconds, 1),
            "fed_tokens_per_second": round(self.fed / seconds, 1),
            "answer_tokens_per_second": round(self.answers / seconds, 1),
            "mfu": round(self.flops / seconds / peak, 4),
        }


def counts(packs: Sequence[Pack], arithmetic: Arithmetic) -> tuple[int, int, int, float]:
    """Return what packs take: tokens fed, tokens of their examples, answer tokens, floating-point operations."""
    return (
        sum(len(pack.ids) for pack in packs),
        sum(pack.unshared for pack in packs),
        sum(len(pack.targets) for pack in packs),
        sum(map(arithmetic.flops, packs)),
    )


def peak_bytes(device: torch.device) -> int:
    """Return the most memory that was held: on a GPU, or by the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    # Kilobytes, as Linux counts them.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Measure what a device multiplies a second: the best of a few large products."""
    side = _SIDE.get(device.type, _SIDE_ELSEWHERE)
    first = torch.randn(side, side, device=device, dtype=dtype)
    found = torch.empty_like(first)
    best = float("inf")
    for _ in range(_TRIES):
        start = time.perf_counter()
        torch.mm(first, first, out=found)
        # Waits for the product, and costs nothing beside it.
        found[0, 0].item()
        best = min(best, time.perf_counter() - start)
    return float(2 * side**3 / best)
