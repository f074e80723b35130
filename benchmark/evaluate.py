"""Run the harness with what itamed adds: task folder, kept samples, thinking off, checked results, counted tokens."""

from __future__ import annotations

import hashlib
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .errors import ItamedError
from .report.usage import add_usage
from .suite import tasks_dir
from .version import __version__

DEFAULT_OUTPUT = "itamed-results"
MODELS = {
    "itamed-baseline": "itamed.benchmark.baselines:Baseline",
    "itamed-hf": "itamed.benchmark.engines.hf.lm:ItamedHF",
    "itamed-vllm": "itamed.benchmark.engines.vllm:ItamedVLLM",
    "itamed-completions": "itamed.benchmark.engines.api:ItamedCompletions",
    "itamed-chat-completions": "itamed.benchmark.engines.api:ItamedChatCompletions",
}
"""Model classes that `itamed eval --model` takes beside the harness's own."""
_TEMPLATE_MODELS = frozenset({"hf", "vllm", "itamed-hf", "itamed-vllm"})


def harness_arguments(arguments: Sequence[str]) -> list[str]:
    """Complete the harness's arguments: every given one passes through unchanged.

    Added where missing: an output folder and the samples (results that are not kept cannot be
    checked), the folder of the task files in an editable install, "enable_thinking=False" for a
    chat template of a local model. "--resume" becomes a response cache whose name holds the model
    and the suite's version, because the harness's own key holds neither.
    """
    given = [argument for argument in arguments if argument != "--resume"]
    added: list[str] = []
    if not _has(given, "--output_path", "-o"):
        added += ["--output_path", DEFAULT_OUTPUT]
    if not _has(given, "--log_samples", "-s"):
        added.append("--log_samples")
    if "lm_eval" not in tasks_dir().parts and not _has(given, "--include_path"):
        added += ["--include_path", str(tasks_dir())]
    if "--resume" in arguments:
        added += ["--use_cache", str(_cache_name(given, output_of([*given, *added])))]
    return _without_thinking(given) + added


def output_of(arguments: Sequence[str]) -> Path:
    """Return the output folder that the arguments name."""
    return Path(_value(arguments, "--output_path", "-o") or DEFAULT_OUTPUT)


def evaluate(arguments: Sequence[str]) -> Path:
    """Run the harness's "run" command and return the results file that it wrote, with the usage added.

    Raises:
        ItamedError: the run ended without a results file (the harness itself only warns).
    """
    from lm_eval.__main__ import cli_evaluate

    register_models()
    logging.getLogger("lm_eval.api.task").addFilter(_is_news)
    complete = harness_arguments(arguments)
    before = time.time()
    saved = sys.argv
    sys.argv = ["lm_eval", "run", *complete]
    try:
        cli_evaluate()
    finally:
        sys.argv = saved
    folder = output_of(complete)
    written = [file for file in folder.parent.rglob("results_*.json") if file.stat().st_mtime >= before - 1]
    if not written:
        raise ItamedError(f"The harness wrote no results below {folder}: is the folder writable and the disk not full?")
    results = max(written, key=lambda file: file.stat().st_mtime)
    add_usage(results)
    return results


def register_models() -> None:
    """Make itamed's model classes known to the harness, once.

    The harness loads its own models only while its registry is empty: they must come first. A later
    release may have registered ours from the package's entry points already.
    """
    import lm_eval.models  # noqa: F401
    from lm_eval.api.registry import model_registry

    for name, target in MODELS.items():
        if name not in model_registry:
            model_registry.register(name, target=target)


def _is_news(record: logging.LogRecord) -> bool:
    """Drop the harness's hint on custom data sets, which it repeats for each of the tasks."""
    return "Custom kwargs can be passed" not in record.getMessage()


def _has(arguments: Sequence[str], *names: str) -> bool:
    return any(argument.split("=")[0] in names for argument in arguments)


def _value(arguments: Sequence[str], *names: str) -> str | None:
    """Return the value of a flag, written as `--flag value` or `--flag=value`."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in names:
            return value if equals else (arguments[position + 1] if position + 1 < len(arguments) else None)
    return None


def _cache_name(arguments: Sequence[str], output: Path) -> Path:
    identity = [_value(arguments, *names) or "" for names in (("--model", "-m"), ("--model_args", "-a"))]
    chat = str(_has(arguments, "--apply_chat_template"))
    key = hashlib.sha256("\0".join([*identity, chat, __version__]).encode()).hexdigest()[:16]
    return output / "cache" / key


def _without_thinking(arguments: Sequence[str]) -> list[str]:
    """Add enable_thinking=False to the model arguments of a local chat model that leave it open."""
    completed = list(arguments)
    if (
        not _has(arguments, "--apply_chat_template")
        or (_value(arguments, "--model", "-m") or "hf") not in _TEMPLATE_MODELS
    ):
        return completed
    for position, argument in enumerate(completed):
        name, equals, _ = argument.partition("=")
        if name in ("--model_args", "-a"):
            at = position if equals else position + 1
            if at < len(completed) and "enable_thinking" not in completed[at]:
                completed[at] += ",enable_thinking=False"
    return completed
