"""transformers' trainer as every stage has it: clear about what went wrong, and with what its data were."""

from __future__ import annotations

import math
from typing import Any

import torch
from itamed.benchmark.errors import ItamedError, reason_of
from safetensors import SafetensorError
from torch.utils.data import SequentialSampler
from transformers import Trainer


class StageTrainer(Trainer):
    """Takes its data in their order, which is shuffled already, so that a resumed run goes on where it was.

    Args:
        **kwargs: as for `Trainer`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data: dict[str, Any] = {}
        """What the training data were, for the manifest."""

    def _get_train_sampler(self, *_: Any) -> SequentialSampler:
        return SequentialSampler(self.train_dataset)  # type: ignore[arg-type]

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Warm up over a share of the steps, as a number: the trainer takes a share of one for a single step."""
        if self.lr_scheduler is None:
            self.args.warmup_steps = math.ceil(self.args.warmup_steps * num_training_steps)
        return super().create_scheduler(num_training_steps, optimizer)

    def _get_grad_norm(self, model: torch.nn.Module, grad_norm: Any = None) -> Any:
        """Refuse gradients that are no numbers before the step that they would ruin, and a checkpoint after it."""
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        self._require_finite(float(norm), "gradient's norm", self.state.global_step + 1)
        return norm

    @staticmethod
    def _require_finite(value: float, what: str, step: int) -> None:
        if not math.isfinite(value):
            raise ItamedError(
                f"The {what} of step {step} is {value}: lower optimizer.learning_rate, or take dtype: float32. The "
                "last checkpoint is whole."
            )

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        """Say what to do where a checkpoint cannot be written; torch reports a full disk as an error of its own."""
        try:
            super()._save_checkpoint(*args, **kwargs)
        except (OSError, SafetensorError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "PytorchStreamWriter" not in str(error):
                raise
            raise ItamedError(
                f"A checkpoint could not be written to {self.args.output_dir} ({reason_of(error)[:200]}): make room, "
                "and give the same command again. The checkpoint before it is whole."
            ) from error
