"""A look at the development rows in training: their loss, and what the benchmark would score on them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Protocol

import torch
from accelerate.utils import gather_object
from itamed.benchmark.suite import task_of
from itamed.benchmark.verdict import Record, filtered, record, report
from lm_eval.api.instance import Instance

from .attention import Layout
from .model import pack_loss
from .packing import Pack

_RESAMPLES = 200
"""Enough for a standard error."""


class Answering(Protocol):
    """What a score needs of an engine."""

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer requests."""
        ...


@dataclass(frozen=True)
class Dev:
    """The development rows: packed for their loss, as requests for their score (none: not scored)."""

    packs: Sequence[Pack]
    requests: Sequence[Instance]


@torch.no_grad()
def dev_loss(model: torch.nn.Module, head: torch.nn.Module, packs: Sequence[Pack], device: torch.device) -> float:
    """Return the mean cross-entropy of a token of the answers, weighed as in training."""
    total = sum(pack_loss(model, head, Layout(pack, device)).item() for pack in packs)
    return total / (sum(map(weight_of, packs)) or 1)


def weight_of(pack: Pack) -> float:
    """Return what the answer tokens of a pack count in a mean."""
    return float(pack.weights.sum(dtype=float))


def kept(looks: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """Return the look whose checkpoint is to be kept.

    A few notes a task tell scores apart only by chance. So the checkpoint that is held gives way to a new one
    whose score is at most one standard error below the best so far, if the new one's loss is lower or the held
    one's score is further below.

    Args:
        looks: at least one, in their order: "eval_mean", "eval_loss" and, 0 without, "eval_mean_se" of each.
    """
    best = held = looks[0]
    for look in looks[1:]:
        best = max(best, look, key=lambda each: each["eval_mean"])
        least = best["eval_mean"] - best.get("eval_mean_se", 0.0)
        lower = look["eval_loss"] < held["eval_loss"] or held["eval_mean"] < least
        if look["eval_mean"] >= least and lower:
            held = look
    return held


def dev_scores(lm: Answering, requests: Sequence[Instance], process: int = 0, processes: int = 1) -> dict[str, float]:
    """Answer requests, constrained where the engine can be; return the score of each family and their "mean".

    Scores are from 0 to 1. "mean_se" is the standard error of the mean by bootstrap over notes, tasks apart.

    Args:
        lm: the model.
        requests: of all processes.
        process: the number of this one; each answers its share, and all get the same scores.
        processes: how many there are.
    """
    mine = list(enumerate(requests))[process::processes]
    texts = lm.generate_until([request for _, request in mine], disable_tqdm=process > 0)
    answers = dict(gather_object([(number, text) for (number, _), text in zip(mine, texts, strict=True)]))
    records: dict[str, list[Record]] = defaultdict(list)
    for number, request in enumerate(requests):
        name = str(request.task_name)
        records[name].append(record(filtered(answers[number], request.doc, "repaired"), request.doc))
    by_family: dict[str, list[dict[str, float]]] = defaultdict(list)
    for name, found in records.items():
        by_family[task_of(name).family].append(report(tuple(found), _RESAMPLES)["metrics"]["score"])
    families = {family: mean(score["value"] for score in scores) for family, scores in by_family.items()}
    errors = [math.hypot(*(score["stderr"] for score in scores)) / len(scores) for scores in by_family.values()]
    return families | {"mean": mean(families.values()), "mean_se": math.hypot(*errors) / len(errors)}
