"""What a training leaves: adapters, the merged model, its card, a manifest, and the plot of its losses."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from itamed.benchmark.errors import ItamedError, reason_of
from itamed.benchmark.files import write_text
from itamed.benchmark.report.plot import drawn
from itamed.benchmark.report.redact import without_folder
from itamed.benchmark.trained import MANIFEST
from itamed.benchmark.version import __version__
from matplotlib.figure import Figure
from peft import PeftModel
from safetensors import SafetensorError
from transformers import PreTrainedTokenizerBase

from .card import model_card
from .recipe import Recipe
from .shards import gathered
from .stage_trainer import StageTrainer
from .trainer import PackTrainer

ADAPTER = "adapter"
_PACKAGES = ("torch", "transformers", "peft", "accelerate", "lm_eval", "datasets")
_SIZE = (7.0, 3.6)


def stages_of(folder: Path) -> list[dict[str, Any]]:
    """Read what the stages of a training did, see `done`, from the manifest in a folder.

    Raises:
        ItamedError: there is none, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        stages: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["stages"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ItamedError(f"{path} is no manifest of a training ({error}): name a training's folder.") from error
    return stages


def done(trainer: StageTrainer, stage: str, seconds: float) -> dict[str, Any]:
    """Return what a stage did.

    Args:
        trainer: after its training.
        stage: "cpt" or "sft"; of an encoder "mlm" or "tags".
        seconds: wall time of this call (a resumed training has more).
    """
    state = trainer.state
    return {
        "stage": stage,
        "device": str(trainer.args.device),
        "processes": trainer.args.world_size,
        "steps": state.global_step,
        "best_step": state.best_global_step,
        "best": state.best_metric,
        "seconds": round(seconds, 1),
        "data": trainer.data,
        "log": state.log_history,
    }


def save(
    trainer: PackTrainer,
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
    output: Path,
    stages: list[dict[str, Any]],
    fresh: Callable[[], torch.nn.Module],
) -> Path:
    """Write everything into a folder; return the one of the model to evaluate.

    Args:
        trainer: with the weights to keep.
        tokenizer: of the model.
        recipe: what was to be done.
        output: the training's folder.
        stages: what was done, the last one by `trainer`.
        fresh: see `gathered`.

    Raises:
        ItamedError: the folder cannot be written.
    """
    model = gathered(trainer, fresh)
    if trainer.is_world_process_zero():
        write(model, tokenizer, recipe, output, stages)
    # The next stage starts from these files in every process.
    trainer.accelerator.wait_for_everyone()
    return output / "model"


def write(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
    output: Path,
    stages: list[dict[str, Any]],
    more: Mapping[str, str] | None = None,
) -> None:
    """Write what `save` does of a model that is whole; `more` are texts by file name that belong beside it.

    Raises:
        ItamedError: the folder cannot be written.
    """
    try:
        _write(model, tokenizer, recipe, output, stages, more or {})
    except (OSError, SafetensorError) as error:
        raise ItamedError(
            f"The model could not be written to {output} ({reason_of(error)[:200]}): make room, and give the same "
            "command again. Its checkpoints are whole."
        ) from error


def _write(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
    output: Path,
    stages: list[dict[str, Any]],
    more: Mapping[str, str],
) -> None:
    # What may be pushed names no folders of this machine.
    texts = {MANIFEST: _manifest(without_folders(asdict(recipe)), stages), **more}
    write_text(output / "loss.svg", loss_plot(stages[-1]["log"]))
    if isinstance(model, PeftModel):
        card = model_card(recipe, stages, adapter=True)
        _with_texts(model, tokenizer, output / ADAPTER, {"README.md": card, **texts})
        model = model.merge_and_unload()
    _with_texts(model, tokenizer, output / "model", {"README.md": model_card(recipe, stages), **texts})
    # Last: it says that all the rest is there.
    write_text(output / MANIFEST, _manifest(asdict(recipe), stages))


def _manifest(recipe: dict[str, Any], stages: list[dict[str, Any]]) -> str:
    manifest = {
        "itamed": __version__,
        "packages": {name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "recipe": recipe,
        "stages": stages,
    }
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def without_folders(settings: Any) -> Any:
    """Return a recipe's settings with folders of this machine named by their last part."""
    if isinstance(settings, dict):
        return {name: without_folders(value) for name, value in settings.items()}
    if isinstance(settings, list):
        return [without_folders(value) for value in settings]
    return without_folder(settings)


def _with_texts(model: Any, tokenizer: PreTrainedTokenizerBase, folder: Path, texts: dict[str, str]) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for name, text in texts.items():
        write_text(folder / name, text)


def loss_plot(log: list[dict[str, float]]) -> str:
    """Return the losses of training and development, and the development score, as SVG."""
    figure = Figure(figsize=_SIZE, layout="constrained")
    losses = figure.add_subplot()
    losses.plot(*_series(log, "loss"), color="0.6", linewidth=1, label="training loss")
    losses.plot(*_series(log, "eval_loss"), color="black", marker="o", markersize=4, label="development loss")
    losses.set_xlabel("step")
    losses.set_ylabel("cross-entropy of a token")
    losses.set_ylim(bottom=0)
    steps, scores = _series(log, "eval_mean")
    handles, names = losses.get_legend_handles_labels()
    if steps:
        right = losses.twinx()
        right.plot(steps, [100 * score for score in scores], color="#0072b2", linestyle="--", marker="s", markersize=4)
        right.set_ylabel("development score, %")
        handles.append(right.lines[0])
        names.append("development score (right)")
    losses.legend(handles, names, frameon=False)
    return drawn(figure)


def _series(log: list[dict[str, float]], name: str) -> tuple[list[float], list[float]]:
    found = [(entry["step"], entry[name]) for entry in log if name in entry]
    return [step for step, _ in found], [value for _, value in found]
