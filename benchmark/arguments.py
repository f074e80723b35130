"""The arguments of an evaluation: read as the harness reads them, and completed with what itamed adds."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

from .engines.template import PINNED
from .errors import ItamedError, reason_of
from .fingerprint import grammar_fingerprint, weights_fingerprint
from .report.label import Label
from .suite import tasks_dir
from .version import __version__

_OUTPUT = "itamed-results"
_TEMPLATE_MODELS = frozenset({"hf", "vllm", "itamed-hf", "itamed-stock", "itamed-vllm"})
_DATED_MODELS = frozenset({"itamed-hf", "itamed-vllm"})
"""Models that fix the date in prompts themselves."""
_AUTO_BATCH = frozenset({"itamed-hf", "itamed-encoder"})
_PATIENCE = frozenset({"num_concurrent", "timeout", "max_retries", "max_batch_size", "gpu_memory_utilization"})
"""Model arguments that a user changes after a time-out or for want of memory, and on which no answer depends."""
_LABEL = "--label"
_RESUME = "--resume"


def harness_settings(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the settings by name as the harness takes them: flags, those of a --config file, and defaults.

    The harness's own parser reads them, as flags may be shortened, and model arguments parted by
    blanks, written as JSON or given in several pieces.

    Raises:
        ItamedError: the --config file cannot be read.
        SystemExit: the harness has no such flag, or no argument is given at all; it has said so, or shown its help.
    """
    from lm_eval._cli.harness import HarnessCLI
    from lm_eval.config.evaluate_config import EvaluatorConfig
    from lm_eval.utils import simple_parse_args_string

    with patch.object(sys, "argv", ["lm_eval", "run", *arguments]):
        flags = {name: value for name, value in vars(HarnessCLI().parse_args()).items() if value or value == 0}
    # The harness's default, 1, cannot be told from a 1 that was asked for.
    settings = asdict(EvaluatorConfig()) | {"batch_size": None}
    if path := flags.get("config"):
        try:
            settings |= EvaluatorConfig.load_yaml_config(path)
        except (OSError, ValueError, TypeError) as error:
            raise ItamedError(f"--config {path}: {reason_of(error)}. It takes a YAML file of flags.") from error
    settings |= flags
    given = settings["model_args"] or {}
    return settings | {"model_args": simple_parse_args_string(given) if isinstance(given, str) else given}


def harness_arguments(arguments: Sequence[str]) -> list[str]:
    """Complete the harness's arguments: every given one passes through unchanged.

    Added where missing: an output folder and the samples (results that are not kept cannot be
    checked), the folder of the task files in an editable install, "enable_thinking=False" and a fixed
    date for a chat template of a local model, and for our local models a batch size of their own
    choice. "--resume" becomes a response cache whose name holds the model (of a local folder its
    files), the seeds, the suite's version and its grammars: the harness's own key, the prompt with its
    settings, holds none of them.

    Raises:
        ItamedError, SystemExit: see `harness_settings`.
    """
    given = [argument for argument in without_label(arguments)[0] if argument != _RESUME]
    settings = harness_settings(given)
    model, model_args = settings["model"], settings["model_args"]
    added: list[str] = []
    if not settings["output_path"]:
        added += ["--output_path", _OUTPUT]
    if not settings["log_samples"]:
        added.append("--log_samples")
    if "lm_eval" not in tasks_dir().parts and not settings["include_path"]:
        added += ["--include_path", str(tasks_dir())]
    if model in _AUTO_BATCH and settings["batch_size"] is None:
        added += ["--batch_size", "auto"]
    if settings["apply_chat_template"] and (defaults := _template_defaults(model)).keys() - model_args:
        # All of them: flags replace those of a --config file.
        added += ["--model_args", json.dumps(defaults | model_args, default=str)]
    if _RESUME in arguments:
        folder = Path(settings["output_path"] or _OUTPUT, "cache")
        added += ["--use_cache", str(folder / _cache_name(settings))]
    return given + added


def _template_defaults(model: str) -> dict[str, Any]:
    """Return the model arguments that fill the chat template of a local model, unless a user gives others."""
    if model not in _TEMPLATE_MODELS:
        return {}
    return {"enable_thinking": False} | ({} if model in _DATED_MODELS else {"chat_template_args": dict(PINNED)})


def without_label(arguments: Sequence[str]) -> tuple[list[str], Label | None]:
    """Return the arguments without "--label", and the label if there is one.

    Raises:
        ItamedError: it does not read like one.
    """
    at = max((at for at, argument in enumerate(arguments) if argument.partition("=")[0] == _LABEL), default=None)
    if at is None:
        return list(arguments), None
    _, equals, text = arguments[at].partition("=")
    after = at + (1 if equals else 2)
    return [*arguments[:at], *arguments[after:]], Label.parsed(text if equals else "".join(arguments[at + 1 : after]))


def _cache_name(settings: Mapping[str, Any]) -> str:
    """Return a name for all that decides answers and stands in no prompt; of models in local folders their files."""
    model_args = settings["model_args"]
    parts = [
        settings["model"],
        *(
            f"{name}={model_args[name]} {weights_fingerprint(str(model_args[name]))}"
            for name in sorted(model_args.keys() - _PATIENCE)
        ),
        str(settings["apply_chat_template"]),
        str(settings["seed"]),
        __version__,
        grammar_fingerprint(),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
