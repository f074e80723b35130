"""From a matrix to cells: what is run, in which order, in folders named after what they hold."""

import json
import re
from dataclasses import replace

import pytest
import yaml
from itamed.benchmark.cli import app
from itamed.benchmark.data.record import FILE, Record
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.report.finding import CURRENT, find_run
from itamed.benchmark.sources.registry import source_of
from itamed.training.plan import plan
from itamed.training.recipe import Corpus, Cpt, load_recipe
from itamed.training.sweep import estimate, jobs, results
from itamed.training.sweep.cells import Evaluation, Training, cells, write_current
from itamed.training.sweep.estimate import cost
from itamed.training.sweep.matrix import load_matrix
from typer.testing import CliRunner

from ...conftest import ROOT
from ..conftest import TASKS
from .conftest import damage, finish


def cells_of(path, root):
    return cells(load_matrix(str(path)), root, path.parent)


def test_a_training_comes_before_what_needs_it_and_seeds_count_where_they_matter(matrix_file, tmp_path):
    found = cells_of(matrix_file, tmp_path / "out")
    assert [cell.name for cell in found] == [
        "Tiny 0-shot",
        "Tiny 1-shot constrained seed 3",
        "Tiny 1-shot constrained seed 5",
        "Tiny FT seed 3",
        "Tiny FT 0-shot constrained seed 3",
        "Tiny FT seed 5",
        "Tiny FT 0-shot constrained seed 5",
    ]
    free, shown, _, training, trained, *_ = found
    assert f"pretrained={training.folder / 'model'},dtype=float32" in trained.command
    assert free.command[free.command.index("--model_args") + 1].endswith("dtype=float32,constrained=false")
    assert "--metadata" in shown.command and '{"fewshot_seed": 3, "eval_notes": 2}' in shown.command
    training.prepare()
    recipe = load_recipe(training.command[1])
    assert (recipe.seed, recipe.sft.lora.rank) == (3, 4)


def folders(path, root):
    return [cell.folder.relative_to(root) for cell in cells_of(path, root)]


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (("dtype=float32", "dtype=float64"), [True, True, True, False, True, False, True]),
        (("rank: 4", "rank: 8"), [False, False, False, True, True, True, True]),
        (("notes: 2", "notes: 3"), [True, True, True, False, True, False, True]),
        (("seeds: [3, 5]", "seeds: [3, 6]"), [False, False, True, False, False, True, True]),
        (("pack: 4000", "pack: 2000"), [False] * 7),
        (("name: Tiny", "name: Tiny\n    job_settings: gpus_per_node=2"), [False] * 7),
    ],
)
def test_what_changes_gets_another_folder_and_nothing_else(matrix_file, recipe_file, tmp_path, change, changed):
    before = folders(matrix_file, tmp_path / "out")
    assert folders(matrix_file, tmp_path / "elsewhere") == before
    for path in (matrix_file, recipe_file):
        path.write_text(path.read_text().replace(*change))
    after = folders(matrix_file, tmp_path / "out")
    assert [one != other for one, other in zip(before, after, strict=True)] == changed


def test_the_list_of_current_cells_is_that_of_the_last_call(matrix_file, tmp_path):
    root = tmp_path / "out"

    def listed():
        evaluations = [cell for cell in cells_of(matrix_file, root) if isinstance(cell, Evaluation)]
        write_current(evaluations, root)
        assert all(cell.folder.parent == root / "cells" for cell in evaluations)
        return [cell.folder.name for cell in evaluations], json.loads((root / "cells" / CURRENT).read_text())

    before, written = listed()
    assert before == written and len(written) == 5
    matrix_file.write_text(matrix_file.read_text().replace("notes: 2", "notes: 3"))
    after, written = listed()
    assert after == written and not set(after) & set(before)


def test_other_weights_in_the_same_place_are_another_model(matrix_file, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"1")
    settings = yaml.safe_load(matrix_file.read_text())
    settings["models"][0]["base"] = str(model)
    matrix_file.write_text(yaml.safe_dump(settings))
    before = folders(matrix_file, tmp_path / "out")
    (model / "model.safetensors").write_bytes(b"22")
    assert not set(before) & set(folders(matrix_file, tmp_path / "out"))


def test_a_cell_that_is_called_otherwise_is_the_same(matrix_file, tmp_path):
    root = tmp_path / "out"
    for cell in cells_of(matrix_file, root):
        cell.folder.mkdir(parents=True)
    before = folders(matrix_file, root)
    matrix_file.write_text(matrix_file.read_text().replace("Tiny", "Small").replace("FT:", "Fine-tuned:"))
    assert folders(matrix_file, root) == before


