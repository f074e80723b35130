"""A recipe says in which numbers it is trained, not what a launcher was once set to."""

import pytest
from itamed.training.arguments import arguments_of
from itamed.training.recipe import Optimizer, Recipe


@pytest.mark.parametrize("launcher", ["bf16", "fp16", "no"])
@pytest.mark.parametrize(
    ("dtype", "whole", "expected"), [("float32", True, "no"), ("bfloat16", True, "bf16"), ("bfloat16", False, "no")]
)
def test_the_number_format_is_the_recipes(tmp_path, monkeypatch, launcher, dtype, whole, expected):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", launcher)
    recipe = Recipe(name="a", base="b", dtype=dtype)
    found = arguments_of(recipe, Optimizer(), tmp_path, look_every=1, watched="", bf16=whole)
    assert found.mixed_precision == expected
