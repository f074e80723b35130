"""A recipe's settings as those of transformers' trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainingArguments
from transformers.utils import is_torch_tf32_available

from .model import training_device, training_dtype
from .recipe import Optimizer, Recipe

_SCHEDULES = {"constant": "constant_with_warmup"}
"""The trainer's names where they differ: its "constant" knows no warm-up."""


CHECKPOINTS = 3
"""On disk at most: the one to keep, the last one, and a new one before it takes another's place."""


def arguments_of(
    recipe: Recipe,
    optimizer: Optimizer,
    folder: Path,
    *,
    look_every: int,
    watched: str,
    bf16: bool,
    **more: Any,
) -> TrainingArguments:
    """Return the trainer's settings; all data are passed once, in the order that they have.

    Args:
        recipe: for what all stages share.
        optimizer: of the stage.
        folder: for checkpoints and logs.
        look_every: steps between two looks at held-out data, and between checkpoints.
        watched: the metric that the checkpoint to keep is best in, "eval_loss" or one of which more is better;
            empty: nothing is looked at, and the last one is kept.
        bf16: whether weights are cast to bfloat16 as they are used, where that is fast and the recipe lets it.
        **more: as for `TrainingArguments`.
    """
    device = training_device()
    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": 1,
        "num_train_epochs": 1,
        "learning_rate": optimizer.learning_rate,
        "lr_scheduler_type": _SCHEDULES.get(optimizer.schedule, optimizer.schedule),
        "warmup_steps": optimizer.warmup,
        "weight_decay": optimizer.weight_decay,
        "max_grad_norm": optimizer.clip,
        "seed": recipe.seed,
        "bf16": bf16 and training_dtype(recipe.dtype) == "bfloat16",
        # What stays in float32 is multiplied several times as fast; None leaves other devices alone.
        "tf32": True if device != "cpu" and is_torch_tf32_available() else None,
        "activation_checkpointing": recipe.gradient_checkpointing,
        "use_cpu": device == "cpu",
        "logging_steps": 1,
        "report_to": ["tensorboard"],
        "eval_strategy": "steps" if watched else "no",
        "eval_steps": look_every,
        "save_strategy": "steps",
        "save_steps": look_every,
        "save_total_limit": CHECKPOINTS - 1,
        "load_best_model_at_end": bool(watched),
        "metric_for_best_model": watched or None,
        "greater_is_better": watched != "eval_loss" if watched else None,
        "remove_unused_columns": False,
        # Every weight that is trained has a part in every forward.
        "ddp_find_unused_parameters": False,
        "dataloader_pin_memory": False,
    }
    arguments = TrainingArguments(**settings | more)
    # Not a launcher's (`accelerate config`), under which a training would be none of the recipe's.
    arguments.mixed_precision = "bf16" if arguments.bf16 else "no"
    # Without a launcher one GPU is used, not all of them through DataParallel; reading `device` sets the number.
    if arguments.device.type == "cuda":
        arguments._n_gpu = 1
    return arguments
