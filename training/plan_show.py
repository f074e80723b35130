"""Plans as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from itamed.benchmark.report.show import show_tables
from itamed.benchmark.trained import STAGES

from .plan import Plan, Size
from .recipe import Recipe

_TITLES = {
    "cpt": ("Text of continual pre-training", "corpus", "documents"),
    "sft": ("Training rows", "task", "examples"),
}


def show(recipe: Recipe, plans: Sequence[Plan], tflops: float, mfu: float, markdown: Path | None = None) -> None:
    """Print the plans of a recipe's stages; write the same as Markdown.

    Args:
        recipe: what was planned.
        plans: see `plan`.
        tflops: what a device multiplies at its best, in 10^12 a second; 0: no time is given.
        mfu: the share of it that training reaches, above 0.
        markdown: where to write, if anywhere.

    Raises:
        ItamedError: the Markdown cannot be written.
    """
    tables = []
    for found in plans:
        title, first, counted = _TITLES[found.stage]
        about = f" (tokens estimated from {found.sample} documents)" if found.sample else ""
        header = [first, counted, "tokens each", "longest", "too long", "passed", "share of the loss"]
        tables.append((title + about, header, [_row(size) for size in found.sizes]))
        sums = [list(line) for line in _sums(found, tflops, mfu)]
        tables.append((f"What {recipe.name} takes in {STAGES[found.stage]}{about}", ["", "in all"], sums))
    show_tables(tables, markdown)


def _row(size: Size) -> list[str]:
    figures = (size.count, f"{size.tokens_each:.0f}", size.longest, size.too_long, size.passed)
    return [f"`{size.name}`", *map(str, figures), f"{size.loss:.1%}"]


def _sums(found: Plan, tflops: float, mfu: float) -> Iterator[tuple[str, str]]:
    yield "steps", f"{found.steps:,}"
    yield "tokens of examples", f"{found.tokens:,}"
    yield "tokens fed (shared beginnings once)", f"{found.fed:,}"
    yield "answer tokens", f"{found.answers:,}"
    yield "arithmetic without attention", f"{found.flops:.3g} FLOPs"
    yield "weights", f"{found.weight_bytes / 2**30:.2f} GiB"
    yield "gradients and optimizer", f"{found.training_bytes / 2**30:.2f} GiB"
    yield "activations of the largest forward", f"{found.kept_bytes / 2**30:.2f} GiB"
    yield "disk (checkpoints while it runs, then the model)", f"{found.disk_bytes / 2**30:.2f} GiB"
    if tflops:
        seconds = found.flops / (tflops * 1e12 * mfu)
        yield f"time at {mfu:.0%} of {tflops:g} TFLOP/s (calculated)", f"{seconds / 60:.1f} min"
