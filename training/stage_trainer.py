"""transformers' trainer as every stage has it: clear about what went wrong, and with what its data were."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import torch
from itamed.benchmark.errors import ItamedError, reason_of
from safetensors import SafetensorError
from torch.utils.data import SequentialSampler
from transformers import Trainer
from transformers import __version__ as installed

from .checkpoints import best_at_home, last_whole, require_best

_log = logging.getLogger(__name__)
_TORCH_WRITING = ("PytorchStreamWriter", "inline_container", "iostream error")
"""Words of torch's errors where a file could not be written."""
_HOOKS = ("_determine_best_metric", "_get_grad_norm", "_get_train_sampler", "_save_checkpoint")
"""Methods that are replaced below; nobody would call them if the trainer had others."""


class StageTrainer(Trainer):
    """Takes its data in their order, which is shuffled already, so that a resumed run goes on where it was.

    Args:
        **kwargs: as for `Trainer`.

    Raises:
        ItamedError: the installed transformers has another trainer.
    """

    def __init__(self, **kwargs: Any) -> None:
        if missing := [name for name in _HOOKS if not hasattr(Trainer, name)]:
            raise ItamedError(
                f"The trainer of transformers {installed} has no {', '.join(missing)}: install transformers 5.23 or a "
                "newer 5.x."
            )
        super().__init__(**kwargs)
        self.data: dict[str, Any] = {}
        """What the training data were, for the manifest."""

    def train(self, resume_from_checkpoint: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train, and end with the best weights if held-out data were watched.

        Args:
            resume_from_checkpoint: the folder of a checkpoint, which may have been moved; None begins anew.
            *args: as for `Trainer.train`.
            **kwargs: likewise.

        Raises:
            ItamedError: the checkpoint whose weights are to be kept is missing, or a log cannot be written.
        """
        if resume_from_checkpoint:
            if self.is_world_process_zero():
                _log.info("Going on after step %s.", Path(resume_from_checkpoint).name.removeprefix("checkpoint-"))
                best_at_home(Path(resume_from_checkpoint))
            self.accelerator.wait_for_everyone()
        try:
            done = super().train(resume_from_checkpoint, *args, **kwargs)
        except OSError as error:
            raise ItamedError(
                f"The training stopped, as a file could not be written or read ({reason_of(error)[:200]}): make room "
                f"if the disk is full, and give the same command again.{self._kept()}"
            ) from error
        if self.args.load_best_model_at_end and self.state.best_model_checkpoint:
            # The trainer only warns where there is nothing to load.
            require_best(Path(self.state.best_model_checkpoint))
        return done

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

    def _require_finite(self, value: float, what: str, step: int) -> None:
        if not math.isfinite(value):
            raise ItamedError(
                f"The {what} of step {step} is {value}: lower optimizer.learning_rate, or take dtype: float32."
                + self._kept()
            )

    def _kept(self) -> str:
        """Return what to say of the checkpoint that a run will go on from; nothing if there is none."""
        found = last_whole(Path(str(self.args.output_dir)))
        return f" {Path(found).name} is whole." if found else ""

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        """Say what to do where a checkpoint cannot be written; torch reports a full disk as an error of its own."""
        if best := self.state.best_global_step:
            # The trainer looks whether the folder is there: where weights are shared out, that of this very step is
            # not yet, or in some processes only. They would then load the parts of different steps.
            self.state.best_model_checkpoint = str(Path(str(self.args.output_dir), f"checkpoint-{best}"))
        try:
            super()._save_checkpoint(*args, **kwargs)
        except (OSError, SafetensorError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not any(words in str(error) for words in _TORCH_WRITING):
                raise
            raise ItamedError(
                f"A checkpoint could not be written to {self.args.output_dir} ({reason_of(error)[:200]}): make room, "
                f"and give the same command again.{self._kept()}"
            ) from error
