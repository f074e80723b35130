"""One stage of a training: examples, a look at held-out ones, and transformers' trainer between them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from transformers import PreTrainedModel, TrainingArguments

from .checkpoints import last_whole
from .dev import Dev
from .encode import Encoded
from .model import check, trainable, with_adapters
from .recipe import Lora, Optimizer, Recipe
from .steps import Steps
from .trainer import PackTrainer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """What a stage trains on and how; the fields are those of the recipe's sections."""

    examples: Sequence[Encoded]
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
        ItamedError: processes cannot share a step alike, the loss diverges, or a checkpoint cannot be written.
    """
    trainer = prepared(stage, recipe, lm, folder)
    with trainable(lm.model):
        trainer.train(resume_from_checkpoint=last_whole(folder))
    return trainer


def prepared(stage: Stage, recipe: Recipe, lm: ItamedHF, folder: Path) -> PackTrainer:
    """Return the trainer of a stage, whose adapters the model now has; for the arguments see `run`."""
    model: PreTrainedModel = lm.model
    adapted = with_adapters(model, stage.lora, recipe.seed)
    arguments = _arguments(stage, recipe, folder, model)
    processes = max(1, arguments.world_size)
    steps = steps_of(stage, recipe.seed, processes)
    _log.info("%d examples, %d steps.", len(stage.examples), -(-len(steps) // processes))
    trainer = PackTrainer(model=adapted, lm=lm, dev=stage.dev, args=arguments, train_dataset=steps, eval_dataset=steps)
    trainer.data = stage.data | {
        "tokens": sum(map(len, stage.examples)),
        "answer_tokens": sum(len(example.answer) for example in stage.examples),
    }
    return trainer


def steps_of(stage: Stage, seed: int, processes: int) -> Steps:
    """Return the steps of a stage, those of all processes.

    Raises:
        ItamedError: they cannot share a step alike.
    """
    if stage.batch % processes:
        raise ItamedError(f"{stage.batch} examples a step are no multiple of {processes} processes: change batch.")
    return Steps(
        stage.examples,
        stage.weights,
        batch=stage.batch // processes,
        room=stage.pack,
        epochs=stage.optimizer.epochs,
        seed=seed,
        most=stage.optimizer.max_steps * processes,
    )


def _arguments(stage: Stage, recipe: Recipe, folder: Path, model: PreTrainedModel) -> TrainingArguments:
    """Return a recipe's settings as the trainer's."""
    opt, watched, scored = stage.optimizer, bool(stage.dev.packs), bool(stage.dev.requests)
    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=1,
        num_train_epochs=1,
        learning_rate=opt.learning_rate,
        lr_scheduler_type=opt.schedule,
        warmup_steps=opt.warmup,
        weight_decay=opt.weight_decay,
        max_grad_norm=opt.clip,
        seed=recipe.seed,
        # Adapters stand in float32 beside weights of any precision; whole weights are cast as they are used.
        bf16=stage.lora is None and recipe.dtype != "float32" and torch.cuda.is_available(),
        gradient_checkpointing=recipe.gradient_checkpointing,
        use_cpu=model.device.type == "cpu",
        logging_steps=1,
        report_to=["tensorboard"],
        eval_strategy="steps" if watched else "no",
        eval_steps=stage.look_every,
        save_strategy="steps",
        save_steps=stage.look_every,
        save_total_limit=2,
        load_best_model_at_end=watched,
        metric_for_best_model=("eval_mean" if scored else "eval_loss") if watched else None,
        greater_is_better=scored if watched else None,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    # Without a launcher one GPU is used, not all of them through DataParallel; reading `device` sets the number.
    if arguments.device.type == "cuda":
        arguments._n_gpu = 1
    return arguments
