"""One stage of a training: examples, a look at held-out ones, and transformers' trainer between them."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.engines.hf.memory import free_bytes
from itamed.benchmark.errors import ItamedError
from transformers import PreTrainedModel

from .arguments import arguments_of
from .begun import begun_with, bytes_of, checkpoint_of, write_begun
from .dev import Dev
from .encode import Examples
from .memory import kept_bytes, state_bytes
from .model import check, trainable, with_adapters
from .recipe import Lora, Optimizer, Recipe
from .steps import Steps
from .trainer import PackTrainer

_log = logging.getLogger(__name__)
_LOOKS, _MOST = 4, 200
"""Where a recipe leaves it open: so many looks and checkpoints, or more, so that no more steps lie between two."""


@dataclass(frozen=True)
class Stage:
    """What a stage trains on and how; the fields are those of the recipe's sections."""

    examples: Examples
    dev: Dev
    batch: int
    pack: int
    lora: Lora | None
    optimizer: Optimizer
    look_every: int
    data: dict[str, Any]
    weights: Mapping[str, float] = field(default_factory=dict)


def engine(model: PreTrainedModel, tokenizer: Any) -> ItamedHF:
    """Return a model as the benchmark's engine, after checking that it can be trained on packed examples.

    Raises:
        ItamedError: it cannot.
    """
    lm = ItamedHF(model, tokenizer=tokenizer, batch_size=16, enable_thinking=False)
    check(model)
    # The engine checks the model's own attention, which training replaces.
    lm.prepare()
    return lm


def run(stage: Stage, recipe: Recipe, lm: ItamedHF, folder: Path) -> PackTrainer:
    """Train; returns the trainer, with the best weights loaded if held-out examples were watched.

    Args:
        stage: what to train on.
        recipe: for what all stages share.
        lm: the model, see `engine`.
        folder: for checkpoints and logs; a run that was interrupted there goes on.

    Raises:
        ItamedError: there are more processes than examples a step, an example is longer than the model can read,
            the run that was interrupted was begun with something else, the loss diverges, or a checkpoint cannot be
            written.
    """
    begun = begun_with(bytes_of(stage.examples), lm.model)
    checkpoint = checkpoint_of(folder, begun)
    trainer = prepared(stage, recipe, lm, folder)
    trainer.data["examples_sha256"] = begun["examples"]
    if trainer.is_world_process_zero():
        write_begun(folder, begun)
    # Where weights are shared out among GPUs, each has a part of all this.
    if not trainer.is_fsdp_enabled:
        _warn_of_memory(stage, recipe, lm, trainer)
    with trainable(lm.model):
        trainer.train(resume_from_checkpoint=checkpoint)
    return trainer


def _warn_of_memory(stage: Stage, recipe: Recipe, lm: ItamedHF, trainer: PackTrainer) -> None:
    """Warn where memory will not do: a processor's system kills without a word."""
    trained = sum(each.numel() for each in lm.model.parameters() if each.requires_grad)
    dtype = "bfloat16" if trainer.args.bf16 else str(lm.model.dtype).removeprefix("torch.")
    tokens = min(stage.pack, trainer.data["tokens"])
    kept = kept_bytes(lm.model.config, dtype, stage.lora, tokens, twice=recipe.gradient_checkpointing)
    needed, free = state_bytes(trained, stage.lora) + kept, free_bytes(lm.model.device)
    if needed > free:
        _log.warning(
            "Beside the model at least %.1f GiB are needed, and %.1f are free: lower pack, or set "
            "gradient_checkpointing; a training that has begun lets you change both.",
            needed / 2**30,
            free / 2**30,
        )


def prepared(stage: Stage, recipe: Recipe, lm: ItamedHF, folder: Path) -> PackTrainer:
    """Return the trainer of a stage, whose adapters the model now has; for the arguments see `run`."""
    _require_places(stage, lm)
    adapted = with_adapters(lm.model, stage.lora, recipe.seed)
    arguments = arguments_of(
        recipe,
        stage.optimizer,
        folder,
        look_every=stage.look_every or _MOST,
        watched=("eval_mean" if stage.dev.requests else "eval_loss") if stage.dev.packs else "",
        # Adapters stand in float32 beside weights of any precision; whole weights are cast as they are used.
        bf16=stage.lora is None,
    )
    processes = max(1, arguments.world_size)
    steps = steps_of(stage, recipe.seed, processes)
    count = len(steps) // processes
    arguments.eval_steps = arguments.save_steps = stage.look_every or min(_MOST, math.ceil(count / _LOOKS))
    _log.info("%d examples, %d steps.", len(stage.examples), count)
    trainer = PackTrainer(model=adapted, lm=lm, dev=stage.dev, args=arguments, train_dataset=steps, eval_dataset=steps)
    # By weights, epochs and most steps some examples come again, and others never.
    tokens, answers, tasks = 0, 0, Counter[str]()
    for example in steps.passed():
        tokens += len(example)
        answers += len(example.answer)
        tasks[example.task] += 1
    trainer.data = stage.data | {"tokens": tokens, "answer_tokens": answers}
    if "examples" in stage.data:
        trainer.data["examples"] = dict(tasks)
    return trainer


def _require_places(stage: Stage, lm: ItamedHF) -> None:
    """Refuse examples with more tokens than a model has positions: beyond them it computes what it never learnt."""
    longest = max(map(len, stage.examples))
    most = getattr(lm.model.config.get_text_config(), "max_position_embeddings", None) or longest
    if longest > most:
        raise ItamedError(
            f"The longest example has {longest} tokens, the model reads {most}: lower sft.max_length, or cpt.length."
        )


def steps_of(stage: Stage, seed: int, processes: int) -> Steps:
    """Return the steps of a stage, those of all processes.

    Raises:
        ItamedError: a step has fewer examples than there are processes, or there is no step.
    """
    if stage.batch < processes:
        raise ItamedError(f"{stage.batch} examples a step are too few for {processes} processes: raise batch.")
    steps = Steps(
        stage.examples,
        stage.weights,
        batch=stage.batch,
        room=stage.pack,
        processes=processes,
        epochs=stage.optimizer.epochs,
        seed=seed,
        most=stage.optimizer.max_steps,
    )
    if not len(steps):
        raise ItamedError(
            f"The recipe comes to no step: {len(stage.examples)} examples, weighed by task, in "
            f"{stage.optimizer.epochs:g} epochs. Raise optimizer.epochs, or weights."
        )
    return steps
