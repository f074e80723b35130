"""Fixtures: the file of a small matrix beside its recipe, and cells that have results."""

import json
import shutil

import pytest
from itamed.training.sweep.cells import Evaluation, cells
from itamed.training.sweep.matrix import load_matrix

from ...conftest import ROOT
from ..conftest import TASKS

RUNS = {"0-shot": "smollm2-135m-0-shot", "0-shot constrained": "smollm2-135m-0-shot-constrained"}


def cells_of(path, root):
    """Return the cells of the file of a matrix."""
    return cells(load_matrix(str(path)), root, path.parent)


@pytest.fixture
def matrix_file(base, recipe_file):
    """Return the file of a matrix with one base model and one training of it."""
    path = recipe_file.with_name("matrix.yaml")
    path.write_text(f"""
name: small
models:
  - name: Tiny
    base: {base}
    recipes: {{FT: recipe.yaml}}
methods: [0-shot, 1-shot constrained]
trained_methods: [0-shot constrained]
tasks: [{TASKS[1]}]
notes: 2
seeds: [3, 5]
model_args: dtype=float32
""")
    return path


@pytest.fixture
def asked(matrix_file, tmp_path):
    """Return the evaluations of a base model by three methods, and of a trained one."""
    text = matrix_file.read_text().replace("1-shot constrained]", "0-shot constrained, 1-shot constrained]")
    matrix_file.write_text(text + "baseline: 0-shot\n")
    found = cells_of(matrix_file, tmp_path / "out")
    return [cell for cell in found if isinstance(cell, Evaluation)]


def finish(asked, *methods):
    """Give the base model's cells results, of runs that are kept in the repository."""
    for cell in asked:
        if cell.needs is None and str(cell.method) in methods:
            shutil.copytree(ROOT / "docs" / "runs" / RUNS[str(cell.method)], cell.folder)


def damage(cell):
    """Cut off a file of answers of a cell that has results; return it."""
    samples = next(cell.folder.rglob("samples_itamed_ner_drugtemist*"))
    samples.write_bytes(samples.read_bytes()[:-100])
    return samples


def with_text(recipe_file, text):
    """Give a recipe text to read first."""
    path = recipe_file.with_name("text.jsonl")
    path.write_text("".join(json.dumps({"text": f"{text} " * (20 + n)}) + "\n" for n in range(3)))
    if "cpt:" not in recipe_file.read_text():
        recipe_file.write_text(
            recipe_file.read_text()
            + f"cpt:\n  unchecked_tasks: [itamed]\n  corpora: [{{name: mine, format: jsonl, path: {path}}}]\n"
        )
