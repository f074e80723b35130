"""Weights that FSDP shares out among processes: whole again where a process needs them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch.distributed.fsdp import FSDPModule
from transformers import Trainer


@contextmanager
def whole(model: torch.nn.Module, freed: bool) -> Iterator[None]:
    """Hold all weights of a model in every process, so that each may call any part of it at its own pace.

    Without FSDP nothing happens.

    Args:
        model: after at least one forward.
        freed: whether a layer's weights are given up again after its forward, in training.
    """
    shards = [module for module in model.modules() if isinstance(module, FSDPModule)]
    for module in shards:
        module.set_reshard_after_forward(False, recurse=False)
        module.unshard()
    try:
        yield
    finally:
        for module in shards:
            module.reshard()
            module.set_reshard_after_forward(freed, recurse=False)


def gathered(trainer: Trainer, fresh: Callable[[], torch.nn.Module]) -> torch.nn.Module:
    """Return a trainer's model, which the first process can write: with FSDP a new one that has its weights.

    All processes must call this together.

    Args:
        trainer: after training.
        fresh: makes a model of the same weights' names.
    """
    model: torch.nn.Module = trainer.model  # type: ignore[assignment]
    if not trainer.is_fsdp_enabled:
        return model
    weights = trainer.accelerator.get_state_dict(model)
    if trainer.is_world_process_zero():
        model = fresh()
        model.load_state_dict(weights)
    return model
