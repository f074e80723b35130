"""transformers' trainer as every stage has it: clear about what went wrong, and with what its data were."""

from __future__ import annotations

import math
from typing import Any

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

    def _require_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise ItamedError(
                f"The loss of step {self.state.global_step + 1} is {loss}: lower optimizer.learning_rate, or take "
                "dtype: float32. The last checkpoint is whole."
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
