"""Fixtures: the file of a small matrix beside its recipe."""

import pytest

from ..conftest import TASKS


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
