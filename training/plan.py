"""What a fine-tuning will take, before it is begun: examples, tokens, steps, arithmetic, bytes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.engines.hf.precision import fast_dtype
from itamed.benchmark.errors import ItamedError, reason_of
from itamed.benchmark.report.show import show_tables
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from .model import with_adapters
from .recipe import Lora, Recipe
from .sft import sft_stage
from .stage import Stage, steps_of
from .work import Arithmetic, Meter

_ADAM = 3
"""Numbers that are kept for a trained weight beside it: its gradient and two moments."""
_MASTER_BYTES = 4


@dataclass(frozen=True)
class Plan:
    """What a fine-tuning takes. `flops` are those of matrix products, forward and backward, without attention's."""

    stage: Stage
    steps: int
    passed: Counter[str]
    """Examples by task, each as often as it is passed."""
    tokens: int
    fed: int
    answers: int
    flops: float
    weight_bytes: int
    training_bytes: int


def plan(recipe: Recipe) -> Plan:
    """Go through a recipe's fine-tuning without its model: tokenizer and configuration are enough.

    Raises:
        ItamedError: the recipe has no sft section, or what `sft_stage` says.
    """
    if recipe.sft is None:
        raise ItamedError("Only fine-tuning can be planned: the recipe has no sft section.")
    lm = without_weights(recipe.base, recipe.revision)
    stage = sft_stage(replace(recipe.sft, dev_notes=0), recipe.seed, lm)
    weight_bytes, training_bytes, arithmetic = sizes(lm.model, stage.lora, recipe)
    steps, passed, meter = steps_of(stage, recipe.seed, 1), Counter[str](), Meter()
    for number in range(len(steps)):
        passed.update(example.task for example in steps.examples(number))
        meter.add(steps[number], arithmetic)
    return Plan(
        stage, len(steps), passed, meter.unshared, meter.fed, meter.answers, meter.flops, weight_bytes, training_bytes
    )


def sizes(model: PreTrainedModel, lora: Lora | None, recipe: Recipe) -> tuple[int, int, Arithmetic]:
    """Return the bytes of a model's weights and of what is kept to train them, and its multiplications.

    Args:
        model: it gets the adapters, if there are any.
        lora: adapters to be trained; None: all weights.
        recipe: for number format and seed.
    """
    # As `train` loads them; "auto" is what this machine is fast in, which another may not be.
    precise = lora is None or fast_dtype(recipe.dtype, None) == "float32"
    weight_bytes = sum(each.numel() for each in model.parameters()) * (_MASTER_BYTES if precise else 2)
    adapted = with_adapters(model, lora, recipe.seed)
    trained = sum(each.numel() for each in adapted.parameters() if each.requires_grad)
    extra = _ADAM if lora is None else _ADAM + 1
    arithmetic = Arithmetic.of(model, model.get_output_embeddings())
    return weight_bytes, trained * extra * _MASTER_BYTES, arithmetic


def show(recipe: Recipe, found: Plan, tflops: float, mfu: float, markdown: Path | None = None) -> None:
    """Print a plan; write the same as Markdown.

    Args:
        recipe: what was planned.
        found: its plan.
        tflops: what a device multiplies at its best, in 10^12 a second; 0: no time is given.
        mfu: the share of it that training reaches, above 0.
        markdown: where to write, if anywhere.

    Raises:
        ItamedError: the Markdown cannot be written.
    """
    data, tokens = found.stage.data, defaultdict[str, list[int]](list)
    for example in found.stage.examples:
        tokens[example.task].append(len(example))
    too_long = data["left_out_as_too_long"]
    rows = []
    for task in {**tokens, **too_long}:
        sizes = tokens.get(task, [])
        mean, longest = f"{sum(sizes) / max(1, len(sizes)):.0f}", max(sizes, default=0)
        figures = (len(sizes), mean, longest, too_long.get(task, 0), found.passed[task])
        rows.append([f"`{task}`", *map(str, figures)])
    header = ["task", "examples", "tokens each", "longest", "too long", "passed"]
    sums = [
        ["steps", f"{found.steps:,}"],
        ["tokens of examples", f"{found.tokens:,}"],
        ["tokens fed (shared beginnings once)", f"{found.fed:,}"],
        ["answer tokens", f"{found.answers:,}"],
        ["arithmetic without attention", f"{found.flops:.3g} FLOPs"],
        ["weights", f"{found.weight_bytes / 2**30:.2f} GiB"],
        ["gradients and optimizer", f"{found.training_bytes / 2**30:.2f} GiB"],
    ]
    if tflops:
        seconds = found.flops / (tflops * 1e12 * mfu)
        sums.append([f"time at {mfu:.0%} of {tflops:g} TFLOP/s (calculated)", f"{seconds / 60:.1f} min"])
    title = f"What {recipe.name} takes{', without its cpt' if recipe.cpt else ''}"
    show_tables([("Training rows", header, rows), (title, ["", "in all"], sums)], markdown)


def without_weights(name: str, revision: str = "") -> ItamedHF:
    """Return a model that has no weights as the benchmark's engine: enough for prompts and for counting.

    Raises:
        ItamedError: its tokenizer or configuration cannot be had.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision or "main")
        config = AutoConfig.from_pretrained(name, revision=revision or "main")
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
    except (OSError, ValueError) as error:
        raise ItamedError(f"The model {name} cannot be looked at: {reason_of(error)}.") from error
    return ItamedHF(model, tokenizer=tokenizer, batch_size=1, enable_thinking=False)
