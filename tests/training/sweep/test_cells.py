"""From a matrix to cells: what is run, in which order, in folders named after what they hold."""

import json

import pytest
import yaml
from itamed.benchmark.data.record import FILE, Record
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.report.finding import CURRENT, find_run
from itamed.benchmark.sources.registry import source_of
from itamed.training.recipe import load_recipe
from itamed.training.sweep import jobs, results
from itamed.training.sweep.cells import Evaluation, Training, cells, write_current
from itamed.training.sweep.matrix import load_matrix

from ...conftest import ROOT
from ..conftest import TASKS
from .conftest import cells_of, damage, finish, with_text


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


def test_a_method_may_ask_in_other_words(matrix_file, tmp_path):
    matrix_file.write_text(matrix_file.read_text().replace("1-shot constrained", "1-shot wording 2 constrained"))
    asked = cells_of(matrix_file, tmp_path / "out")[1]
    assert asked.name == "Tiny 1-shot wording 2 constrained seed 3"
    assert '{"fewshot_seed": 3, "eval_notes": 2, "eval_wording": 2}' in asked.command


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


def test_another_adapter_in_the_same_place_is_another_model(matrix_file, tmp_path):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"1")
    settings = yaml.safe_load(matrix_file.read_text())
    settings["models"][0]["model_args"] = f"peft={adapter}"
    matrix_file.write_text(yaml.safe_dump(settings))
    before = folders(matrix_file, tmp_path / "out")
    assert folders(matrix_file, tmp_path / "out") == before
    (adapter / "adapter_model.safetensors").write_bytes(b"22")
    common = set(before) & set(folders(matrix_file, tmp_path / "out"))
    assert {path.parts[0] for path in common} == {"trainings"}, "which know nothing of it"


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


def test_damaged_answers_are_made_anew(asked, monkeypatch, capsys):
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
    assert f"{cell.name} is made anew from its stored answers: {samples} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("0-shot, 1-shot", "0-shot, one-shot"), "'one-shot constrained' is no method"),
        (("0-shot, 1-shot", "0-shot, 1-shot wording 9"), "eval_wording=9 is none"),
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
