"""The number format that a machine computes fast in."""

from __future__ import annotations

import logging
from typing import Any

import torch

_log = logging.getLogger(__name__)
_WITHOUT_BFLOAT16 = ("DEFAULT", "AVX2")
"""What PyTorch calls processors that only imitate bfloat16, at a tenth of the speed of float32."""


def slow_in_bfloat16(device: str | None = None) -> bool:
    """Tell whether the harness's `device` means a processor that computes faster in float32.

    Its command asks for "cuda:0" unless told otherwise, and takes the processor where there is none.
    """
    kind = (device or "cuda").partition(":")[0]
    on_processor = kind == "cpu" or (kind == "cuda" and not torch.cuda.is_available())
    return on_processor and torch.backends.cpu.get_cpu_capability() in _WITHOUT_BFLOAT16


def fast_dtype(dtype: Any, device: str | None = None) -> Any:
    """Return the dtype to load a model in: the one asked for, or float32 where nothing else is fast.

    Every bfloat16 number is a float32 number: a checkpoint loses nothing by it.

    Args:
        dtype: of the harness's `hf`; "auto" takes the checkpoint's.
        device: likewise.
    """
    if not slow_in_bfloat16(device):
        return dtype
    if dtype in ("auto", None):
        return "float32"
    if dtype in ("bfloat16", torch.bfloat16):
        _log.warning("This processor only imitates bfloat16: dtype=float32 is up to ten times as fast.")
    return dtype
