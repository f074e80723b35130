"""What cells will take: as asked, planned once, and what is said of it."""

import json
import re
from dataclasses import replace

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.training.plan import plan
from itamed.training.recipe import Corpus, Cpt, load_recipe
from itamed.training.sweep import estimate
from itamed.training.sweep.cells import Training
from itamed.training.sweep.estimate import cost
from typer.testing import CliRunner

from .conftest import cells_of, with_text


def test_a_dry_run_shows_the_commands_and_leaves_nothing(matrix_file, tmp_path):
    output = tmp_path / "out"
    done = CliRunner().invoke(app, ["sweep", str(matrix_file), "--output", str(output), "--dry-run"])
    assert done.exit_code == 0, done.output
    assert done.output.count("to do") == 7 and "itamed train " in done.output
    assert done.output.count("GiB") == 7 and "measured here" in done.output
    assert len(re.findall(r"│ +≥ [\d,]+ min │", done.output)) == 5, "of answering, not of training"
    title = " ".join(done.output.partition("┏")[0].split())
    assert "of answering at least (≥)" in title
    assert "memory of each device, without activations and the cache of keys and values" in title
    assert re.search(r"^To do: at least \d+ min, one cell at a time\.$", done.output, re.MULTILINE)
    assert not output.exists()
    matrix_file.write_text(matrix_file.read_text().replace("base: ", "base: /no/such"))
    done = CliRunner().invoke(app, ["sweep", str(matrix_file), "--output", str(output), "--dry-run", "--tflops", "2"])
    assert done.exit_code == 0 and "GiB" not in done.output and "as given" in done.output
    assert "To do: 7 cells, without any that could be estimated.\n" in done.output
    assert done.stderr.count("No estimate where it says –: The model /no/such") == 1
    assert "Estimating" in done.stderr
    explained = CliRunner().invoke(app, ["sweep", "--explain"])
    assert "models[].job_settings" in explained.output and "models[].recipes" in explained.output
    assert CliRunner().invoke(app, ["sweep"]).exit_code == 2


def test_estimates_follow_what_is_asked(matrix_file, tmp_path):
    free, shown, training, trained, *_ = (
        cost(cell) for cell in cells_of(matrix_file, tmp_path) if "seed 5" not in cell.name
    )
    # An untrained model without grammars may go on to its last token; examples are read once.
    assert shown.flops > trained.flops > 0 and free.flops > trained.flops
    assert training.flops > trained.flops
    assert training.size > trained.size == free.size


def test_devices_that_share_weights_share_memory_and_time(matrix_file, tmp_path):
    alone, *_ = cells_of(matrix_file, tmp_path)

    def shared(model_args):
        return cost(replace(alone, model=replace(alone.model, model_args=model_args)))

    one, two = cost(alone), shared("tensor_parallel_size=2")
    assert two.size == one.size // 2 and two.flops == one.flops and two.seconds(1e9) == one.seconds(1e9) / 2
    assert shared("tensor_parallel_size=all") == shared("tensor_parallel_size=0") == one, "engines complain"


def test_a_sum_says_what_it_lacks(matrix_file, tmp_path, monkeypatch, capsys):
    found = cells_of(matrix_file, tmp_path)
    costs = dict.fromkeys((cell.name for cell in found), estimate.Cost(3.6e15, 0))

    def said():
        def of(cell):
            if cell.name not in costs:
                raise ItamedError("The model cannot be looked at.")
            return costs[cell.name]

        monkeypatch.setattr(estimate, "cost", of)
        estimate.show_estimates(found, 1, 1.0)
        return capsys.readouterr().out.splitlines()[-1]

    assert said() == "To do: about 7.0 hours, one cell at a time."
    costs["Tiny 0-shot"] = estimate.Cost(7.2e15, 0, devices=2, least=True)
    assert said() == "To do: at least 7.0 hours, one cell at a time."
    costs["Tiny 0-shot"] = costs["Tiny FT seed 3"]
    costs["Tiny FT seed 3"] = estimate.Cost(3.6e15, 0, without="corpora are not there")
    assert said() == "To do: at least 7.0 hours, one cell at a time, without the pre-training where it says +."
    del costs["Tiny FT seed 5"]
    without = "1 cell that could not be estimated and the pre-training where it says +"
    assert said() == f"To do: at least 6.0 hours, one cell at a time, without {without}."
    monkeypatch.setattr(Training, "done", lambda self: True)
    assert said() == "To do: about 5.0 hours, one cell at a time.", "what is done lacks nothing"
    del costs["Tiny 0-shot"], costs["Tiny FT 0-shot constrained seed 3"]
    assert said() == "To do: at least 3.0 hours, one cell at a time, without 2 cells that could not be estimated."


