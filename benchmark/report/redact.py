"""Copies of runs without any text: scores and counts stay, so that reports and comparisons still work."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ItamedError
from ..files import write_bytes, write_text
from ..suite import CHOICES
from .arguments import ANSWERING, OWN_PLACE, RUNNING
from .finding import find_run
from .run import HIDDEN, Run, unkept
from .sample import notes_available
from .samples import damaged, packed_path, read_samples, samples_path
from .settings import ADDED, model_arguments

_SETTINGS = (
    "n-shot",
    "date",
    "lm_eval_version",
    "total_evaluation_time_seconds",
    "usage",
    "packages",
    "chat_template_sha",
    "versions",
    "git_hash",
)
_CONFIG = ("model", "limit", "batch_size", "model_num_parameters", "model_dtype", "model_sha")
_SAMPLE = ("doc_id", "filter", "score")


def redact(path: Path, output: Path) -> Path:
    """Copy a run without prompts, answers, notes and local paths; return the new results file.

    What a corpus may not be given away with can be given away: `itamed report` and `itamed compare`
    read the copy as they read the run.

    Args:
        path: the results folder or file of one run, with its samples.
        output: a folder for the copy.

    Raises:
        ItamedError: there is no such run, a file of it is missing or damaged, or the copy cannot be written.
    """
    run = find_run(path)
    copy = output / run.path.name
    if copy.resolve() == run.path.resolve():
        raise ItamedError(f"{output} is the run's own folder: choose another one for the copy.")
    if missing := [task.name for task in run.tasks if not samples_path(run.path, task.name).is_file()]:
        raise unkept(run, missing)
    for task in run.tasks:
        kept = ({key: sample[key] for key in _SAMPLE} for sample in read_samples(samples_path(run.path, task.name)))
        lines = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in kept)
        # No time stamp: the same run gives the same bytes.
        packed = gzip.compress(lines.encode(), mtime=0)
        write_bytes(packed_path(copy, task.name), packed)
    write_text(copy, json.dumps(_results(run), indent=1, ensure_ascii=False) + "\n")
    return copy


def _results(run: Run) -> dict[str, Any]:
    try:
        data = json.loads(run.path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(run.path, error) from error
    hidden = {
        task.name: {k: v for k, v in data["results"][task.name].items() if k.startswith(HIDDEN)} for task in run.tasks
    }
    arguments = told(model_arguments(data["config"]))
    chosen = {name: value for name in CHOICES if (value := getattr(run.settings, name)) is not None}
    available = {task.name: notes for task in run.tasks if (notes := notes_available(run, task)) is not None}
    config = {key: data["config"].get(key) for key in _CONFIG} | {"model_args": arguments}
    return {
        "model_name": without_folder(run.model),
        "results": hidden,
        "config": config,
        **{key: data[key] for key in _SETTINGS if key in data},
        **({"configs": {task.name: {"metadata": chosen} for task in run.tasks}} if chosen else {}),
        # A name that was read off the model's folder would be lost with it.
        ADDED: (data.get(ADDED) or {})
        | {"label": run.named.as_dict()}
        | ({"available": available} if available else {}),
    }


def told(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model arguments that say what was run, without folders; others may be secret."""
    names = (*OWN_PLACE, *ANSWERING, *RUNNING)
    return {name: without_folder(arguments[name]) for name in names if name in arguments}


def without_folder(value: Any) -> Any:
    """Return the last part of an absolute path, and any other value as it is."""
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
