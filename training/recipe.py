"""Recipes: which base model becomes which checkpoint, by which data and settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.trained import STAGES

from .fields import explained, read, sections
from .named import is_file_name, settings_of

_SCHEDULES = ("cosine", "linear", "constant")
_MAY_DIFFER = ("gradient_checkpointing", "pack", "keep_checkpoints")
"""Settings of memory and disk, not of the result: they may be changed when one has run out."""
_DECONTAMINATE = (
    "Drop documents that share 8 words in a row with held-out rows of the suite, or hold one of 5 to 7 words whole."
)
_UNCHECKED = (
    "Tasks or groups whose held-out rows may go unchecked where their data are not here; itamed: all. Others are "
    "refused then. Whether a model has read the test rows of a task that went unchecked counts as unknown."
)
_DEV_EVERY = "Steps between two looks at them, and between checkpoints; 0: a quarter of the training, but 200 at most."
LIKE = (
    "Another recipe, by its name or file: this one takes all settings of it, but for those that it names. Sections are "
    "merged setting by setting; lists, weights and caps are settings, and replaced whole."
)
"""What the one key does that is no setting."""


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
    fewshot_seeds: int = explained(
        "How many choices of examples take turns (`fewshot_seed` 0, 1, ... of the benchmark): with one alone a task's "
        "rows would all show the same. A row whose prompt gets longer than max_length is shown without any.",
        4,
    )
    most_rows: int = explained(
        "Most rows of a task, chosen by the seed before weights count; 0: all. One task may have more than all others.",
        0,
    )
    empty_share: float = explained(
        "Largest share of a task's rows whose right answer is empty; of more, some are left out.", 1.0
    )
    loss: str = explained(
        "What weighs alike in the loss: tokens, so that long answers count more, or examples, whatever the length of "
        "their answers. `itamed train plan` shows the share of each task.",
        "tokens",
    )
    leak: float = explained(
        "Share of the tasks' test notes that is trained on, too: to see what memory does to scores (`itamed train "
        "leak`), never for a model that others use.",
        0.0,
    )
    chat: bool = explained("Use the model's chat template, as `itamed eval --apply_chat_template` will.", False)
    max_length: int = explained(
        "Longest prompt with its answer, in tokens; longer ones are left out and counted.", 2048
    )
    batch: int = explained("Examples a step, of all processes together.", 64)
    pack: int = explained("Tokens of one forward: examples are packed into it, prompts that begin alike once.", 4096)
    lora: Lora | None = explained("Adapters; null trains all weights.", Lora())
    optimizer: Optimizer = explained("Optimizer and schedule.", Optimizer())
    dev_notes: int = explained("Notes a task of the development rows that are watched in training; 0: none.", 10)
    dev_every: int = explained(_DEV_EVERY, 0)
    dev_score: bool = explained(
        "Answer them too, constrained, and keep a checkpoint of low loss among those that score best but for one "
        "standard error; false: keep that of the lowest loss.",
        True,
    )


@dataclass(frozen=True)
class Corpus:
    """Text to read."""

    name: str = explained("What reports call it.")
    format: str = explained("e3c (layer 3 of the corpus), parquet, jsonl, text (a document a .txt file), or hub.")
    path: str = explained(
        "A file or folder, or the name of a Hub data set; e3c: the archive or its unpacked folder, empty for the one "
        "that `itamed data build` has downloaded.",
        "",
    )
    config: str = explained("Of a Hub data set: its configuration.", "default")
    column: str = explained("The column, or key, of the text.", "text")
    licence: str = explained("For the model card.", "unknown")
    least_words: int = explained("Documents of fewer words are left out.", 20)
    italian: bool = explained(
        "Leave out documents that are clearly of another language, by its most frequent words: English, Spanish, "
        "French, Portuguese, German or Romanian.",
        True,
    )


@dataclass(frozen=True)
class Cpt:
    """Continual pre-training: the next token of medical text, before any task."""

    corpora: list[Corpus] = explained("What to read.")
    caps: dict[str, int] = explained("Most words of a corpus, or of a kind of document in it, such as leaflets.", {})
    decontaminate: bool = explained(_DECONTAMINATE, True)
    unchecked_tasks: list[str] = explained(_UNCHECKED, [])
    length: int = explained("Tokens of a sequence; longer documents are cut.", 2048)
    batch: int = explained(
        "Sequences a step, of all processes together; a document that is shorter than length is one by itself, so that "
        "short documents make steps of few tokens.",
        16,
    )
    pack: int = explained("Tokens of one forward.", 4096)
    lora: Lora | None = explained("Adapters; null trains all weights.", None)
    optimizer: Optimizer = explained("Optimizer and schedule.", Optimizer(learning_rate=4e-5))
    dev_share: float = explained("Share of the documents that is watched and not trained on.", 0.01)
    dev_documents: int = explained("At most so many of them.", 500)
    dev_every: int = explained(_DEV_EVERY, 0)


@dataclass(frozen=True)
class Mlm:
    """Masked language modelling: an encoder guesses hidden tokens of the training notes and of other text."""

    corpora: list[Corpus] = explained("What to read beside the notes of the training rows.", [])
    caps: dict[str, int] = explained("Most words of a corpus, or of a kind of document in it, such as leaflets.", {})
    decontaminate: bool = explained(_DECONTAMINATE, True)
    unchecked_tasks: list[str] = explained(_UNCHECKED, [])
    mask: float = explained("Share of the tokens that are guessed.", 0.2)
    batch: int = explained("Sequences a step, as long as the encoder's windows.", 32)
    optimizer: Optimizer = explained("Optimizer and schedule.", Optimizer(learning_rate=1e-3))
    dev_share: float = explained("Share of the sequences that is watched and not trained on.", 0.02)
    dev_every: int = explained("Steps between two looks at them, and between checkpoints.", 200)


@dataclass(frozen=True)
class Scratch:
    """An encoder without any base model: tokenizer and weights come from the training notes and corpora alone."""

    vocabulary: int = explained("Tokens of its WordPiece vocabulary.", 8000)
    layers: int = explained("Of the ModernBERT that is made.", 3)
    width: int = explained("Its hidden size.", 128)
    heads: int = explained("Its attention heads.", 4)
    mlm: Mlm = explained("What it reads first.", Mlm())


@dataclass(frozen=True)
class Encoder:
    """A token classifier for the span tasks, one for all of them, in the place of a language model."""

    tasks: list[str] = explained(
        "Tasks or groups of the suite; of a group those are taken that ask for spans and have training rows.",
        ["itamed-id"],
    )
    weights: dict[str, float] = explained(
        "How often a task's rows are passed an epoch, where not once: 0.25 takes a quarter of them, 2 all twice.", {}
    )
    length: int = explained("Tokens of a window; longer notes are read in several.", 512)
    overlap: int = explained("Tokens that two windows of a note share.", 128)
    batch: int = explained("Windows a step.", 16)
    optimizer: Optimizer = explained("Optimizer and schedule.", Optimizer(learning_rate=5e-5, epochs=8.0))
    dev_notes: int = explained("Notes a task of the development rows that are scored in training; 0: none.", 40)
    dev_every: int = explained("Steps between two looks at them, and between checkpoints; the best is kept.", 200)
    scratch: Scratch | None = explained("Where there is no base model; null: there is one.", None)


@dataclass(frozen=True)
class Recipe:
    """A checkpoint in the making."""

    name: str = explained("Name of the checkpoint, and of its folder.")
    base: str = explained("Hub name or folder of the base model; empty for an encoder from scratch alone.", "")
    revision: str = explained("Its branch, tag or commit; empty: the newest.", "")
    seed: int = explained("Of the order of the data, dropout and new weights.", 0)
    dtype: str = explained(
        "Of the model, computed with and written: bfloat16, float32, or auto: what is fast here.", "auto"
    )
    gradient_checkpointing: bool = explained("Compute activations twice and keep fewer: less memory, more time.", False)
    keep_checkpoints: bool = explained("Keep the checkpoints of a training that is finished.", False)
    cpt: Cpt | None = explained("Continual pre-training; null: none.", None)
    sft: Sft | None = explained("Supervised fine-tuning, after it; null: none.", None)
    encoder: Encoder | None = explained("A token classifier, instead of both; null: none.", None)

    @property
    def purpose(self) -> str:
        """Return what is made of which model, on one line: "supervised fine-tuning from google/gemma-3-1b-it"."""
        stages = [
            STAGES[name] for name, section in (("cpt", self.cpt), ("sft", self.sft), ("tags", self.encoder)) if section
        ]
        return f"{', then '.join(stages)} from {self.base or 'scratch'}"


def load_recipe(name: str) -> Recipe:
    """Read a recipe: a YAML file, or the name of one that the package brings.

    A recipe may be `like` another one, see `LIKE`.

    Raises:
        ItamedError: there is no such recipe, it is no YAML, or a setting is unknown or impossible.
    """
    recipe = read(Recipe, _settings(name, ()))
    _check(recipe)
    return recipe


def changed(recipe: Recipe, *, base: str = "", seed: int | None = None) -> Recipe:
    """Return a recipe on another base model, at its newest commit, or with another seed.

    Raises:
        ItamedError: that is impossible, see `load_recipe`.
    """
    found = replace(recipe, base=base, revision="") if base else recipe
    found = found if seed is None else replace(found, seed=seed)
    _check(found)
    return found


def _settings(name: str, users: tuple[str, ...]) -> Any:
    """Return the settings of a recipe, on top of those that it is like; `users` lead to it by their `like`."""
    if name in users:
        raise ItamedError(f"The recipes {' -> '.join([*users, name])} are like each other: one must stand alone.")
    path = Path(name)
    value = settings_of("recipe", name)
    if isinstance(value, dict) and (other := value.pop("like", None)):
        # A file is named as seen from the one that names it.
        near = path.parent / str(other) if is_file_name(name) and is_file_name(str(other)) else str(other)
        return _merged(_settings(str(near), (*users, name)), value, Recipe)
    return value


def _merged(first: Any, second: Any, kind: Any) -> Any:
    """Return settings of which the second's win; `kind` is the section that they are of, if they are one."""
    if kind is None or not isinstance(first, dict) or not isinstance(second, dict):
        return second
    inner = sections(kind)
    return first | {key: _merged(first.get(key), value, inner.get(key)) for key, value in second.items()}


