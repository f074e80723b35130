"""How many sequences fit into memory at a time."""

from __future__ import annotations

import psutil
import torch
from transformers import PreTrainedModel

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
    return max(1, min(most, int(_free(model.device) * _SHARE) // max(1, token * length)))


def _free(device: torch.device) -> int:
    """Return the free bytes of a device's memory."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory ran out: of a GPU, which has an error of its own, or of the machine."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