@pytest.fixture
def reading(recipe_file, tmp_path):
    """Return a recipe that reads a file of 40 documents of 50 words before fine-tuning."""
    words = ["di", "la", "per", "una", *(f"parola{number}" for number in range(2000))]
    texts = [" ".join(words[:4] + words[50 * n : 50 * n + 46]) for n in range(1, 41)]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    corpus = Corpus("mine", "jsonl", str(path))
    return replace(load_recipe(str(recipe_file)), cpt=Cpt([corpus], unchecked_tasks=["itamed"], length=64, batch=2))


def test_pre_training_is_estimated_where_its_corpora_are_there(reading, tmp_path):
    def cost_of(recipe):
        return cost(Training("Tiny", "CPT+FT", recipe, tmp_path))

    both, fine, cpt = cost_of(reading), cost_of(replace(reading, cpt=None)), cost_of(replace(reading, sft=None))
    assert both.flops == pytest.approx(fine.flops + cpt.flops) and cpt.flops > 0 and not both.without
    assert both.size == max(fine.size, cpt.size), "one after the other"
    # Half of the epochs, or at most 3 steps of 2 sequences of 64 tokens.
    half = replace(reading.cpt, optimizer=replace(reading.cpt.optimizer, epochs=0.5))
    assert cost_of(replace(reading, cpt=half, sft=None)).flops == pytest.approx(cpt.flops / 2, rel=0.01)
    steps = replace(reading.cpt, optimizer=replace(reading.cpt.optimizer, max_steps=3))
    assert cost_of(replace(reading, cpt=steps, sft=None)).flops < cpt.flops
    begun = Training("Tiny", "CPT", replace(reading, sft=None), tmp_path)
    assert cost(Training("Tiny", "CPT+FT", reading, tmp_path, needs=begun)) == fine, "it is counted once"
    gone = replace(reading, cpt=replace(reading.cpt, corpora=[Corpus("gone", "jsonl", "/no/such")]))
    assert cost_of(gone).flops == fine.flops and "/no/such holds no" in cost_of(gone).without
    with pytest.raises(ItamedError, match="/no/such holds no"):
        cost_of(replace(gone, sft=None))


def counted(monkeypatch, name):
    """Forget what a function of the estimates has returned; return a list that gets the arguments of each call."""
    asked, ask = [], getattr(estimate, name).__wrapped__
    monkeypatch.setattr(estimate, name, estimate._remembered(lambda *args: asked.append(args) or ask(*args)))
    return asked


def test_a_training_is_planned_once_for_all_seeds(matrix_file, tmp_path, monkeypatch):
    planned = counted(monkeypatch, "_planned")
    costs = [cost(cell) for cell in cells_of(matrix_file, tmp_path) if isinstance(cell, Training)]
    assert costs[0] == costs[1] and len(planned) == 1


def test_a_model_that_is_not_there_is_looked_for_once_and_first(matrix_file, recipe_file, tmp_path, monkeypatch):
    with_text(recipe_file, "il paziente ha la tosse")
    matrix_file.write_text(matrix_file.read_text().replace("base: ", "base: /no/such"))
    looked = counted(monkeypatch, "_weights")
    others = [counted(monkeypatch, name) for name in ("_made_ready", "_planned", "_tokens")]
    for cell in cells_of(matrix_file, tmp_path):
        with pytest.raises(ItamedError, match=r"The model /no/such.* cannot be looked at"):
            cost(cell)
    assert len(looked) == 1 and others == [[], [], []]
    monkeypatch.setattr("itamed.training.plan.prepare", lambda _: pytest.fail("prepared for nothing"))
    with pytest.raises(ItamedError, match="cannot be looked at"):
        plan(replace(load_recipe(str(recipe_file)), base="/no/such"))


def test_corpora_that_are_not_there_are_looked_for_once(reading, tmp_path, monkeypatch):
    prepared = counted(monkeypatch, "_made_ready")
    gone = replace(reading, cpt=replace(reading.cpt, corpora=[Corpus("gone", "jsonl", "/no/such text")]))
    for seed in (1, 2):
        for pack in (4000, 5000):
            recipe = replace(gone, seed=seed, sft=replace(gone.sft, pack=pack))
            assert "/no/such text holds no" in cost(Training("Tiny", "CPT+FT", recipe, tmp_path)).without
    assert len(prepared) == 1
