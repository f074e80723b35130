"""How fast training goes, against TRL's trainer on the same examples, model and machine."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.show import show_tables
from itamed.benchmark.report.speeds import read_measurements
from transformers import Trainer, TrainerCallback

from .encode import Encoded
from .model import load_base, loaded_dtype, trainable, training_dtype, with_adapters
from .recipe import Recipe, Sft
from .sft import sft_stage
from .stage import Stage, engine, prepared
from .work import peak_bytes

ENGINES = ("itamed", "trl", "trl-best")
_WARM = 2000
_IGNORED = -100
"""Label of tokens that are not trained on."""


@dataclass(frozen=True)
class Speed:
    """What a pass over some examples took."""

    engine: str
    model: str
    examples: int
    tokens: int
    """Tokens of the examples, each with its whole prompt."""
    fed: int
    """Tokens that the model was given, padding included and shared prompt beginnings once."""
    seconds: float
    peak_gb: float
    """Most memory that the process has held in this pass; on a GPU, most that was allocated there."""
    first_loss: float

    @property
    def tokens_per_second(self) -> float:
        """Useful tokens a second: padding counts nothing, a prompt that was fed once for several examples counts."""
        return self.tokens / self.seconds


FIELDS = tuple(field.name for field in fields(Speed))


def measure(recipe: Recipe, engine_name: str, tokens: int) -> Speed:
    """Pass once over a sample of a recipe's examples, after a shorter pass that is not timed.

    To compare memory, give each engine a process of its own: what one has loaded stays with the process.

    Args:
        recipe: with an sft section; its looks at development rows are left out.
        engine_name: "itamed"; "trl": TRL's SFTTrainer at its defaults, in the precision that this machine is
            fast in; "trl-best": the same with packing and without gradient checkpointing.
        tokens: of the sample, about.

    Raises:
        ItamedError: there is no sft section, no such engine, TRL is not installed, or training fails.
    """
    if recipe.sft is None:
        raise ItamedError("Only fine-tuning is measured: the recipe has no sft section.")
    if engine_name not in ENGINES:
        raise ItamedError(f"No engine is named {engine_name}: choose one of {', '.join(ENGINES)}.")
    sft = replace(recipe.sft, dev_notes=0, optimizer=replace(recipe.sft.optimizer, epochs=1))
    whole = _warmed(sft, recipe, engine_name, tokens)
    _forget()
    return _pass(whole, recipe, _base(recipe, sft), engine_name)


def _warmed(sft: Sft, recipe: Recipe, engine_name: str, tokens: int) -> Stage:
    """Pass over a few examples, with a model that is given up afterwards; return the stage that is measured."""
    lm = _base(recipe, sft)
    stage = replace(sft_stage(sft, recipe.seed, lm), weights={})
    short, whole = (replace(stage, examples=_sample(stage.examples, size, recipe.seed)) for size in (_WARM, tokens))
    _pass(short, recipe, lm, engine_name)
    return whole


def _base(recipe: Recipe, sft: Sft) -> ItamedHF:
    return engine(*load_base(recipe.base, recipe.revision, loaded_dtype(recipe.dtype, sft.lora)))


def show(path: Path, markdown: Path | None = None) -> None:
    """Print the measurements of a file by engine, as medians and as ratios to the first one; as Markdown, too.

    Raises:
        ItamedError: the file cannot be read, or the Markdown not be written.
    """
    rounds: dict[tuple[str, str], list[Speed]] = defaultdict(list)
    for found in read_measurements(path, FIELDS):
        speed = Speed(**found)
        rounds[speed.model, speed.engine].append(speed)
    first: dict[str, float] = {}
    rows = []
    for (model, engine_name), speeds in rounds.items():
        rate = median(speed.tokens_per_second for speed in speeds)
        against = first.setdefault(model, rate)
        rows.append([model, engine_name, str(len(speeds)), f"{rate:.0f} ({rate / against:.2f}x)", *_cells(speeds)])
    header = ["recipe", "engine", "rounds", "useful tokens/s", "tokens fed for one useful", "GB at most", "first loss"]
    show_tables([("Training, median of rounds", header, rows)], markdown)


def _cells(speeds: Sequence[Speed]) -> list[str]:
    fed = median(speed.fed / speed.tokens for speed in speeds)
    return [f"{fed:.2f}", f"{max(speed.peak_gb for speed in speeds):.1f}", f"{speeds[0].first_loss:.2f}"]


def _pass(stage: Stage, recipe: Recipe, lm: ItamedHF, engine_name: str) -> Speed:
    ours, clock = engine_name == "itamed", _Clock()
    with TemporaryDirectory() as folder:
        if ours:
            trainer: Trainer = prepared(stage, recipe, lm, Path(folder))
            trainer.args.set_save(strategy="no")
            fed = _counting(trainer, lambda batch: sum(len(pack.ids) for pack in batch["packs"]))
        else:
            trainer = _trl(stage, recipe, lm, folder, best=engine_name == "trl-best")
            fed = _counting(trainer, lambda batch: batch["input_ids"].numel())
        trainer.add_callback(clock)
        with trainable(lm.model) if ours else nullcontext():
            trainer.train()
    return Speed(
        engine_name,
        recipe.name,
        len(stage.examples),
        sum(map(len, stage.examples)),
        sum(fed),
        clock.seconds,
        peak_bytes(lm.model.device) / 2**30,
        next(entry["loss"] for entry in trainer.state.log_history if "loss" in entry),
    )


def _sample(examples: Any, tokens: int, seed: int) -> list[Encoded]:
    """Return examples in random order until they have so many tokens."""
    order = [examples[number] for number in np.random.default_rng(seed).permutation(len(examples))]
    total = np.cumsum([len(example) for example in order])
    return order[: int(np.searchsorted(total, tokens)) + 1]


class _Clock(TrainerCallback):
    """The time from the first step's start to the last one's end."""

    def __init__(self) -> None:
        self._start = self.seconds = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._start = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds = time.perf_counter() - self._start


def _counting(trainer: Trainer, size: Callable[[Any], int]) -> list[int]:
    """Return a list to which the trainer's collator adds the size of each batch that it makes."""
    collate, sizes = trainer.data_collator, []

    def counted(items: Any) -> Any:
        batch = collate(items)
        sizes.append(size(batch))
        return batch

    trainer.data_collator = counted
    return sizes


