"""The cells of an experiment: what is run for each, in a folder named after its content."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from itamed.benchmark.asked import Asked
from itamed.benchmark.console import say_notice
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.fingerprint import data_fingerprint, grammar_fingerprint, weights_fingerprint
from itamed.benchmark.paths import storing
from itamed.benchmark.report.finding import CURRENT
from itamed.benchmark.report.gains import baseline_of
from itamed.benchmark.report.label import Label
from itamed.benchmark.report.run import Run
from itamed.benchmark.report.settings import model_arguments
from itamed.benchmark.suite import suite
from itamed.benchmark.trained import MANIFEST
from itamed.benchmark.version import __version__

from ..corpora.read import content_of
from ..examples import task_names
from ..named import is_file_name
from ..recipe import Recipe, changed, load_recipe, without_memory
from .matrix import Matrix, Method, Model, methods_of
from .results import results_in

_CELLS = "cells"
"""The folder of an experiment that holds the results of its cells."""


@dataclass(frozen=True)
class Training:
    """A checkpoint to be made; `needs` is one whose pre-training it begins with, where the experiment has one."""

    model: str
    label: str
    recipe: Recipe
    root: Path
    job_settings: str = ""
    needs: Training | None = None

    @cached_property
    def folder(self) -> Path:
        """Return where it is made: another recipe, base model, seed or data, or another version, has another folder."""
        return _folder(self.root / "trainings", self.name, self.digest)

    @cached_property
    def digest(self) -> str:
        """Return a hash of what decides the weights; memory and names do not."""
        settings = without_memory(asdict(self.recipe)) | {"name": "", "base": weights_fingerprint(self.recipe.base)}
        # Never set here: cells of versions that did not know it keep their folders.
        del settings["encoder"]
        data = data_fingerprint(task_names(self.recipe.sft.tasks)) if self.recipe.sft else ""
        content = [settings, data, __version__, grammar_fingerprint()]
        if cpt := self.recipe.cpt:
            # What is held out decides which documents are dropped.
            held_out = data_fingerprint(suite()) if cpt.decontaminate else ""
            content += [[content_of(corpus) for corpus in cpt.corpora], held_out]
        return _digest(content)

    @property
    def name(self) -> str:
        """Return what tables call it."""
        return Label(self.model, self.label, self.recipe.seed).text()

    def done(self) -> bool:
        """Return whether it is finished."""
        return (self.folder / MANIFEST).is_file()

    def prepare(self) -> None:
        """Write the recipe that the command reads."""
        # JSON is YAML.
        write_text(self._recipe_file, json.dumps(asdict(self.recipe), indent=2))

    @property
    def command(self) -> list[str]:
        """Return the arguments of `itamed`."""
        given = ["--pretrained", str(self.needs.folder)] if self.needs else []
        return ["train", str(self._recipe_file), "--output", str(self.folder), *given]

    @property
    def _recipe_file(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.recipe.yaml")


@dataclass(frozen=True)
class Evaluation:
    """A model to be asked."""

    model: Model
    needs: Training | None
    method: Method
    seed: int
    matrix: Matrix
    root: Path

    @property
    def name(self) -> str:
        """Return what tables call it."""
        return self.label.text(str(self.method))

    @property
    def label(self) -> Label:
        """Return what reports call the model."""
        varies = self.needs or self.method.shots
        return Label(self.model.name, self.needs.label if self.needs else "", self.seed if varies else None)

    @property
    def line(self) -> Line:
        """Return what names its line in a report."""
        return Line.of(self.label, str(self.method))

    @cached_property
    def folder(self) -> Path:
        """Return where its results go: other weights, settings, grammars or versions have another folder."""
        weights = self.needs.digest if self.needs else weights_fingerprint(self.model.base)
        # The place of a trained model is no part of what it is.
        content = [self._arguments(weights), data_fingerprint(task_names(self.matrix.tasks)), __version__]
        # Adapters, say, which may be trained anew in their folder.
        given = f"{self.matrix.model_args},{self.model.model_args}"
        others = [
            weights_fingerprint(str(each))
            for each in model_arguments({"model_args": given}).values()
            if Path(each).is_dir()
        ]
        return _folder(self.root / _CELLS, self.name, _digest([*content, *others, grammar_fingerprint()]))

    @property
    def job_settings(self) -> str:
        """Return what its job needs beside what all need."""
        return self.model.job_settings

    def done(self) -> bool:
        """Return whether there are whole results; half-written and damaged ones are made anew from stored answers."""
        return self.results() is not None

    def results(self) -> Run | None:
        """Return the whole results, None if there are none."""
        run = results_in(self.folder).run
        return replace(run, named=self.label) if run else None

    def damage(self) -> str:
        """Return what is wrong with results that are not whole, empty if there are none."""
        return next(iter(results_in(self.folder).damaged.values()), "")

    def prepare(self) -> None:
        """Make the folder, which holds the stored answers from the first one on; set damaged results aside, and say so.

        Raises:
            ItamedError: the folder cannot be written.
        """
        with storing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            # A job takes a cell with results for finished, whatever becomes of their samples.
            for path, reason in results_in(self.folder).damaged.items():
                say_notice(f"{self.name} is made anew from its stored answers: {reason}")
                path.rename(path.with_name(f"{path.name}.damaged"))

    @property
    def command(self) -> list[str]:
        """Return the arguments of `itamed`."""
        pretrained = str(self.needs.folder / "model") if self.needs else self.model.base
        arguments = [*self._arguments(pretrained), "--resume", "--label", self.label.written()]
        return ["eval", *arguments, "--output_path", str(self.folder)]

    def _arguments(self, pretrained: str) -> list[str]:
        engine = self.model.engine or self.matrix.engine
        given = [f"pretrained={pretrained}", self.matrix.model_args, self.model.model_args]
        if engine.startswith("itamed-") and not self.method.constrained:
            given.append("constrained=false")
        metadata = {"fewshot_seed": self.seed} if self.method.shots else {}
        metadata |= {"eval_notes": self.matrix.notes} if self.matrix.notes else {}
        metadata |= {"eval_wording": self.method.wording} if self.method.wording else {}
        tasks = ",".join(self.matrix.tasks)
        return Asked(engine, given, tasks, self.method.shots, self.model.chat, metadata).arguments()


def cells(matrix: Matrix, root: Path, near: Path) -> list[Training | Evaluation]:
    """Return all cells, each training before what needs it.

    Args:
        matrix: the experiment.
        root: folder of its results.
        near: folder from which the matrix names recipes.

    Raises:
        ItamedError: a recipe is none, or asks otherwise than its model is asked; or no single run is the baseline.
    """
    found = [cell for model in matrix.models for cell in _of_model(matrix, model, root, near)]
    if matrix.baseline:
        # Days before the report would ask for it.
        baseline_line([cell for cell in found if isinstance(cell, Evaluation)], matrix.baseline)
    return found


def write_current(evaluations: Sequence[Evaluation], root: Path) -> None:
    """Write the list that tells reports which folders are those of an experiment as it is now.

    Raises:
        ItamedError: it cannot be written.
    """
    write_text(root / _CELLS / CURRENT, json.dumps([cell.folder.name for cell in evaluations], indent=0))


def baseline_line(evaluations: Sequence[Evaluation], name: str) -> Line:
    """Return the line that a matrix names as its baseline.

    Raises:
        ItamedError: the name is that of no line, or of several.
    """
    return baseline_of(list(dict.fromkeys(cell.line for cell in evaluations)), name)


class Line(NamedTuple):
    """What a report will call the line of a cell, all seeds together."""

    label: str
    setting: str

    @classmethod
    def of(cls, label: Label, method: str) -> Line:
        """Return the line of a model that is asked by a method, whatever its seed."""
        named = replace(label, seed=None)
        return cls(named.text(method), named.setting(method))


def _of_model(matrix: Matrix, model: Model, root: Path, near: Path) -> Iterator[Training | Evaluation]:
    untaught = methods_of(model.methods or matrix.methods)
    for method in untaught:
        # Greedy answers without examples are the same whatever the seed.
        for seed in matrix.seeds if method.shots else matrix.seeds[:1]:
            yield Evaluation(model, None, method, seed, matrix, root)
    recipes = [(label, _recipe(model, name, near)) for label, name in model.recipes.items()]
    pretrained: dict[str, Training] = {}
    # Those of both stages last: they begin with a pre-training that another cell may make.
    for label, recipe in sorted(recipes, key=lambda each: bool(each[1].cpt and each[1].sft)):
        for seed in matrix.seeds:
            mine = changed(recipe, base=model.base, seed=seed)
            training = Training(model.name, label, mine, root, model.job_settings)
            if recipe.cpt and recipe.sft:
                training = replace(training, needs=pretrained.get(_pre_training(mine)))
            elif recipe.cpt:
                pretrained[_pre_training(mine)] = training
            yield training
            for method in methods_of(matrix.trained_methods) if recipe.sft else untaught:
                yield Evaluation(model, training, method, seed, matrix, root)


def _pre_training(recipe: Recipe) -> str:
    """Return all that decides the continual pre-training of a recipe."""
    return json.dumps(without_memory(asdict(replace(recipe, name="", sft=None))), sort_keys=True)


def _recipe(model: Model, name: str, near: Path) -> Recipe:
    recipe = load_recipe(str(near / name) if is_file_name(name) else name)
    if recipe.encoder:
        raise ItamedError(f"{name} trains an encoder, which cannot be prompted: train it with `itamed train` alone.")
    if recipe.sft and recipe.sft.chat != model.chat:
        raise ItamedError(
            f"{name} has sft.chat {recipe.sft.chat}, {model.name} has chat {model.chat}: make them alike."
        )
    return recipe


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _folder(place: Path, name: str, digest: str) -> Path:
    """Return the folder of a digest, whatever it was called when it was made."""
    slug = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
    found = sorted(path for path in place.glob(f"*-{digest}") if path.is_dir())
    return found[0] if found else place / f"{slug}-{digest}"
