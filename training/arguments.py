"""A recipe's settings as those of transformers' trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from .recipe import Optimizer, Recipe


def arguments_of(
    recipe: Recipe,
    optimizer: Optimizer,
    folder: Path,
    *,
    look_every: int,
    watched: str,
    bf16: bool,
    use_cpu: bool,
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
        bf16: whether a GPU may compute in bfloat16, if the recipe does not forbid it.
        use_cpu: whether a GPU is left alone.
        **more: as for `TrainingArguments`.
    """
    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": 1,
        "num_train_epochs": 1,
        "learning_rate": optimizer.learning_rate,
        "lr_scheduler_type": optimizer.schedule,
        "warmup_steps": optimizer.warmup,
        "weight_decay": optimizer.weight_decay,
        "max_grad_norm": optimizer.clip,
        "seed": recipe.seed,
        "bf16": bf16 and recipe.dtype != "float32" and torch.cuda.is_available(),
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "use_cpu": use_cpu,
        "logging_steps": 1,
        "report_to": ["tensorboard"],
        "eval_strategy": "steps" if watched else "no",
        "eval_steps": look_every,
        "save_strategy": "steps",
        "save_steps": look_every,
        "save_total_limit": 2,
        "load_best_model_at_end": bool(watched),
        "metric_for_best_model": watched or None,
        "greater_is_better": watched != "eval_loss" if watched else None,
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
    }
    arguments = TrainingArguments(**settings | more)
    # Without a launcher one GPU is used, not all of them through DataParallel; reading `device` sets the number.
    if arguments.device.type == "cuda":
        arguments._n_gpu = 1
    return arguments
