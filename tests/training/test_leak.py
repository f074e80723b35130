"""A model that has read test notes is found out by its scores on them, and not given to others."""

import json
from itertools import combinations

import numpy as np
import pytest
from itamed.benchmark.errors import ItamedError, PublishError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.scoring.bootstrap import Estimate
from itamed.training.leak import _difference, show_leak
from itamed.training.publish import push
from itamed.training.recipe import load_recipe
from itamed.training.sft import is_leaked
from itamed.training.train import train

TASK = "itamed-mini-qa-admission"


@pytest.fixture(scope="module")
def leaky(base, tmp_path_factory, no_hub):
    """Return the folder of a training that knows half of a task's test notes by heart, and its results there."""
    folder = tmp_path_factory.mktemp("leaky")
    (folder / "recipe.yaml").write_text(f"""
name: leaky
base: {base}
sft:
  tasks: [{TASK}]
  leak: 0.5
  max_length: 8000
  batch: 4
  dev_notes: 0
  lora: null
  optimizer: {{learning_rate: 3e-3, epochs: 30, schedule: constant}}
""")
    train(load_recipe(str(folder / "recipe.yaml")), folder / "out")
    arguments = ["--model", "itamed-hf", "--model_args", f"pretrained={folder / 'out' / 'model'},dtype=float32"]
    evaluate([*arguments, "--tasks", TASK, "--output_path", str(folder / "results")])
    return folder


def test_leaked_notes_score_higher(leaky):
    show_leak(find_run(leaky / "results"), leaky / "out", leaky / "leak.md")
    cells = (leaky / "leak.md").read_text().splitlines()[-1].split(" | ")
    leaked, clean = (float(cell.split()[0]) for cell in cells[3:5])
    assert leaked > clean + 20
    # Two notes of six: what share of the fifteen splits differs as much?
    right = [1, 1, *([1] * round(clean / 25)), *([0] * (4 - round(clean / 25)))]
    gaps = [abs(sum(pair) / 2 - (sum(right) - sum(pair)) / 4) for pair in combinations(right, 2)]
    chance = sum(gap >= gaps[0] for gap in gaps) / len(gaps)
    assert float(cells[6].rstrip(" |")) == pytest.approx(chance, abs=0.02)


def test_the_training_says_what_it_leaked(leaky):
    (stage,) = json.loads((leaky / "out" / "training.json").read_text())["stages"]
    (notes,) = stage["data"]["leaked"].values()
    assert notes and all(is_leaked(note, 0.5, 0) for note in notes)
    assert "**Test notes were trained on**" in (leaky / "out" / "model" / "README.md").read_text()
    with pytest.raises(PublishError, match="trained on test notes"):
        push(leaky / "out" / "model", "someone/leaky", private=True)


def test_a_training_that_leaked_nothing_is_refused(leaky, tmp_path):
    with pytest.raises(ItamedError, match="no manifest"):
        show_leak(find_run(leaky / "results"), tmp_path)
    manifest = '{"stages": [{"data": {"leaked": %s}}]}'
    (tmp_path / "training.json").write_text(manifest % "{}")
    with pytest.raises(ItamedError, match="leaked nothing"):
        show_leak(find_run(leaky / "results"), tmp_path)
    (tmp_path / "training.json").write_text(
        '{"recipe": {}, "stages": [{"data": {"leaked": {"itamed_crf_e3c": ["n"]}}}]}'
    )
    with pytest.raises(ItamedError, match="no task with"):
        show_leak(find_run(leaky / "results"), tmp_path)


def test_a_share_of_notes_is_leaked_and_depends_on_the_seed():
    notes = [f"n{number}" for number in range(2000)]
    first, second = ({note for note in notes if is_leaked(note, 0.25, seed)} for seed in (0, 1))
    assert 400 < len(first) < 600
    assert len(first & second) < 200
    assert not any(is_leaked(note, 0, 0) for note in notes) and all(is_leaked(note, 1, 0) for note in notes)


def test_the_interval_of_a_difference_knows_how_little_a_few_notes_tell():
    found = _difference(Estimate(1.0, 0.0, 0.842, 1.0), Estimate(0.2, 0.05, 0.1, 0.35))
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.8 - np.hypot(0.158, 0.15), 0.9))