def test_data_that_were_built_anew_are_other_data(matrix_file, tmp_path, monkeypatch):
    monkeypatch.setenv("ITAMED_HOME", str(tmp_path / "home"))
    matrix_file.write_text(matrix_file.read_text().replace(f"tasks: [{TASKS[1]}]", "tasks: [itamed_qa_casimedicos]"))
    before = folders(matrix_file, tmp_path / "out")
    record = Record("casimedicos", {}, {}, {"itamed_qa_casimedicos": {"test": {"sha256": "1"}}})
    source = source_of("itamed_qa_casimedicos").name
    write_text(datasets_dir() / source / FILE, record.to_json())
    after = folders(matrix_file, tmp_path / "out")
    assert [one != other for one, other in zip(before, after, strict=True)] == [
        True,
        True,
        True,
        False,
        True,
        False,
        True,
    ]


def test_half_written_results_are_not_done(matrix_file, tmp_path):
    cell = next(cell for cell in cells_of(matrix_file, tmp_path / "out") if isinstance(cell, Evaluation))
    assert not cell.done()
    cell.prepare()
    (cell.folder / "results_2026-11-26T00-00-00.json").write_text('{"results": {"itamed')
    assert not cell.done()
    # The next call writes its own beside them.
    (whole,) = (ROOT / "docs" / "runs" / "smollm2-135m-0-shot").rglob("results_*.json")
    content = json.loads(whole.read_text())
    later = cell.folder / "results_2026-11-26T00-00-01.json"
    later.write_text(json.dumps(content | {"usage": None}))
    assert not cell.done(), "killed before its samples were read again"
    later.write_text(json.dumps(content))
    assert cell.done() and cell.results().label == cell.name


def test_damaged_answers_are_made_anew(asked, monkeypatch):
    cell, read = asked[0], []
    monkeypatch.setattr(results, "find_run", lambda path: read.append(path) or find_run(path))
    finish(asked, str(cell.method))
    assert cell.done() and cell.results().label == cell.name and not cell.damage()
    assert len(read) == 1, "all answers are read once"
    samples = damage(cell)
    assert not cell.done() and not cell.done() and f"{samples} is damaged" in cell.damage()
    assert len(read) == 2 and jobs.finished(cell.folder)
    cell.prepare()
    assert not jobs.finished(cell.folder) and not cell.damage(), "a job would have taken it for finished"
    assert [path.suffix for path in cell.folder.rglob("results_*")] == [".damaged"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("0-shot, 1-shot", "0-shot, one-shot"), "'one-shot constrained' is no method"),
        (("name: Tiny", "name: Tiny\n    engin: hf"), r"models\[0\].engin is no setting: did you mean engine"),
        (("notes: 2", "engine: hf"), "hf knows no grammars: choose itamed-hf or itamed-vllm for Tiny"),
        (("name: Tiny", "name: Tiny\n    chat: true"), r"recipe.yaml has sft.chat False, Tiny has chat True"),
        (("recipe.yaml", "no.yaml"), r"no\.yaml"),
        (("seeds: [3, 5]", "seeds: []"), "needs models, seeds and tasks"),
        (("seeds: [3, 5]", "seeds: [3, 3]"), "A seed of the matrix stands there twice"),
        (("0-shot, 1-shot", "1-shot constrained, 1-shot"), "Tiny is asked twice by one method"),
        (("name: Tiny", "name: Tiny=1"), "leave out commas and equal signs"),
        (("name: small", "name: [small"), "is no YAML"),
        (
            ("notes: 2", "baseline: constrained"),
            "The baseline constrained names 2 of these runs, it must name one: Tiny",
        ),
    ],
)
def test_mistakes_are_said(matrix_file, tmp_path, change, message):
    matrix_file.write_text(matrix_file.read_text().replace(*change))
    with pytest.raises(ItamedError, match=message):
        cells_of(matrix_file, tmp_path / "out")


def test_a_dry_run_shows_the_commands_and_leaves_nothing(matrix_file, tmp_path):
    output = tmp_path / "out"
    done = CliRunner().invoke(app, ["sweep", str(matrix_file), "--output", str(output), "--dry-run"])
    assert done.exit_code == 0, done.output
    assert done.output.count("to do") == 7 and "itamed train " in done.output
    assert done.output.count("GiB") == 7 and "measured here" in done.output
    assert re.search(r"^To do: about \d+ min, one cell at a time\.$", done.output, re.MULTILINE)
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