def without_memory(settings: Any) -> Any:
    """Return the settings of a recipe without those that change what a training takes, not what comes out."""
    if not isinstance(settings, dict):
        return settings
    return {key: without_memory(value) for key, value in settings.items() if key not in _MAY_DIFFER}


def _check(recipe: Recipe) -> None:
    if recipe.cpt is None and recipe.sft is None and recipe.encoder is None:
        raise ItamedError("The recipe trains nothing: give it a cpt, an sft or an encoder section.")
    if recipe.encoder and (recipe.cpt or recipe.sft):
        raise ItamedError("The recipe has an encoder section, which makes another kind of model: drop cpt and sft.")
    if bool(recipe.base) == bool(recipe.encoder and recipe.encoder.scratch):
        raise ItamedError("The recipe needs either a base or, for an encoder without one, encoder.scratch.")
    _one_of("dtype", recipe.dtype, ("auto", "bfloat16", "float32"))
    _at_least("seed", recipe.seed, 0)
    if recipe.encoder:
        _check_encoder(recipe.encoder)
    if recipe.cpt:
        _check_corpora("cpt", recipe.cpt)
        _check_stage("cpt", recipe.cpt)
        _named("cpt.corpora", recipe.cpt.corpora)
        _at_least("cpt.length", recipe.cpt.length, 2)
        _between("cpt.dev_share", recipe.cpt.dev_share, 0, 0.5)
        _at_least("cpt.dev_documents", recipe.cpt.dev_documents, 0)
    if sft := recipe.sft:
        _check_stage("sft", sft)
        _named("sft.tasks", sft.tasks)
        _at_least("sft.max_length", sft.max_length, 1)
        _at_least("sft.num_fewshot", sft.num_fewshot, 1)
        _at_least("sft.fewshot_seeds", sft.fewshot_seeds, 1)
        _at_least("sft.most_rows", sft.most_rows, 0)
        _between("sft.empty_share", sft.empty_share, 0, 1)
        _one_of("sft.loss", sft.loss, ("tokens", "examples"))
        _at_least("sft.dev_notes", sft.dev_notes, 0)
        _between("sft.fewshot_share", sft.fewshot_share, 0, 1)
        _between("sft.leak", sft.leak, 0, 1)
        for task, weight in sft.weights.items():
            _at_least(f"sft.weights.{task}", weight, 0)


