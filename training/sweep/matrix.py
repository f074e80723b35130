"""An experiment as a YAML file: which models, trained how, asked how, on what."""

from __future__ import annotations

import re
from dataclasses import dataclass

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.suite import task_of

from ..examples import task_names
from ..fields import explained, read
from ..named import settings_of

_METHOD = re.compile(r"(\d+)-shot(?: wording (\d+))?( constrained)?")
_FREE_AND_HELD = "itamed-"


@dataclass(frozen=True)
class Method:
    """How a model is asked; `wording` is 0 for the suite's own words."""

    shots: int
    constrained: bool
    wording: int = 0

    def __str__(self) -> str:
        """Return the name that matrices use."""
        wording = f" wording {self.wording}" if self.wording else ""
        return f"{self.shots}-shot{wording}{' constrained' if self.constrained else ''}"


@dataclass(frozen=True)
class Model:
    """A row of the matrix: a base model, and what is made of it."""

    name: str = explained("What tables call it.")
    base: str = explained("Hub name or folder.")
    chat: bool = explained("Use its chat template; recipes must do so, too.", False)
    recipes: dict[str, str] = explained(
        "Trainings of it, by what tables call them (FT, CPT+FT): a recipe's .yaml file, as seen from the matrix, or "
        "the name of one of the package's. The recipe's base model and seed are replaced.",
        {},
    )
    engine: str = explained("Another engine for this model.", "")
    model_args: str = explained("More model arguments (tensor_parallel_size=2, say).", "")
    methods: list[str] = explained("Other methods for this model.", [])
    job_settings: str = explained(
        "Settings of its jobs, written as for `--job-settings` (gpus_per_node=2); they win over those of the command "
        "line, which are of all jobs.",
        "",
    )


@dataclass(frozen=True)
class Matrix:
    """An experiment."""

    name: str = explained("Names the folder of the results, unless --output does.")
    models: list[Model] = explained("The models.")
    methods: list[str] = explained(
        'How base models are asked: "0-shot", "4-shot", "0-shot constrained", "0-shot wording 1 constrained", ...',
        ["0-shot", "4-shot", "0-shot constrained", "4-shot constrained"],
    )
    trained_methods: list[str] = explained(
        "How fine-tuned models are asked; those that were pre-trained alone are asked as base models are.",
        ["0-shot", "0-shot constrained"],
    )
    seeds: list[int] = explained("Of trainings, and of the choice of few-shot examples; each is a cell.", [0])
    tasks: list[str] = explained("Tasks or groups of the suite.", ["itamed"])
    notes: int = explained("Notes a task, the same ones in every cell; 0: all.", 0)
    baseline: str = explained("Run on which the report shows gains: its name in tables, or a part of it.", "")
    engine: str = explained("As for `itamed eval --model`; free answers come from the same engine.", "itamed-hf")
    model_args: str = explained("Model arguments of all models (dtype=bfloat16, say).", "")


def load_matrix(name: str) -> Matrix:
    """Read an experiment: a YAML file, or the name of one that the package brings.

    Raises:
        ItamedError: there is none, it is no YAML, a setting is unknown or impossible.
    """
    matrix = read(Matrix, settings_of("matrix", name))
    _check(matrix)
    return matrix


def methods_of(names: list[str]) -> list[Method]:
    """Read the names of methods.

    Raises:
        ItamedError: one is none.
    """
    found = [(name, _METHOD.fullmatch(name)) for name in names]
    if wrong := [name for name, match in found if match is None]:
        raise ItamedError(f"{wrong[0]!r} is no method: write 0-shot, 4-shot, 0-shot constrained, and so on.")
    return [Method(int(match[1]), bool(match[3]), int(match[2] or 0)) for _, match in found if match]


def _check(matrix: Matrix) -> None:
    if not matrix.models or not matrix.seeds or not matrix.tasks:
        raise ItamedError("A matrix needs models, seeds and tasks.")
    names = [model.name for model in matrix.models]
    if wrong := [name for model in matrix.models for name in (model.name, *model.recipes) if set(name) & set(",=")]:
        raise ItamedError(f"{wrong[0]!r} names a model or training: leave out commas and equal signs.")
    if len(set(names)) < len(names):
        raise ItamedError("Two models of the matrix have the same name.")
    if len(set(matrix.seeds)) < len(matrix.seeds):
        raise ItamedError("A seed of the matrix stands there twice.")
    for model in matrix.models:
        asked = methods_of(model.methods or matrix.methods)
        asked += methods_of(matrix.trained_methods) if model.recipes else []
        for methods in (model.methods or matrix.methods, matrix.trained_methods):
            if len(set(methods)) < len(methods):
                raise ItamedError(f"{model.name} is asked twice by one method.")
        engine = model.engine or matrix.engine
        if any(method.constrained for method in asked) and not engine.startswith(_FREE_AND_HELD):
            raise ItamedError(f"{engine} knows no grammars: choose itamed-hf or itamed-vllm for {model.name}.")
        for name in task_names(matrix.tasks):
            for method in asked:
                task_of(name).worded(method.wording)
