"""What cells will take, before they are run: arithmetic, and bytes that must fit at least."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import wraps
from os.path import commonprefix
from typing import Any, ParamSpec, TypeVar

import torch
from itamed.benchmark.console import out, say_notice
from itamed.benchmark.engines.hf.precision import fast_dtype, slow_in_bfloat16
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.settings import model_arguments
from itamed.benchmark.report.sheet import NONE
from itamed.benchmark.report.show import show_tables
from itamed.benchmark.suite import task_of

from ..corpora.prepare import prepare
from ..examples import Asking, requests, task_names
from ..fields import read
from ..plan import Plan, plan, without_weights
from ..progress import bar
from ..recipe import Cpt, Recipe
from ..work import Arithmetic, peak_flops
from .cells import Evaluation, Training
from .matrix import Method

P = ParamSpec("P")
R = TypeVar("R")
_HOUR = 3600
_BYTES = {"float32": 4, "float64": 8}
"""Of a weight, by number format; all others have two."""


@dataclass(frozen=True)
class Cost:
    """What a cell takes: `flops` of matrix products, without attention's, shared by a number of `devices`.

    `size` is in bytes of each device, without activations and the cache of keys and values. `least` says that it takes
    longer than its products: tokens that are answered one by one wait for the weights to be read. `without` says why
    continual pre-training is not counted, where it is not.
    """

    flops: float
    size: int
    without: str = ""
    devices: int = 1
    least: bool = False

    def seconds(self, speed: float) -> float:
        """Return how long the products take on devices of some FLOPs a second each."""
        return self.flops / (speed * self.devices)


def cost(cell: Training | Evaluation) -> Cost:
    """Return what a cell takes; its model's tokenizer and configuration are enough.

    Answers are taken to be as long as the right ones, those of an untrained model without grammars
    as long as they may get: models that have not seen right ones rarely find an end.

    Raises:
        ItamedError: tokenizer, configuration or data cannot be had.
    """
    if isinstance(cell, Training):
        return _training(replace(cell.recipe, cpt=None) if cell.needs else cell.recipe)
    base = cell.needs.recipe.base if cell.needs else cell.model.base
    arithmetic, weights = _weights(base)
    asking = Asking(cell.method.shots, cell.model.chat, cell.matrix.notes or None)
    tokens = _tokens(base, tuple(task_names(cell.matrix.tasks)), asking)
    answers = tokens.longest if _rambles(cell.needs, cell.method) else tokens.right
    flops = 2 * arithmetic.layers * (tokens.fed + answers) + 2 * arithmetic.head * answers
    given = model_arguments({"model_args": f"{cell.matrix.model_args},{cell.model.model_args}"})
    devices = _devices(given)
    return Cost(flops, weights * _bytes(given) // devices, devices=devices, least=True)


def _remembered(ask: Callable[P, R]) -> Callable[P, R]:
    """Ask the same thing once: what fails for one cell fails for others, and may take minutes to do so."""
    answers: dict[object, R | ItamedError] = {}

    @wraps(ask)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> R:
        asked = (args, *sorted(kwargs.items()))
        if asked not in answers:
            try:
                answers[asked] = ask(*args, **kwargs)
            except ItamedError as error:
                # Without its traceback, which would keep all that was read.
                answers[asked] = ItamedError(str(error))
        found = answers[asked]
        if isinstance(found, ItamedError):
            raise found
        return found

    return remembered


@_remembered
def _planned(settings: str) -> list[Plan]:
    return plan(read(Recipe, json.loads(settings)))


@_remembered
def _made_ready(cpt: str) -> None:
    """Prepare corpora; those that one model cannot have, no other has."""
    prepare(read(Cpt, json.loads(cpt)))


def _rambles(trained: Training | None, method: Method) -> bool:
    return (trained is None or trained.recipe.sft is None) and not method.constrained


def _training(recipe: Recipe) -> Cost:
    """Return what both stages take, one after the other: times add, memory does not."""
    # First: without the model all the rest is for nothing, and takes minutes.
    _weights(recipe.base)
    # Seeds choose other examples, no more and no fewer.
    alike = replace(recipe, name="", seed=0)
    try:
        if recipe.cpt:
            _made_ready(json.dumps(asdict(recipe.cpt), sort_keys=True))
        stages, without = _planned(json.dumps(asdict(alike), sort_keys=True)), ""
    except ItamedError as error:
        if recipe.cpt is None or recipe.sft is None:
            raise
        # Corpora of the Hub are often not there yet; the rest is worth knowing.
        stages, without = _planned(json.dumps(asdict(replace(alike, cpt=None)), sort_keys=True)), str(error)
    size = max(stage.weight_bytes + stage.training_bytes for stage in stages)
    return Cost(sum(stage.flops for stage in stages), size, without)


@dataclass(frozen=True)
class _Tokens:
    """Tokens of all rows: prompts, what those of a task begin with counted once; right answers; longest answers."""

    fed: int
    right: int
    longest: int


@_remembered
def _tokens(base: str, tasks: tuple[str, ...], asking: Asking) -> _Tokens:
    lm = without_weights(base)

    def count(texts: Iterable[str]) -> int:
        return sum(len(ids) for ids in lm.tokenizer(list(texts), add_special_tokens=False)["input_ids"])

    by_task: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for task, request in requests(lm, tasks, "test", asking):
        by_task[str(request.task_name)].append((request.args[0], str(task.doc_to_target(request.doc))))
    fed = right = longest = 0
    for name, pairs in by_task.items():
        prompts, answers = zip(*pairs, strict=True)
        shared = commonprefix(prompts)  # noqa: RUF071 - of texts, not of paths
        fed += count([shared, *(prompt[len(shared) :] for prompt in prompts)])
        right += count(answers)
        longest += task_of(name).max_tokens * len(pairs)
    return _Tokens(fed, right, longest)


@_remembered
def _weights(base: str) -> tuple[Arithmetic, int]:
    """Return what a model multiplies, and the number of its weights."""
    model = without_weights(base).model
    return Arithmetic.of(model, model.get_output_embeddings()), sum(each.numel() for each in model.parameters())


def _bytes(given: Mapping[str, Any]) -> int:
    """Return the bytes of a weight under some model arguments, on a machine like this one."""
    return _BYTES.get(str(fast_dtype(given.get("dtype", "auto"), None)), 2)


def _devices(given: Mapping[str, Any]) -> int:
    """Return how many devices share the weights under some model arguments; of what is no number, engines complain."""
    wanted = str(given.get("tensor_parallel_size", 1))
    return max(1, int(wanted)) if wanted.isdecimal() else 1


def show_estimates(cells: Sequence[Training | Evaluation], tflops: float, share: float) -> None:
    """Print the cells: whether they are done, and what each takes.

    Args:
        cells: of an experiment.
        tflops: what the device multiplies at its best, in 10^12 a second; 0: measured on this one.
        share: the part of it that cells reach, above 0.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.float32 if device.type == "cpu" and slow_in_bfloat16(None) else torch.bfloat16
    peak = tflops * 1e12 or peak_flops(device, dtype)
    rows, reasons, left = [], dict[str, str](), list[Cost | None]()
    for cell in bar(cells, "Estimating"):
        done, found = cell.done(), None
        line = ["done" if done else "to do", NONE, NONE, NONE]
        try:
            found = cost(cell)
        except ItamedError as error:
            reasons[str(error)] = f"No estimate where it says {NONE}"
        else:
            seconds, more = found.seconds(peak * share), " +" if found.without else ""
            if found.without:
                reasons[found.without] = "Pre-training is not counted where it says +"
            line[1:] = [
                f"{found.flops:.2g}{more}",
                f"{'≥ ' if found.least else ''}{seconds / 60:,.0f} min{more}",
                f"{found.size / 2**30:.1f} GiB{more}",
            ]
        rows.append([cell.name, *line])
        left += [] if done else [found]
    measured = f"{share:.0%} of {peak / 1e12:.2g} TFLOP/s, {'as given' if tflops else 'measured here'}"
    title = (
        f"Cells; time at {measured}, of answering at least (≥), as it waits for memory; memory of each device, without "
        "activations and the cache of keys and values; + and pre-training"
    )
    show_tables([(title, ["cell", "state", "FLOPs", "time", "memory"], rows)])
    out().print(_to_do(left, peak * share), highlight=False, soft_wrap=True)
    for reason, what in reasons.items():
        say_notice(f"{what}: {reason}")


def _to_do(left: Sequence[Cost | None], speed: float) -> str:
    """Return what there is to say of the time of all cells that are not done.

    Args:
        left: what each takes, None where that is not known.
        speed: FLOPs a second.
    """
    known = [each for each in left if each]
    if left and not known:
        return f"To do: {_cells(len(left))}, without any that could be estimated."
    unknown = len(left) - len(known)
    lacking = [f"{_cells(unknown)} that could not be estimated"] if unknown else []
    lacking += ["the pre-training where it says +"] if any(each.without for each in known) else []
    seconds = sum(each.seconds(speed) for each in known)
    time = f"{seconds / _HOUR:.1f} hours" if seconds >= _HOUR else f"{seconds / 60:.0f} min"
    bound = "at least" if lacking or any(each.least for each in known) else "about"
    without = f", without {' and '.join(lacking)}" if lacking else ""
    return f"To do: {bound} {time}, one cell at a time{without}."


def _cells(count: int) -> str:
    return f"{count} cell{'s' if count > 1 else ''}"
