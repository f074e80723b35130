"""A look at the development rows in training: their loss, and what the benchmark would score on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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

_RESAMPLES = 1
"""Scores in training need no intervals."""


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
    """Return the mean cross-entropy of a token of the answers."""
    total = sum(pack_loss(model, head, Layout(pack, device)).item() for pack in packs)
    return total / max(1, sum(len(pack.targets) for pack in packs))


def dev_scores(lm: Answering, requests: Sequence[Instance], process: int = 0, processes: int = 1) -> dict[str, float]:
    """Answer requests, constrained where the engine can be; return the score of each family and their "mean".

    Scores are from 0 to 1.

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
    by_family: dict[str, list[float]] = defaultdict(list)
    for name, found in records.items():
        score = report(tuple(found), _RESAMPLES)["metrics"]["score"]["value"]
        by_family[task_of(name).family].append(score)
    families = {family: mean(scores) for family, scores in by_family.items()}
    return families | {"mean": mean(families.values())}
