"""transformers' trainer for taggers: the loss of all heads, and the benchmark's own score of development rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from itamed.benchmark.engines.encoder.lm import ItamedEncoder
from itamed.benchmark.engines.encoder.settings import Settings
from lm_eval.api.instance import Instance

from ..dev import dev_scores
from ..stage_trainer import StageTrainer
from .examples import IGNORED


def tag_loss(outputs: torch.Tensor, labels: torch.Tensor, settings: Settings) -> torch.Tensor:
    """Return the mean cross-entropy of a tag.

    Args:
        outputs: of shape (windows, tokens, outputs of all heads).
        labels: of shape (windows, tokens, layers of all heads), `IGNORED` where nothing is to be learnt.
        settings: which outputs are whose.
    """
    total = outputs.sum() * 0.0
    for number, (_, columns) in enumerate(settings.layers):
        known = labels[..., number] != IGNORED
        if known.any():
            wanted = labels[..., number][known]
            total = total + torch.nn.functional.cross_entropy(
                outputs[known][:, columns].float(), wanted, reduction="sum"
            )
    return total / (labels != IGNORED).sum().clamp(min=1)


class TagTrainer(StageTrainer):
    """Trains a tagger, and scores the development rows with the engine that will answer test rows.

    Args:
        lm: the tagger as that engine.
        requests: of the development rows.
        **kwargs: as for `StageTrainer`.
    """

    def __init__(self, *, lm: ItamedEncoder, requests: Sequence[Instance], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._lm, self._requests = lm, requests

    def compute_loss(self, model: Any, inputs: dict[str, Any], *_: Any, **__: Any) -> torch.Tensor:
        """Return the loss of a batch.

        Raises:
            ItamedError: it is no number.
        """
        outputs = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        loss = tag_loss(outputs, inputs["labels"], self._lm.tagger.settings)
        self._require_finite(loss.item(), "loss", self.state.global_step + 1)
        return loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Score the development rows: each family, and their "eval_mean", from 0 to 1."""
        self._lm.tagger.model.eval()
        metrics = {f"eval_{name}": score for name, score in dev_scores(self._lm, self._requests).items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics
