"""Run the harness with what itamed adds: its models, checked results, counted tokens, clear messages."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from .answering import timed_answers
from .arguments import harness_arguments, harness_settings, without_label
from .console import drop_messages
from .errors import ItamedError, reason_of
from .paths import remedy
from .report.usage import add_usage
from .suite import own_tasks, tasks_dir
from .version import __version__

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
_OURS = "itamed"
"""How the names of all our tasks and groups begin."""
_MISTAKES = {
    "No tasks specified": "`--tasks itamed` takes all 20; `lm_eval ls tasks` lists what there is.",
    "Tasks not found": "`--tasks itamed` takes all 20; `lm_eval ls tasks` lists what there is.",
    "Attempted to load model": "The name or path of a model itself goes into --model_args pretrained=NAME.",
    "missing 1 required positional argument: 'pretrained'": "Name a model: --model_args pretrained=NAME.",
    "__init__() got an unexpected keyword argument": "Look at the names in --model_args.",
    "invalid literal for int()": "--batch_size is a number or auto; look at the numbers in --model_args, too.",
    "module 'torch' has no attribute": "dtype is float32, bfloat16, float16 or auto.",
    "Can't find 'adapter_config.json'": "peft=NAME is the name or folder of an adapter.",
    "Unrecognized model in": "pretrained=NAME is the name or folder of a model of transformers.",
    "Cannot use chat template functions": "This model has no chat template: leave out --apply_chat_template.",
    "number of fewshot samples requested exceeds": "Choose a smaller --num_fewshot.",
    "did not find any docs": "Choose a larger --limit.",
}
"""What to do about an error of the harness, by a part of its message."""
_EXTRAS = {
    "api": ("lm-eval[api]", "tenacity", "aiohttp", "tiktoken"),
    "vllm": ("vllm",),
    "hf": ("torch", "transformers", "accelerate", "peft", "llguidance", "psutil", "gguf", "sentencepiece"),
}
"""Our extras, with modules that they bring; the harness's own message may name its extra instead."""


def _has_answers(cache: str | None) -> bool:
    """Return whether a run goes on where another has stopped: its own seconds are then not those of all answers."""
    return cache is not None and any(Path(cache).parent.glob(f"{Path(cache).name}_rank*.db"))


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
    settings = harness_settings(complete)
    folder = Path(settings["output_path"])
    if settings["predict_only"]:
        raise ItamedError("--predict_only keeps no scores to show: leave it out, or take `lm_eval` itself.")
    require_folder(folder)
    added: dict[str, Any] = {"version": __version__, "resumed": _has_answers(settings["use_cache"])}
    added |= {"label": label.as_dict()} if label else {}
    argv = patch.object(sys, "argv", ["lm_eval", "run", *complete])
    with argv, _read_alone(settings), explained(), _stored() as written, timed_answers() as found:
        cli_evaluate()
    if not written and int(os.environ.get("RANK", "0")) > 0:
        return None
    if not written:
        raise ItamedError(f"The harness wrote no results to {folder}: run it again, and look what it warns of.")
    added |= {} if found.seconds is None else {"seconds_before": found.seconds}
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
def explained() -> Iterator[None]:
    """Turn a user's mistake, or trouble with files and network, into a message; other errors are faults.

    Raises:
        ItamedError: instead of the harness's own error.
    """
    try:
        yield
    except (ValueError, TypeError, AttributeError, AssertionError) as error:
        for part, way in _MISTAKES.items():
            if part in str(error):
                raise ItamedError(f"{reason_of(error)}. {way}") from error
        raise
    except ModuleNotFoundError as error:
        asked = f"{error.name} {error}"
        for extra, names in _EXTRAS.items():
            if any(name in asked for name in names):
                raise ItamedError(f"{reason_of(error)}. Here it is: pip install 'itamed[{extra}]'.") from error
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


@contextmanager
def _read_alone(settings: Mapping[str, Any]) -> Iterator[None]:
    """Have the harness read our task files alone, unless others are asked for: its own 14,000 take it many seconds."""
    asked = settings["tasks"] or ()
    names = [name for part in ([asked] if isinstance(asked, str) else asked) for name in str(part).split(",")]
    ours = all(name.startswith(_OURS) and not name.endswith(".yaml") for name in names)
    if not names or not ours or settings["include_path"] not in (None, str(tasks_dir())):
        yield
        return
    from lm_eval.tasks import TaskManager

    start = TaskManager.__init__
    with patch.object(TaskManager, "__init__", lambda self, *_, **given: start(self, **given | own_tasks())):
        yield


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
    drop_messages("lm_eval.api.task", "Custom kwargs can be passed")
