"""Supervised fine-tuning: the suite's training rows as a stage."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from datasets import Dataset
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.text import stable_hash

from .dev import Dev
from .encode import Encoded, encode
from .examples import Asking, Example, examples, has_rows, is_empty, requests, task_names
from .packing import packs
from .recipe import Sft
from .stage import Stage

_log = logging.getLogger(__name__)


def trained_tasks(sft: Sft) -> list[str]:
    """Return the tasks that a recipe trains on.

    Raises:
        ItamedError: a name is none, or a weight is of another task.
    """
    names = task_names(sft.tasks)
    if unknown := sft.weights.keys() - set(names):
        raise ItamedError(f"sft.weights names tasks that are not trained on: {', '.join(sorted(unknown))}.")
    return names


def sft_stage(sft: Sft, seed: int, lm: ItamedHF) -> Stage:
    """Return the training rows of a recipe's tasks as a stage.

    Raises:
        ItamedError: a task has no training rows, they are not built, none fits, a weight is of another
            task, or the model lacks a chat template.
    """
    names = trained_tasks(sft)
    leaked, notes = _leaked(lm, names, sft, seed)
    found, surplus = _examples(lm, names, sft, seed)
    train, left_out = _encoded(lm, found + leaked, sft)
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
            "left_out_as_too_many": surplus,
            "leaked": notes,
        },
        sft.weights,
    )


def _examples(lm: ItamedHF, names: list[str], sft: Sft, seed: int) -> tuple[list[Example], dict[str, int]]:
    """Return the training examples, a share of them with examples in their prompts; and how many rows are left out."""
    rows: dict[str, list[int]] = {}
    surplus: dict[str, int] = {}

    def chosen(name: str, found: Dataset) -> list[int]:
        rows[name] = chosen_rows(name, found, sft, seed)
        surplus.update({name: len(found) - len(rows[name])} if len(found) > len(rows[name]) else {})
        return rows[name]

    plain = examples(requests(lm, names, "train", Asking(chat=sft.chat), chosen), 0)
    if sft.fewshot_share:
        shown = _shown(lm, rows, sft, seed)
        plain = [replace(shown[e.task, e.row], shorter=e.prompt) if (e.task, e.row) in shown else e for e in plain]
    return plain, surplus


def _shown(lm: ItamedHF, rows: Mapping[str, list[int]], sft: Sft, seed: int) -> dict[tuple[str, str], Example]:
    """Return a share of the rows with examples before them, by task and row: several choices of examples take turns."""
    random = np.random.default_rng(seed)
    turns = {
        name: np.where(
            random.random(len(numbers)) < sft.fewshot_share, random.integers(sft.fewshot_seeds, size=len(numbers)), -1
        )
        for name, numbers in rows.items()
    }
    found: dict[tuple[str, str], Example] = {}
    for turn in range(sft.fewshot_seeds):
        taken = {name: [n for n, its in zip(rows[name], turns[name], strict=True) if its == turn] for name in rows}
        asking = Asking(sft.num_fewshot, sft.chat, seed=turn)
        asked = requests(lm, [name for name in rows if taken[name]], "train", asking, partial(_taken, taken))
        found |= {(e.task, e.row): e for e in examples(asked, sft.num_fewshot)}
    return found


def _taken(taken: Mapping[str, list[int]], name: str, _: Dataset) -> list[int]:
    return taken[name]


def chosen_rows(name: str, rows: Dataset, sft: Sft, seed: int) -> list[int]:
    """Return the numbers of a task's rows that are trained on: not too many, not too many of them empty.

    Args:
        name: of the task.
        rows: as the harness sees them.
        sft: the recipe's section.
        seed: of the choice.
    """
    order = np.random.default_rng([seed, stable_hash(name)]).permutation(len(rows))
    if sft.empty_share < 1:
        empty = np.array([is_empty(row) for row in rows], dtype=bool)[order]
        most = int(sft.empty_share / (1 - sft.empty_share) * (~empty).sum())
        order = order[~empty | (empty.cumsum() <= most)]
    return sorted(order[: sft.most_rows or None].tolist())


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
    encoded = encode(lm, found, chat=sft.chat, max_length=sft.max_length, left_out=left_out)
    alike = sft.loss == "examples"
    return [replace(each, weight=1 / len(each.answer)) if alike else each for each in encoded], left_out


def _dev(lm: ItamedHF, names: list[str], sft: Sft) -> Dev:
    """Return the development rows of those tasks that have any."""
    if not sft.dev_notes:
        return Dev((), ())
    watched = [name for name in names if has_rows(name, "dev")]
    asked = requests(lm, watched, "dev", Asking(chat=sft.chat, notes=sft.dev_notes))
    encoded, _ = _encoded(lm, examples(asked, 0), sft)
    return Dev(list(packs(encoded, sft.pack)), [request for _, request in asked] if sft.dev_score else ())
