"""Run the harness with what itamed adds: task folder, kept samples, thinking off, checked results, counted tokens."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from .errors import ItamedError, reason_of
from .fingerprint import grammar_fingerprint, weights_fingerprint
from .paths import remedy
from .report.label import Label
from .report.usage import add_usage
from .suite import tasks_dir
from .version import __version__

DEFAULT_OUTPUT = "itamed-results"
MODELS = {
    "itamed-baseline": "itamed.benchmark.baselines:Baseline",
    "itamed-encoder": "itamed.benchmark.engines.encoder.lm:ItamedEncoder",
    "itamed-hf": "itamed.benchmark.engines.hf.lm:ItamedHF",
    "itamed-stock": "itamed.benchmark.engines.stock:StockHF",
    "itamed-vllm": "itamed.benchmark.engines.vllm:ItamedVLLM",
    "itamed-completions": "itamed.benchmark.engines.api:ItamedCompletions",
    "itamed-chat-completions": "itamed.benchmark.engines.api:ItamedChatCompletions",
}
"""Model classes that `itamed eval --model` takes beside the harness's own."""
_TEMPLATE_MODELS = frozenset({"hf", "vllm", "itamed-hf", "itamed-vllm"})
_AUTO_BATCH = ("itamed-hf", "itamed-encoder")
_MODEL = ("--model", "-M")
_MODEL_ARGS = ("--model_args", "-a")
_OUTPUT = ("--output_path", "-o")
_LABEL = "--label"
_MISTAKES = {
    "No tasks specified": "`--tasks itamed` takes all 20; `lm_eval ls tasks` lists what there is.",
    "Tasks not found": "`--tasks itamed` takes all 20; `lm_eval ls tasks` lists what there is.",
    "Attempted to load model": "The name or path of a model itself goes into --model_args pretrained=NAME.",
}
"""What to do about an error of the harness, by the beginning of its message."""


def harness_arguments(arguments: Sequence[str]) -> list[str]:
    """Complete the harness's arguments: every given one passes through unchanged.

    Added where missing: an output folder and the samples (results that are not kept cannot be
    checked), the folder of the task files in an editable install, "enable_thinking=False" for a
    chat template of a local model, and for our local models a batch size of their own choice. "--resume" becomes a
    response cache whose name holds the model (of a local folder its files), the suite's version and
    its grammars, because the harness's own key, the prompt with its settings, holds none of them.
    """
    given = [argument for argument in without_label(arguments)[0] if argument != "--resume"]
    added: list[str] = []
    if not _has(given, *_OUTPUT):
        added += ["--output_path", DEFAULT_OUTPUT]
    if not _has(given, "--log_samples", "-s"):
        added.append("--log_samples")
    if "lm_eval" not in tasks_dir().parts and not _has(given, "--include_path"):
        added += ["--include_path", str(tasks_dir())]
    if _value(given, *_MODEL) in _AUTO_BATCH and not _has(given, "--batch_size", "-b"):
        added += ["--batch_size", "auto"]
    if "--resume" in arguments:
        added += ["--use_cache", str(_cache_name(given, output_of([*given, *added])))]
    return _without_thinking(given) + added


def without_label(arguments: Sequence[str]) -> tuple[list[str], Label | None]:
    """Return the arguments without "--label", and the label if there is one.

    Raises:
        ItamedError: it does not read like one.
    """
    text = _value(arguments, _LABEL)
    if text is None:
        return list(arguments), None
    at = max(at for at, argument in enumerate(arguments) if argument.partition("=")[0] == _LABEL)
    after = at + (1 if "=" in arguments[at] else 2)
    return [*arguments[:at], *arguments[after:]], Label.parsed(text)


def _has_answers(cache: str | None) -> bool:
    """Return whether a run goes on where another has stopped: its seconds are then not those of all answers."""
    return bool(cache) and any(Path(str(cache)).parent.glob(f"{Path(str(cache)).name}_rank*.db"))


def output_of(arguments: Sequence[str]) -> Path:
    """Return the output folder that the arguments name."""
    return Path(_value(arguments, *_OUTPUT) or DEFAULT_OUTPUT)