def _trl(stage: Stage, recipe: Recipe, lm: ItamedHF, folder: str, *, best: bool) -> Trainer:
    """Return TRL's trainer for the same examples and adapters."""
    try:
        from trl import SFTConfig, SFTTrainer
    except ImportError as error:
        raise ItamedError(f"TRL is not there to compare with ({error}): pip install trl.") from error
    assert recipe.sft is not None
    found = Dataset.from_list([_labelled(example) for example in stage.examples])
    # One packed block a step at the least, as many as fit into a pack of ours.
    blocks = max(1, stage.pack // recipe.sft.max_length)
    given: dict[str, Any] = {"packing": True, "gradient_checkpointing": False, "per_device_train_batch_size": blocks}
    model: Any = lm.model
    arguments = SFTConfig(
        output_dir=folder,
        num_train_epochs=1,
        learning_rate=stage.optimizer.learning_rate,
        max_length=recipe.sft.max_length,
        bf16=training_dtype(recipe.dtype) == "bfloat16",
        use_cpu=model.device.type == "cpu",
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        seed=recipe.seed,
        dataloader_pin_memory=False,
        **(given if best else {}),
    )
    adapted = with_adapters(model, stage.lora, recipe.seed)
    return SFTTrainer(model=adapted, args=arguments, train_dataset=found, processing_class=lm.tokenizer)


def _labelled(example: Encoded) -> dict[str, list[int]]:
    """Return an example as TRL reads those that are tokenised."""
    return {
        "input_ids": [*example.prompt.tolist(), *example.answer.tolist()],
        "labels": [*[_IGNORED] * len(example.prompt), *example.answer.tolist()],
    }


_CLEAR, _RESET = Path("/proc/self/clear_refs"), "5"
"""Where and how Linux is told to forget the most memory that a process has held."""


def _forget() -> None:
    """Free what is no longer used, and let the peak of memory begin anew."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    # Elsewhere the peak is that of the whole process.
    with suppress(OSError):
        _CLEAR.write_text(_RESET, encoding="ascii")