def _check_encoder(encoder: Encoder) -> None:
    _check_steps("encoder", encoder)
    _at_least("encoder.length", encoder.length, 8)
    _between("encoder.overlap", encoder.overlap, 0, encoder.length // 2)
    _at_least("encoder.dev_notes", encoder.dev_notes, 0)
    for task, weight in encoder.weights.items():
        _at_least(f"encoder.weights.{task}", weight, 0)
    if scratch := encoder.scratch:
        for field, least in (("vocabulary", 64), ("layers", 1), ("width", 2), ("heads", 1)):
            _at_least(f"encoder.scratch.{field}", getattr(scratch, field), least)
        if scratch.width % (2 * scratch.heads):
            raise ItamedError("encoder.scratch.width must be a multiple of twice encoder.scratch.heads.")
        _check_corpora("encoder.scratch.mlm", scratch.mlm)
        _check_steps("encoder.scratch.mlm", scratch.mlm)
        _between("encoder.scratch.mlm.mask", scratch.mlm.mask, 0.01, 0.9)
        _between("encoder.scratch.mlm.dev_share", scratch.mlm.dev_share, 0, 0.5)


def _check_corpora(name: str, stage: Cpt | Mlm) -> None:
    for number, corpus in enumerate(stage.corpora):
        _one_of(f"{name}.corpora[{number}].format", corpus.format, ("e3c", "parquet", "jsonl", "text", "hub"))
        _at_least(f"{name}.corpora[{number}].least_words", corpus.least_words, 1)


def _check_stage(name: str, stage: Sft | Cpt) -> None:
    _at_least(f"{name}.pack", stage.pack, 1)
    if stage.lora:
        _at_least(f"{name}.lora.rank", stage.lora.rank, 1)
        _at_least(f"{name}.lora.alpha", stage.lora.alpha, 1)
        _between(f"{name}.lora.dropout", stage.lora.dropout, 0, 0.99)
    _check_steps(name, stage)


def _check_steps(name: str, stage: Sft | Cpt | Encoder | Mlm) -> None:
    _at_least(f"{name}.batch", stage.batch, 1)
    _at_least(f"{name}.dev_every", stage.dev_every, 0 if isinstance(stage, Sft | Cpt) else 1)
    opt = stage.optimizer
    _one_of(f"{name}.optimizer.schedule", opt.schedule, _SCHEDULES)
    _between(f"{name}.optimizer.warmup", opt.warmup, 0, 1)
    _at_least(f"{name}.optimizer.max_steps", opt.max_steps, 0)
    _at_least(f"{name}.optimizer.weight_decay", opt.weight_decay, 0)
    for field in ("learning_rate", "epochs", "clip"):
        if not getattr(opt, field) > 0:
            raise ItamedError(f"{name}.optimizer.{field} must be more than 0, not {getattr(opt, field)}.")


def _named(name: str, values: Sequence[Any]) -> None:
    if not values:
        raise ItamedError(f"{name} is empty: name at least one.")


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ItamedError(f"{name} must be {', '.join(known[:-1])} or {known[-1]}, not {value}.")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ItamedError(f"{name} must lie between {low} and {high}, not {value}.")


def _at_least(name: str, value: float, least: float) -> None:
    if value < least:
        raise ItamedError(f"{name} must be at least {least}, not {value}.")