def evaluate(arguments: Sequence[str]) -> Path | None:
    """Run the harness's "run" command and return the results file that it wrote, with the usage added.

    Of several processes of a launcher (`accelerate launch`) the first writes; the others return None.

    Raises:
        ItamedError: tasks, model or output folder are not to be had, or the run ended without whole
            results (the harness itself only warns).
    """
    from lm_eval.__main__ import cli_evaluate

    register_models()
    quiet_harness()
    complete, label = harness_arguments(arguments), without_label(arguments)[1]
    folder = output_of(complete)
    require_folder(folder)
    added = {"version": __version__, "resumed": _has_answers(_value(complete, "--use_cache"))}
    added |= {"label": label.as_dict()} if label else {}
    with patch.object(sys, "argv", ["lm_eval", "run", *complete]), _explained(), _stored() as written:
        cli_evaluate()
    if not written and int(os.environ.get("RANK", "0")) > 0:
        return None
    if not written:
        raise ItamedError(f"The harness wrote no results to {folder}: run it again, and look what it warns of.")
    add_usage(written[-1], added)
    return written[-1]


def require_folder(folder: Path) -> None:
    """Check that results can be stored in a folder, before hours are spent on them.

    Raises:
        ItamedError: it is named like a file, or cannot be written.
    """
    if folder.suffix == ".json":
        raise ItamedError(f"--output_path {folder} must name a folder, which gets a results file for each run.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ItamedError(f"Cannot write {folder}: {error.strerror}. {remedy(error, 'set --output_path')}") from error


@contextmanager
def _explained() -> Iterator[None]:
    """Turn a user's mistake, or trouble with files and network, into a message; other errors are faults."""
    try:
        yield
    except ValueError as error:
        for start, way in _MISTAKES.items():
            if str(error).startswith(start):
                raise ItamedError(f"{str(error).rstrip('.')}. {way}") from error
        raise
    except (OSError, sqlite3.Error) as error:
        raise ItamedError(
            f"The run stopped: {reason_of(error)}. Check the model's name or path, network and disk."
        ) from error


@contextmanager
def _stored() -> Iterator[list[Path]]:
    """Yield a list that gets the results files which this process stores: others may write to the same folder."""
    from lm_eval.loggers import EvaluationTracker

    found: list[Path] = []
    save = EvaluationTracker.save_results_aggregated

    def save_and_tell(self: EvaluationTracker, *args: Any, **kwargs: Any) -> None:
        save(self, *args, **kwargs)
        folder = Path(str(self.output_path), str(self.general_config_tracker.model_name_sanitized))
        found.append(folder / f"results_{getattr(self, 'date_id', '')}.json")

    with patch.object(EvaluationTracker, "save_results_aggregated", save_and_tell):
        yield found


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


def quiet_harness() -> None:
    """Drop the harness's hint on custom data sets, which it repeats for each of the tasks."""
    logging.getLogger("lm_eval.api.task").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return "Custom kwargs can be passed" not in record.getMessage()


def _has(arguments: Sequence[str], *names: str) -> bool:
    return any(argument.split("=")[0] in names for argument in arguments)


def _value(arguments: Sequence[str], *names: str) -> str | None:
    """Return the last value of a flag, written as `--flag value` or `--flag=value`."""
    for position, argument in reversed(list(enumerate(arguments))):
        name, equals, value = argument.partition("=")
        if name in names:
            return value if equals else (arguments[position + 1] if position + 1 < len(arguments) else None)
    return None


def _cache_name(arguments: Sequence[str], output: Path) -> Path:
    model, given = (_value(arguments, *names) or "" for names in (_MODEL, _MODEL_ARGS))
    weights = [weights_fingerprint(part.partition("=")[2]) for part in given.split(",")]
    chat = str(_has(arguments, "--apply_chat_template"))
    parts = [model, given, *weights, chat, __version__, grammar_fingerprint()]
    return output / "cache" / hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _without_thinking(arguments: Sequence[str]) -> list[str]:
    """Add enable_thinking=False to the model arguments of a local chat model that leave it open."""
    completed = list(arguments)
    if not _has(arguments, "--apply_chat_template") or (_value(arguments, *_MODEL) or "hf") not in _TEMPLATE_MODELS:
        return completed
    for position, argument in enumerate(completed):
        name, equals, _ = argument.partition("=")
        if name in _MODEL_ARGS:
            at = position if equals else position + 1
            if at < len(completed) and "enable_thinking" not in completed[at]:
                completed[at] += ",enable_thinking=False"
    return completed
