"""What a run cost, tokens in and out a task, and seconds; and what it ran with: added to the results file."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from ..files import write_text
from ..suite import MINI_PREFIX, PREFIX
from ..suite_fingerprint import suite_fingerprint
from .samples import damaged, read_samples, samples_path
from .settings import ADDED, TAGGER, model_arguments

_log = logging.getLogger(__name__)
_PACKAGES = ("itamed", "torch", "transformers", "peft", "vllm", "llguidance", "xgrammar")
"""What decides answers, besides the harness, which tells its own version."""


class Tokenizer(Protocol):
    """What counting needs of a tokenizer."""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Return the token ids of a text."""
        ...


def add_usage(path: Path, added: Mapping[str, Any] | None = None) -> None:
    """Add what the harness does not tell to a results file: "usage" and "packages", and fingerprints of its tasks.

    Usage is tokens by task, and the seconds of the whole run; packages are versions by name. The
    fingerprints, by task and part, tell later whether another run was asked and scored the same.

    Tokens are counted afterwards with the model's own tokenizer, from the prompts and answers as
    sent and received. Where the tokenizer cannot be loaded, characters are counted alone. Tasks of
    others, which may not generate text at all, are left out, as in reports.

    Args:
        path: a results file of the harness, with the samples beside it.
        added: what the harness does not know, stored under `ADDED`: "version" of the suite, "resumed",
            "seconds_before" (those of stored answers that the run went on from, where they are known), "label".

    Raises:
        DataMissingError: the data that were answered are no longer there.
        ItamedError: one of these files is missing or damaged, or usage cannot be written.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error
    tokenizer = tokenizer_of(data["config"])
    samples = {name: samples_path(path, name) for name in data["results"] if name.startswith((PREFIX, MINI_PREFIX))}
    by_task = {name: _count(place, tokenizer) for name, place in samples.items()}
    data[ADDED] = {**(added or {}), "suite": {name: suite_fingerprint(name) for name in samples}}
    data["packages"] = {name: found for name in _PACKAGES if (found := _version(name))}
    data["usage"] = {"seconds": float(data["total_evaluation_time_seconds"]), "tasks": by_task}
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def tokenizer_of(config: Mapping[str, Any]) -> Tokenizer | None:
    """Return the tokenizer that counts what a run's model has read and written; None where nothing can be counted.

    A tagger reads no prompt and writes no token. One that cannot be loaded is warned of.

    Args:
        config: of a results file.
    """
    model_args = model_arguments(config)
    if config.get("model") == TAGGER:
        return None
    name = model_args.get("tokenizer") or model_args.get("pretrained")
    if not name:
        return None
    try:
        from transformers import AutoTokenizer

        extra = {key: model_args[key] for key in ("gguf_file", "revision") if key in model_args}
        return AutoTokenizer.from_pretrained(str(name), **extra)
    except (ImportError, OSError, ValueError) as error:
        _log.warning("Tokens are not counted: no tokenizer for %s (%s).", name, error)
        return None


def _count(path: Path, tokenizer: Tokenizer | None) -> dict[str, int]:
    """Sum over a task's rows; each stands in the file once a filter, and is counted once."""
    total = {"characters_in": 0, "characters_out": 0}
    if tokenizer:
        total |= {"tokens_in": 0, "tokens_out": 0}
    seen: set[int] = set()
    for sample in read_samples(path):
        if sample["doc_id"] in seen:
            continue
        seen.add(sample["doc_id"])
        for side, text in (("in", prompt_of(sample)), ("out", sample["resps"][0][0])):
            total[f"characters_{side}"] += len(text)
            if tokenizer:
                total[f"tokens_{side}"] += len(tokenizer.encode(text, add_special_tokens=False))
    return total


def prompt_of(sample: Mapping[str, Any]) -> str:
    """Return the prompt of a sample; for a chat served by an API the harness wraps it in a list."""
    sent = sample["arguments"]["gen_args_0"]["arg_0"]
    return sent if isinstance(sent, str) else sent[0]