def with_text(recipe_file, text):
    """Give a recipe text to read first."""
    path = recipe_file.with_name("text.jsonl")
    path.write_text("".join(json.dumps({"text": f"{text} " * (20 + n)}) + "\n" for n in range(3)))
    if "cpt:" not in recipe_file.read_text():
        recipe_file.write_text(
            recipe_file.read_text()
            + f"cpt:\n  unchecked_tasks: [itamed]\n  corpora: [{{name: mine, format: jsonl, path: {path}}}]\n"
        )


def test_other_text_in_the_same_place_is_another_training(matrix_file, recipe_file, tmp_path):
    with_text(recipe_file, "il paziente ha la tosse")
    before = folders(matrix_file, tmp_path / "out")
    with_text(recipe_file, "la paziente non ha tosse")
    after = folders(matrix_file, tmp_path / "out")
    assert [one != other for one, other in zip(before, after, strict=True)] == [False] * 3 + [True] * 4


def test_what_is_pre_trained_alone_is_asked_as_its_base_model(matrix_file, recipe_file, tmp_path):
    with_text(recipe_file, "il paziente ha la tosse")
    recipe_file.with_name("cpt.yaml").write_text("like: recipe.yaml\nsft: null\n")
    matrix_file.write_text(matrix_file.read_text().replace("{FT: recipe.yaml}", "{CPT+FT: recipe.yaml, CPT: cpt.yaml}"))
    found = [cell for cell in cells_of(matrix_file, tmp_path) if "seed 3" in cell.name]
    assert [cell.name for cell in found[1:]] == [
        "Tiny CPT seed 3",
        "Tiny CPT 0-shot seed 3",
        "Tiny CPT 1-shot constrained seed 3",
        "Tiny CPT+FT seed 3",
        "Tiny CPT+FT 0-shot constrained seed 3",
    ]
    training, free, *_ = found[1:]
    assert training.recipe.sft is None and free.needs == training
    assert f"pretrained={training.folder / 'model'}" in " ".join(free.command)
    both = found[4]
    assert both.needs == training and both.command[-2:] == ["--pretrained", str(training.folder)]


def test_another_pre_training_is_not_begun_with(matrix_file, recipe_file, tmp_path):
    with_text(recipe_file, "il paziente ha la tosse")
    recipe_file.with_name("cpt.yaml").write_text("like: recipe.yaml\nsft: null\ncpt: {length: 99}\n")
    matrix_file.write_text(matrix_file.read_text().replace("{FT: recipe.yaml}", "{CPT: cpt.yaml, CPT+FT: recipe.yaml}"))
    trainings = [cell for cell in cells_of(matrix_file, tmp_path) if isinstance(cell, Training)]
    assert len(trainings) == 4 and not any(cell.needs for cell in trainings)
    assert not any("--pretrained" in cell.command for cell in trainings)


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


def test_the_paper_s_rows_and_what_runs_on_a_processor_come_along(tmp_path):
    paper = cells(load_matrix("paper"), tmp_path, tmp_path)
    trained = {(cell.model, cell.label) for cell in paper if isinstance(cell, Training)}
    large = [cell.name for cell in paper if cell.name.startswith(("medgemma-27b", "Qwen3-32B"))]
    assert {cell.job_settings for cell in paper if cell.name in large} == {"gpus_per_node=2"}
    assert {cell.job_settings for cell in paper if cell.name not in large} == {""}
    assert len(trained) == 8 and len({name.split()[0] for name in large}) == 2, "ten rows"
    stages = cells(load_matrix("stages"), tmp_path, tmp_path)
    trainings = [cell for cell in stages if isinstance(cell, Training) and cell.recipe.seed == 0]
    assert [cell.label for cell in trainings] == ["FT", "CPT", "CPT+FT"] * 6
    assert [cell.needs.label for cell in trainings if cell.needs] == ["CPT"] * 6, "pre-trained once"
    parts = {cell.label: (bool(cell.recipe.cpt), bool(cell.recipe.sft)) for cell in trainings}
    assert parts == {"FT": (False, True), "CPT": (True, False), "CPT+FT": (True, True)}
    by_model = {cell.model: cell.recipe.cpt for cell in trainings if cell.label == "CPT+FT"}
    assert all(cell.recipe.cpt == by_model[cell.model] for cell in trainings if cell.label == "CPT")
    small = cells(load_matrix("small"), tmp_path, tmp_path)
    assert len(small) == 10 and small[0].command[small[0].command.index("--tasks") + 1].count(",") == 13
    trial = cells(load_matrix("trial"), tmp_path, tmp_path)
    assert len(trial) == 15 and {cell.recipe.name for cell in trial if isinstance(cell, Training) and cell.needs} == {
        "trial-cpt-ft"
    }
    with pytest.raises(ItamedError, match=r"No matrix is named big: .* paper, small, stages, trial"):
        load_matrix("big")
