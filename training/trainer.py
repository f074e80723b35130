"""transformers' trainer for packed examples: its checkpoints, logs and launchers, our steps and our loss."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import torch
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError

from .attention import Layout
from .dev import Dev, dev_loss, dev_scores, kept, weight_of
from .model import pack_loss, trainable
from .packing import Pack
from .shards import whole
from .stage_trainer import StageTrainer
from .work import Arithmetic, Meter, counts, peak_bytes, peak_flops

_log = logging.getLogger(__name__)


def together(steps: list[list[Pack]]) -> dict[str, list[Pack]]:
    """Collate the one step that a process gets at a time."""
    (packs,) = steps
    return {"packs": packs}


class PackTrainer(StageTrainer):
    """Trains on `Steps`: every item of the data set is what one process does in one step.

    Args:
        lm: the model as the benchmark's engine, for the development score.
        dev: what is watched.
        **kwargs: as for `StageTrainer`.
    """

    def __init__(self, *, lm: ItamedHF, dev: Dev, **kwargs: Any) -> None:
        super().__init__(data_collator=together, **kwargs)
        if self.is_fsdp_enabled and not self.accelerator.is_fsdp2:
            raise ItamedError("Of FSDP the second version is supported: set fsdp_version: 2 in accelerate's settings.")
        if self.is_fsdp_enabled and (policy := self.accelerator.state.fsdp_plugin.mixed_precision_policy):
            # What comes out is a loss, not logits: in bfloat16 it would have two digits. Gradients are summed as one
            # process does it.
            self.accelerator.state.fsdp_plugin.mixed_precision_policy = replace(
                policy, output_dtype=None, reduce_dtype=torch.float32
            )
        self._lm, self._dev = lm, dev
        self._head = lm.model.get_output_embeddings()
        self._arithmetic = Arithmetic.of(lm.model, self._head)
        one = peak_flops(self.args.device, torch.bfloat16 if self.args.bf16 else lm.model.dtype)
        self._peak = one * self.accelerator.num_processes
        self._meter = Meter()

    def training_step(
        self, model: torch.nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Compute the gradients of a step, pack by pack; return its mean loss of an answer token, or example.

        Raises:
            ItamedError: the loss is no number.
        """
        del num_items_in_batch
        model.train()
        packs: list[Pack] = inputs["packs"]
        mine = torch.tensor(
            [[sum(map(weight_of, packs)), len(packs), *counts(packs, self._arithmetic)]], device=self.args.device
        )
        every = self.accelerator.gather(mine)
        # All processes weigh their tokens alike; wrappers then average over processes.
        share = self.accelerator.num_processes / every[:, 0].sum()
        # Processes have unequal numbers of packs: they exchange gradients once a step, with the last. Where weights
        # are shared out, forwards exchange them: all processes take as many, some a pack again that counts nothing.
        passes = int(every[:, 1].max()) if self.is_fsdp_enabled else len(packs)
        total = torch.zeros((), device=self.args.device)
        for number in range(passes):
            pack, weight = packs[min(number, len(packs) - 1)], share if number < len(packs) else 0.0
            with nullcontext() if number == passes - 1 else self.accelerator.no_sync(model):
                loss = pack_loss(model, self._head, Layout(pack, self.args.device)) * weight
                self.accelerator.backward(loss)
            total += loss.detach()
        self._require_finite(total.item(), "loss", self.state.global_step + 1)
        self._meter.add(*every[:, 2:].sum(0).tolist())
        return total

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Look at the development rows; see `dev_loss` and `dev_scores`."""
        wrapped: Any = self.model.eval()  # type: ignore[union-attr]
        # All processes read the same rows, so forwards may bring the weights that they need: layer by layer.
        metrics = {"eval_loss": dev_loss(wrapped, self._head, self._dev.packs, self.args.device)}
        # Before a checkpoint is written: weights that are no numbers must not become the newest.
        self._require_finite(metrics["eval_loss"], "development loss", self.state.global_step)
        if self._dev.requests:
            freed = self.is_fsdp_enabled and self.accelerator.state.fsdp_plugin.reshard_after_forward
            # Each process answers rows of its own, at its own pace.
            with whole(wrapped, bool(freed)):
                scores = dev_scores(self._lm, self._dev.requests, self.args.process_index, self.args.world_size)
            metrics |= {f"eval_{name}": score for name, score in scores.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        self._meter = Meter()
        return metrics

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any = None) -> bool:
        """Choose the checkpoint to keep, see `kept`; return whether it is the one that is written next."""
        if self.args.metric_for_best_model != "eval_mean":
            return bool(super()._determine_best_metric(metrics, trial))
        look = kept([entry for entry in self.state.log_history if "eval_mean" in entry])
        self.state.best_global_step, self.state.best_metric = int(look["step"]), look["eval_mean"]
        return self.state.best_global_step == self.state.global_step

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        super()._save_checkpoint(*args, **kwargs)
        # What it takes is no part of the next step.
        self._meter = Meter()

    def loss_of(self, model: Any) -> float | None:
        """Return the development loss of a model as it is written; None if no rows are watched, or FSDP is used."""
        if not self._dev.packs or self.is_fsdp_enabled:
            return None
        _log.info("Measuring the development loss of the model as it is written.")
        model.to(self.args.device).eval()
        with trainable(model):
            return dev_loss(model, model.get_output_embeddings(), self._dev.packs, self.args.device)

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Add speed, of all processes, and the memory of this one at most to what is logged of training steps."""
        if "loss" in logs:
            logs |= self._meter.report(self._peak)
            self._meter = Meter()
            name = "gpu_memory_gb" if self.args.device.type == "cuda" else "memory_gb"
            logs[name] = round(peak_bytes(self.args.device) / 2**30, 2)
        super().log(logs, *args, **kwargs)
