"""Supervised fine-tuning: from a recipe to a checkpoint that the benchmark can evaluate."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from transformers import PreTrainedModel, TrainingArguments

from .checkpoints import last_whole
from .dev import Dev
from .encode import Encoded, encode
from .examples import Asking, Example, examples, has_rows, load_tasks, requests, task_names
from .model import check, trainable, with_adapters
from .packing import packs
from .recipe import Recipe, Sft
from .steps import Steps
from .trainer import PackTrainer

_log = logging.getLogger(__name__)


def fine_tune(recipe: Recipe, base: tuple[PreTrainedModel, Any], folder: Path) -> PackTrainer:
    """Train a model on the training rows of a recipe's tasks; returns the trainer, with the best weights loaded.

    Args:
        recipe: with an `sft` section.
        base: the model to start from, and its tokenizer.
        folder: for checkpoints and logs; a run that was interrupted there goes on.

    Raises:
        ItamedError: data or model do not fit the recipe, memory runs out, or the loss diverges.
    """
    sft = recipe.sft
    assert sft is not None
    model, tokenizer = base
    lm = ItamedHF(model, tokenizer=tokenizer, batch_size=16, enable_thinking=False)
    check(model)
    # The engine checks the model's own attention, which training replaces.
    lm.prepare()
    adapted = with_adapters(model, sft.lora, recipe.seed) if sft.lora else model
    names = task_names(sft.tasks)
    train, left_out = _encoded(lm, _examples(lm, names, sft, recipe.seed), sft)
    if not train:
        raise ItamedError("No example fits: raise sft.max_length.")
    dev = _dev(lm, names, sft)
    arguments = _arguments(recipe, sft, folder, model)
    processes = max(1, arguments.world_size)
    steps = Steps(
        train,
        sft.weights,
        batch=max(1, sft.batch // processes),
        room=sft.pack,
        epochs=sft.optimizer.epochs,
        seed=recipe.seed,
    )
    _log.info("%d examples of %d tasks, %d steps.", len(train), len(names), len(steps) // processes)
    if left_out:
        _log.warning("Left out as too long: %s.", ", ".join(f"{n} of {task}" for task, n in sorted(left_out.items())))
    trainer = PackTrainer(model=adapted, lm=lm, dev=dev, args=arguments, train_dataset=steps, eval_dataset=steps)
    trainer.data = {
        "examples": dict(Counter(example.task for example in train)),
        "left_out_as_too_long": dict(left_out),
        "answer_tokens": sum(len(example.answer) for example in train),
        "tokens": sum(map(len, train)),
    }
    with trainable(model):
        trainer.train(resume_from_checkpoint=last_whole(folder))
    return trainer


def _examples(lm: ItamedHF, names: list[str], sft: Sft, seed: int) -> list[Example]:
    """Return all training examples, a share of them with examples in their prompts."""
    plain = examples(lm, names, "train", Asking(chat=sft.chat))
    if not sft.fewshot_share:
        return plain
    shown = {(e.task, e.row): e for e in examples(lm, names, "train", Asking(sft.num_fewshot, sft.chat))}
    chosen = np.random.default_rng(seed).random(len(plain)) < sft.fewshot_share
    return [shown.get((e.task, e.row), e) if shots else e for e, shots in zip(plain, chosen, strict=True)]


def _encoded(lm: ItamedHF, found: list[Example], sft: Sft) -> tuple[list[Encoded], Counter[str]]:
    left_out: Counter[str] = Counter()
    return list(encode(lm, found, chat=sft.chat, max_length=sft.max_length, left_out=left_out)), left_out


def _dev(lm: ItamedHF, names: list[str], sft: Sft) -> Dev:
    """Return the development rows of those tasks that have any."""
    if not sft.dev_notes:
        return Dev((), ())
    asking = Asking(chat=sft.chat, notes=sft.dev_notes)
    watched = [name for name in names if has_rows(name, "dev")]
    encoded, _ = _encoded(lm, examples(lm, watched, "dev", asking), sft)
    asked = [r for task in load_tasks(watched, "dev", asking).values() for r in requests(lm, task, asking)]
    return Dev(list(packs(encoded, sft.pack)), asked if sft.dev_score else ())


def _arguments(recipe: Recipe, sft: Sft, folder: Path, model: PreTrainedModel) -> TrainingArguments:
    """Return a recipe's settings as the trainer's."""
    opt = sft.optimizer
    watched = bool(sft.dev_notes)
    best = "eval_mean" if sft.dev_score else "eval_loss"
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=1,
        num_train_epochs=1,
        max_steps=opt.max_steps or -1,
        learning_rate=opt.learning_rate,
        lr_scheduler_type=opt.schedule,
        warmup_steps=opt.warmup,
        weight_decay=opt.weight_decay,
        max_grad_norm=opt.clip,
        seed=recipe.seed,
        bf16=sft.lora is None and model.dtype == torch.bfloat16,
        gradient_checkpointing=recipe.gradient_checkpointing,
        use_cpu=not torch.cuda.is_available(),
        logging_steps=1,
        report_to=["tensorboard"],
        eval_strategy="steps" if watched else "no",
        eval_steps=sft.dev_every,
        save_strategy="steps",
        save_steps=sft.dev_every,
        save_total_limit=2,
        load_best_model_at_end=watched,
        metric_for_best_model=best if watched else None,
        greater_is_better=sft.dev_score if watched else None,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
