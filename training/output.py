"""What a training leaves: adapters, the merged model, its card, a manifest, and the plot of its losses."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from itamed.benchmark.errors import ItamedError, reason_of
from itamed.benchmark.files import write_text
from itamed.benchmark.report.picture import drawn
from itamed.benchmark.trained import MANIFEST
from itamed.benchmark.version import __version__
from matplotlib.figure import Figure
from peft import PeftModel
from safetensors import SafetensorError
from transformers import PreTrainedTokenizerBase

from .card import model_card, without_folders
from .checkpoints import remove_checkpoints
from .recipe import Recipe
from .shards import gathered
from .stage_trainer import StageTrainer
from .trainer import PackTrainer

ADAPTER = "adapter"
ADAPTER_SETTINGS = "adapter_config.json"
_PACKAGES = ("torch", "transformers", "peft", "accelerate", "lm_eval", "datasets")
_SIZE = (7.0, 3.6)


def stages_of(folder: Path) -> list[dict[str, Any]]:
    """Read what the stages of a training did, see `done`, from the manifest in a folder.

    Raises:
        ItamedError: there is none, or it is damaged.
    """
    stages: list[dict[str, Any]] = manifest_of(folder)["stages"]
    return stages


def manifest_of(folder: Path) -> dict[str, Any]:
    """Read the manifest of a finished training from its folder.

    Raises:
        ItamedError: there is none, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest["stages"], list):
            raise TypeError("its stages are no list")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ItamedError(f"{path} is no manifest of a training ({error}): name a finished one's folder.") from error
    return manifest


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


@dataclass(frozen=True)
class Outcome:
    """What stands beside the weights of a training, and where.

    Args:
        tokenizer: of the model.
        recipe: what was to be done.
        output: the training's folder.
        stages: what was done, the last one just now.
        dtype: the number format to write the model in; empty: as it is.
        tuned: the folder of the weights that the last stage began with, if a stage before it made them.
        more: texts by file name that belong beside the model.
    """

    tokenizer: PreTrainedTokenizerBase
    recipe: Recipe
    output: Path
    stages: list[dict[str, Any]]
    dtype: str = ""
    tuned: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


def save(trainer: PackTrainer, outcome: Outcome, fresh: Callable[[], torch.nn.Module]) -> Path:
    """Write everything into a folder; return the one of the model to evaluate.

    Args:
        trainer: with the weights to keep.
        outcome: what else is written.
        fresh: see `gathered`.

    Raises:
        ItamedError: the folder cannot be written.
    """
    model = gathered(trainer, fresh)
    if trainer.is_world_process_zero():
        write(model, outcome, trainer.loss_of)
    # The next stage starts from these files in every process.
    trainer.accelerator.wait_for_everyone()
    return outcome.output / "model"


def write(model: Any, outcome: Outcome, loss_of: Callable[[Any], float | None] = lambda _: None) -> None:
    """Write what `save` does of a model that is whole, and remove the checkpoints unless the recipe keeps them.

    Args:
        model: with adapters or without.
        outcome: what else is written.
        loss_of: measures the development loss of the model as it is written, if that can be had.

    Raises:
        ItamedError: the folder cannot be written.
    """
    try:
        _write(model, outcome, loss_of)
    except (OSError, SafetensorError) as error:
        raise ItamedError(
            f"The model could not be written to {outcome.output} ({reason_of(error)[:200]}): make room, and give the "
            "same command again. Its checkpoints are whole."
        ) from error
    if not outcome.recipe.keep_checkpoints:
        remove_checkpoints(outcome.output / "checkpoints")


def _write(model: Any, outcome: Outcome, loss_of: Callable[[Any], float | None]) -> None:
    recipe, output, stages = outcome.recipe, outcome.output, outcome.stages
    write_text(output / "loss.svg", loss_plot(stages[-1]["log"]))
    cards = {}
    if isinstance(model, PeftModel):
        cards[ADAPTER] = model_card(recipe, stages, adapter_of=outcome.tuned or recipe.base)
        model.save_pretrained(str(output / ADAPTER))
        model = _merged(model)
    if outcome.dtype:
        _cast(model, getattr(torch, outcome.dtype))
    stages[-1]["written_loss"] = loss_of(model)
    model.save_pretrained(output / "model")
    cards["model"] = model_card(recipe, stages)
    # What may be pushed names no folders of this machine.
    manifest = _manifest(without_folders(asdict(recipe)), stages)
    for name, card in cards.items():
        outcome.tokenizer.save_pretrained(output / name)
        for file, text in {"README.md": card, MANIFEST: manifest, **outcome.more}.items():
            write_text(output / name / file, text)
    # Last: it says that all the rest is there.
    write_text(output / MANIFEST, _manifest(asdict(recipe), stages))


def _merged(model: PeftModel) -> Any:
    """Return a model with its adapters in its weights, in float32 on the processor: what is rounded is the sum."""
    _cast(model.cpu(), torch.float32)
    return model.merge_and_unload()


def _cast(model: torch.nn.Module, dtype: torch.dtype) -> None:
    """Change the number format of weights; what positions are computed from stays as precise as it is."""
    for each in model.parameters():
        each.data = each.data.to(dtype)


def _manifest(recipe: dict[str, Any], stages: list[dict[str, Any]]) -> str:
    manifest = {
        "itamed": __version__,
        "packages": {name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "recipe": recipe,
        "stages": stages,
    }
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


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
