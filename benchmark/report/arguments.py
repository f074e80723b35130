"""Which model arguments are told: those that say what was run and how; others may hold addresses or tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OWN_PLACE = ("pretrained", "revision", "peft", "peft_revision", "model", "dtype", "constrained", "reasoning")
"""Those for which tables and manifests have a place of their own: weights, their precision, how answers are held."""
WEIGHTS = (
    *("gguf_file", "subfolder", "delta", "lora_local_path", "tokenizer", "tokenizer_revision", "tokenizer_mode"),
    *("add_bos_token", "prefix_token_id", "use_fast_tokenizer", "enable_thinking", "think_end_token", "backend"),
)
"""Those that choose other weights or other tokens of the same prompt."""
ANSWERING = (
    *WEIGHTS,
    *("load_in_4bit", "load_in_8bit", "bnb_4bit_quant_type", "bnb_4bit_compute_dtype", "bnb_4bit_use_double_quant"),
    *("quantization", "autogptq", "gptqmodel", "kv_cache_dtype", "softmax_dtype", "mixed_precision_dtype"),
    *("max_length", "max_model_len", "max_gen_toks", "truncation", "truncation_side", "truncate"),
)
"""Those on which answers may depend: other weights, coarser numbers, shorter prompts."""
RUNNING = (
    *("guess", "speculate", "attn_implementation", "device", "parallelize", "tp_plan", "tensor_parallel_size"),
    *("data_parallel_size", "max_batch_size", "num_concurrent", "tokenized_requests", "tokenizer_backend"),
    *("grammar_field", "gpu_memory_utilization", "enforce_eager", "enable_prefix_caching"),
)
"""Those that change speed and memory alone."""
_BITS = {"load_in_4bit": "4bit", "load_in_8bit": "8bit"}


def quantised(arguments: Mapping[str, Any]) -> str:
    """Return "4bit" or "8bit" where weights were asked for in so many bits, else ""."""
    asked = (bits for name, bits in _BITS.items() if str(arguments.get(name)).lower() in ("true", "1"))
    return next(asked, "")
