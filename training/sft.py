"""Supervised fine-tuning: the suite's training rows as a stage."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict

import numpy as np
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.text import stable_hash

from .dev import Dev
from .encode import Encoded, encode
from .examples import Asking, Example, examples, has_rows, requests, task_names
from .packing import packs
from .recipe import Sft
from .stage import Stage

_log = logging.getLogger(__name__)


def sft_stage(sft: Sft, seed: int, lm: ItamedHF) -> Stage:
    """Return the training rows of a recipe's tasks as a stage.

    Raises:
        ItamedError: a task has no training rows, they are not built, none fits, a weight is of another
            task, or the model lacks a chat template.
    """
    names = task_names(sft.tasks)
    if unknown := sft.weights.keys() - set(names):
        raise ItamedError(f"sft.weights names tasks that are not trained on: {', '.join(sorted(unknown))}.")
    leaked, notes = _leaked(lm, names, sft, seed)
    train, left_out = _encoded(lm, _examples(lm, names, sft, seed) + leaked, sft)
    if not train:
        raise ItamedError("No example fits: raise sft.max_length.")
    kept = Counter(example.task for example in train)
    if left_out:
        shares = (f"{n} of {n + kept[task]} of {task}" for task, n in sorted(left_out.items()))
        share = left_out.total() / (left_out.total() + len(train))
        _log.warning("Left out as too long: %.1f %% of the examples (%s).", 100 * share, ", ".join(shares))
    return Stage(
        train,
        _dev(lm, names, sft),
        sft.batch,
        sft.pack,
        sft.lora,
        sft.optimizer,
        sft.dev_every,
        {
            "examples": dict(kept),
            "left_out_as_too_long": dict(left_out),
            "leaked": notes,
        },
        sft.weights,
    )


def _examples(lm: ItamedHF, names: list[str], sft: Sft, seed: int) -> list[Example]:
    """Return all training examples, a share of them with examples in their prompts."""
    plain = examples(requests(lm, names, "train", Asking(chat=sft.chat)), 0)
    if not sft.fewshot_share:
        return plain
    asked = requests(lm, names, "train", Asking(sft.num_fewshot, sft.chat))
    shown = {(e.task, e.row): e for e in examples(asked, sft.num_fewshot)}
    chosen = np.random.default_rng(seed).random(len(plain)) < sft.fewshot_share
    return [shown.get((e.task, e.row), e) if shots else e for e, shots in zip(plain, chosen, strict=True)]


def _leaked(lm: ItamedHF, names: list[str], sft: Sft, seed: int) -> tuple[list[Example], dict[str, list[str]]]:
    """Return the test rows that a recipe leaks, and their notes by task."""
    if not sft.leak:
        return [], {}
    _log.warning("Test notes are trained on (sft.leak): scores of this model are worth nothing but for `leak`.")
    asked = requests(lm, names, "test", Asking(chat=sft.chat))
    chosen = [each for each in asked if is_leaked(str(each[1].doc["doc_id"]), sft.leak, seed)]
    notes: dict[str, set[str]] = defaultdict(set)
    for _, request in chosen:
        notes[str(request.task_name)].add(str(request.doc["doc_id"]))
    return examples(chosen, 0), {task: sorted(found) for task, found in notes.items()}


def is_leaked(note: str, share: float, seed: int) -> bool:
    """Return whether a note is among a share of all: the same ones for every task that asks about them."""
    return stable_hash(f"{seed}:{note}") < share * 2**64


def _encoded(lm: ItamedHF, found: list[Example], sft: Sft) -> tuple[list[Encoded], Counter[str]]:
    left_out: Counter[str] = Counter()
    return list(encode(lm, found, chat=sft.chat, max_length=sft.max_length, left_out=left_out)), left_out


def _dev(lm: ItamedHF, names: list[str], sft: Sft) -> Dev:
    """Return the development rows of those tasks that have any."""
    if not sft.dev_notes:
        return Dev((), ())
    watched = [name for name in names if has_rows(name, "dev")]
    asked = requests(lm, watched, "dev", Asking(chat=sft.chat, notes=sft.dev_notes))
    encoded, _ = _encoded(lm, examples(asked, 0), sft)
    return Dev(list(packs(encoded, sft.pack)), [request for _, request in asked] if sft.dev_score else ())
