"""How many sequences fit into memory at a time."""

from __future__ import annotations

import os

import psutil
import torch
from transformers import PreTrainedModel

from .cgroup import free_in_group

MOST, MOST_ELSEWHERE = 32, 256
"""More sequences than this hardly make a forward cheaper a token, on a processor (measured) and elsewhere (not)."""
_SHARE = 0.5
"""Of the free memory, for keys and values; activations and the system need the rest."""


def sequences_that_fit(model: PreTrainedModel, length: int) -> int:
    """Return how many sequences of `length` tokens have room for their keys and values, at least 1."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    token = 2 * config.num_hidden_layers * heads * width * model.dtype.itemsize
    most = MOST if model.device.type == "cpu" else MOST_ELSEWHERE
    return max(1, min(most, int(free_bytes(model.device) * _SHARE) // max(1, token * length)))


def free_bytes(device: torch.device) -> int:
    """Return the free bytes of a device's memory: for a process on a processor, of its share of them."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    found = min(psutil.virtual_memory().available, free_in_group())
    return found // max(1, int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory ran out: of a GPU or of the machine, each of which has errors of its own."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    message = str(error).lower()
    return isinstance(error, RuntimeError) and any(part in message for part in _OUT_OF_MEMORY)


_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "_status_alloc_failed")
"""Parts of the messages of CUDA, HIP, MPS and their libraries, and of PyTorch's allocators for processors."""
