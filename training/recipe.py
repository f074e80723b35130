"""Recipes: which base model becomes which checkpoint, by which data and settings."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml
from itamed.benchmark.errors import ItamedError

from .fields import explained, read


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters: small matrices that are trained beside frozen weights."""

    rank: int = explained("Width of the adapters.", 32)
    alpha: int = explained("Their weight is alpha / rank.", 64)
    dropout: float = explained("Share of an adapter's inputs that is dropped in training.", 0.05)
    targets: list[str] = explained("Names of the adapted layers; empty: all linear ones but the output layer.", [])


@dataclass(frozen=True)
class Optimizer:
    """AdamW with warm-up and decay."""

    learning_rate: float = explained("The highest learning rate.", 3e-4)
    schedule: str = explained("Decay: cosine, linear or constant.", "cosine")
    warmup: float = explained("Share of the steps in which the rate rises from zero.", 0.1)
    weight_decay: float = explained("Of AdamW.", 0.0)
    clip: float = explained("Largest norm of the gradient.", 1.0)
    epochs: float = explained("How often the data are passed; a fraction stops within.", 1.0)
    max_steps: int = explained("Stop after so many steps whatever the epochs; 0: no limit.", 0)


@dataclass(frozen=True)
class Sft:
    """Supervised fine-tuning on training rows, with the prompts and answers of the benchmark."""

    tasks: list[str] = explained(
        "Tasks or groups of the suite; those without training rows are refused.", ["itamed-id"]
    )
    weights: dict[str, float] = explained(
        "How often a task's rows are passed an epoch, where not once: 0.25 takes a quarter of them, 2 all twice.", {}
    )
    fewshot_share: float = explained(
        "Share of the rows that are shown with examples before them, the others without.", 0.0
    )
    num_fewshot: int = explained("How many examples those have.", 4)
    chat: bool = explained("Use the model's chat template, as `itamed eval --apply_chat_template` will.", False)
    max_length: int = explained(
        "Longest prompt with its answer, in tokens; longer ones are left out and counted.", 2048
    )
    batch: int = explained("Examples a step, of all processes together.", 64)
    pack: int = explained("Tokens of one forward: examples are packed into it, prompts that begin alike once.", 4096)
    lora: Lora | None = explained("Adapters; null trains all weights.", Lora())
    optimizer: Optimizer = explained("Optimizer and schedule.", Optimizer())
    dev_notes: int = explained("Notes a task of the development rows that are watched in training; 0: none.", 10)
    dev_every: int = explained("Steps between two looks at them, and between checkpoints.", 50)
    dev_score: bool = explained("Answer them too, constrained, and keep the checkpoint that scores best.", True)


@dataclass(frozen=True)
class Recipe:
    """A checkpoint in the making."""

    name: str = explained("Name of the checkpoint, and of its folder.")
    base: str = explained("Hub name or folder of the base model.")
    revision: str = explained("Its branch, tag or commit; empty: the newest.", "")
    seed: int = explained("Of the order of the data, dropout and new weights.", 0)
    dtype: str = explained("bfloat16, float32, or auto: what this machine is fast in.", "auto")
    gradient_checkpointing: bool = explained("Compute activations twice and keep fewer: less memory, more time.", False)
    merge: bool = explained("Write the whole model with its adapters merged, beside the adapters.", True)
    sft: Sft | None = explained("Supervised fine-tuning; null: none.", None)


def load_recipe(name: str) -> Recipe:
    """Read a recipe: a YAML file, or the name of one that the package brings.

    Raises:
        ItamedError: there is no such recipe, it is no YAML, or a setting is unknown or impossible.
    """
    path = Path(name)
    text = _text(path) if path.suffix in (".yaml", ".yml") else _packaged(name)
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ItamedError(f"{name} is no YAML: {' '.join(str(error).split())}.") from error
    recipe = read(Recipe, value)
    _check(recipe)
    return recipe


def recipe_names() -> list[str]:
    """Return the names of the recipes that the package brings."""
    return sorted(path.name.removesuffix(".yaml") for path in files(__package__).joinpath("recipes").iterdir())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ItamedError(f"Cannot read the recipe {path}: {error}.") from error


def _packaged(name: str) -> str:
    if name not in recipe_names():
        raise ItamedError(f"No recipe is named {name}: give a .yaml file, or one of {', '.join(recipe_names())}.")
    return files(__package__).joinpath("recipes", f"{name}.yaml").read_text(encoding="utf-8")


def _check(recipe: Recipe) -> None:
    if recipe.sft is None:
        raise ItamedError("The recipe trains nothing: give it an sft section.")
    if recipe.dtype not in ("auto", "bfloat16", "float32"):
        raise ItamedError(f"dtype must be bfloat16, float32 or auto, not {recipe.dtype}.")
    sft = recipe.sft
    if sft.optimizer.schedule not in ("cosine", "linear", "constant"):
        raise ItamedError(f"sft.optimizer.schedule must be cosine, linear or constant, not {sft.optimizer.schedule}.")
    if not 0 <= sft.fewshot_share <= 1:
        raise ItamedError(f"sft.fewshot_share must lie between 0 and 1, not {sft.fewshot_share}.")
    for name, number in (("batch", sft.batch), ("pack", sft.pack), ("max_length", sft.max_length)):
        if number < 1:
            raise ItamedError(f"sft.{name} must be at least 1, not {number}.")
    for task, weight in sft.weights.items():
        if weight < 0:
            raise ItamedError(f"sft.weights.{task} must not be negative: {weight}.")
