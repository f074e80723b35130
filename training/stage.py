"""One stage of a training: examples, a look at held-out ones, and transformers' trainer between them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from transformers import PreTrainedModel

from .arguments import arguments_of
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
    # Adapters stand in float32 beside weights of any precision; whole weights are cast as they are used.
    arguments = arguments_of(
        recipe,
        stage.optimizer,
        folder,
        look_every=stage.look_every,
        watched=("eval_mean" if stage.dev.requests else "eval_loss") if stage.dev.packs else "",
        bf16=stage.lora is None,
        use_cpu=model.device.type == "cpu",
    )
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
