"""Recipes: read strictly, explained wholly, and those of the package are right."""

from dataclasses import replace

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.sources.registry import SOURCES
from itamed.training.encoder.examples import tagged_tasks
from itamed.training.examples import task_names
from itamed.training.named import names_of
from itamed.training.recipe import Recipe, changed, load_recipe
from typer.testing import CliRunner

GOOD = """
name: x
base: some/model
sft:
  tasks: [itamed-ner]
  optimizer: {learning_rate: 3e-4, epochs: 2}
"""


def written(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return str(path)


def test_a_recipe_is_read_with_its_defaults(tmp_path):
    recipe = load_recipe(written(tmp_path, GOOD))
    assert isinstance(recipe, Recipe)
    assert (recipe.sft.optimizer.learning_rate, recipe.sft.optimizer.epochs) == (3e-4, 2.0)
    assert (recipe.sft.lora.rank, recipe.sft.batch, recipe.dtype) == (32, 64, "auto")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("learning_rate", "learning_rat"), r"sft\.optimizer\.learning_rat is no setting: did you mean learning_rate"),
        (("name: x", "nickname: x"), "nickname is no setting"),
        (("name: x\n", ""), "The file lacks name"),
        (("3e-4", "fast"), r"sft\.optimizer\.learning_rate must be of type float, not 'fast' \(str\)"),
        (("[itamed-ner]", "itamed-ner"), r"sft\.tasks must be a list"),
        (("[itamed-ner]", "[1]"), r"sft\.tasks\[0\] must be of type str"),
        (("epochs: 2", "epochs: true"), r"sft\.optimizer\.epochs must be of type float"),
        (("epochs: 2", "schedule: stairs"), "must be cosine, linear or constant, not stairs"),
        (("{learning_rate: 3e-4, epochs: 2}", "7"), r"sft\.optimizer must be a mapping"),
        (("sft:", "sft: null\nignored:"), "ignored is no setting"),
        (("base: some/model", "base: some/model\ndtype: int4"), "dtype must be auto, bfloat16 or float32"),
        (("tasks:", "batch: 0\n  tasks:"), r"sft\.batch must be at least 1"),
        (("tasks:", "fewshot_share: 2\n  tasks:"), "between 0 and 1"),
        (("tasks:", "empty_share: 1.5\n  tasks:"), r"sft\.empty_share must lie between 0 and 1"),
        (("tasks:", "most_rows: -1\n  tasks:"), r"sft\.most_rows must be at least 0"),
        (("tasks:", "fewshot_seeds: 0\n  tasks:"), r"sft\.fewshot_seeds must be at least 1"),
        (("tasks:", "loss: words\n  tasks:"), r"sft\.loss must be tokens or examples, not words"),
        (("tasks:", "weights: {a: -1}\n  tasks:"), r"sft\.weights\.a must be at least 0"),
        (("tasks:", "dev_every: -1\n  tasks:"), r"sft\.dev_every must be at least 0"),
        (("tasks:", "lora: {rank: 0}\n  tasks:"), r"sft\.lora\.rank must be at least 1"),
        (("tasks:", "lora: {alpha: -3}\n  tasks:"), r"sft\.lora\.alpha must be at least 1"),
        (("tasks:", "lora: {dropout: 1.0}\n  tasks:"), r"sft\.lora\.dropout must lie between 0 and 0\.99"),
        (("tasks:", "weights: {a: .nan}\n  tasks:"), r"sft\.weights\.a must be a finite number, not nan"),
        (("epochs: 2", "epochs: .inf"), r"sft\.optimizer\.epochs must be a finite number, not inf"),
        (("epochs: 2", "epochs: 2, epochs: 3"), r"is no YAML: epochs stands here twice.* line \d"),
        (("tasks:", "tasks: []\n  batch: 4 #"), r"sft\.tasks is empty"),
        (("epochs: 2", "epochs: 0"), r"sft\.optimizer\.epochs must be more than 0"),
        (("epochs: 2", "warmup: 100"), r"sft\.optimizer\.warmup must lie between 0 and 1"),
        (("name: x", "name: x\nseed: -1"), "seed must be at least 0"),
        (("name: x", "name: x\nlike: recipe.yaml"), "are like each other"),
        (("name: x", "name: [x"), "is no YAML"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path, change, message):
    assert change[0] in GOOD
    with pytest.raises(ItamedError, match=message):
        load_recipe(written(tmp_path, GOOD.replace(*change)))


def test_a_recipe_without_training_is_refused(tmp_path):
    with pytest.raises(ItamedError, match="trains nothing"):
        load_recipe(written(tmp_path, "name: x\nbase: y\n"))


def test_a_missing_recipe_names_those_that_exist(tmp_path):
    with pytest.raises(ItamedError, match=r"one of .*mini"):
        load_recipe("maxi")
    with pytest.raises(ItamedError, match="Cannot read"):
        load_recipe(str(tmp_path / "none.yaml"))


def test_a_recipe_like_another_names_what_differs(tmp_path):
    (tmp_path / "first.yaml").write_text(GOOD)
    text = "like: first.yaml\nname: y\nsft: {batch: 8, optimizer: {epochs: 3}}\n"
    recipe = load_recipe(written(tmp_path, text))
    assert (recipe.name, recipe.base, recipe.sft.tasks, recipe.sft.batch) == ("y", "some/model", ["itamed-ner"], 8)
    assert (recipe.sft.optimizer.learning_rate, recipe.sft.optimizer.epochs) == (3e-4, 3.0)


def test_a_recipe_like_another_can_empty_and_replace_what_that_one_weighs(tmp_path):
    (tmp_path / "first.yaml").write_text(GOOD + "  weights: {itamed_ner_pharmaer: 2, itamed_ner_e3c_timex: 3}\n")
    text = "like: first.yaml\nsft: {tasks: [itamed-qa], weights: %s}\n"
    assert load_recipe(written(tmp_path, text % "{}")).sft.weights == {}
    found = load_recipe(written(tmp_path, text % "{itamed_qa_medqa: 4}")).sft
    assert (found.weights, found.optimizer.epochs) == ({"itamed_qa_medqa": 4.0}, 2.0)


def test_every_small_model_of_the_study_has_its_recipes():
    small = ("gemma3-270m", "trial")
    names = [name.removesuffix("-cpt-ft") for name in names_of("recipe") if name.endswith("-cpt-ft")]
    names = [name for name in names if name not in small]
    assert len(names) == 6
    for name in names:
        fine, both = load_recipe(f"{name}-ft"), load_recipe(f"{name}-cpt-ft")
        assert fine.cpt is None and both.cpt.lora is None
        assert fine.sft == both.sft
        assert fine.sft.chat == (name.endswith(("-it", "-instruct")) or name == "qwen3-1.7b")


@pytest.mark.parametrize("names", [("gemma3-270m", "gemma3-270m-cpt-ft"), ("trial-ft", "trial-cpt-ft")])
def test_the_smallest_model_is_fine_tuned_alike_with_and_without_text_before(names):
    fine, both = map(load_recipe, names)
    assert fine.sft == both.sft and fine.base == both.base
    assert both.cpt.decontaminate and both.cpt.lora is None


def test_recipes_for_machines_without_an_account_do_without_what_needs_one():
    needing = {name for source in SOURCES.values() if source.hub for name in source.tasks}
    texts = [load_recipe(name).cpt for name in ("gemma3-270m-cpt-ft", "trial-cpt-ft", "trial-cpt")]
    texts.append(load_recipe("encoder-scratch").encoder.scratch.mlm)
    assert all(set(section.unchecked_tasks) == needing for section in texts)
    assert load_recipe("qwen3-1.7b-cpt-ft").cpt.unchecked_tasks == [], "it is scored on all of them"


@pytest.mark.parametrize("name", names_of("recipe"))
def test_the_recipes_of_the_package_are_right(name):
    recipe = load_recipe(name)
    section = recipe.sft or recipe.encoder
    if section is None:
        assert recipe.cpt.corpora, "it is pre-trained alone"
        return
    names = tagged_tasks(section.tasks) if recipe.encoder else task_names(section.tasks)
    assert names
    assert set(section.weights) <= set(names)


def test_another_base_has_commits_of_its_own():
    recipe = replace(load_recipe("gemma3-270m"), revision="0123")
    found = changed(recipe, base="clinic/other", seed=3)
    assert (found.base, found.revision, found.seed) == ("clinic/other", "", 3)
    assert changed(recipe) == recipe
    with pytest.raises(ItamedError, match="seed must be at least 0"):
        changed(recipe, seed=-1)
    with pytest.raises(ItamedError, match=r"either a base or"):
        changed(load_recipe("encoder-scratch"), base="clinic/other")


def test_recipes_are_listed_with_what_they_make():
    done = CliRunner().invoke(app, ["train", "recipes"]).output
    assert "from google/gemma-3-270m\n" in done and "token classification from scratch\n" in done
    assert [line.split()[0] for line in done.splitlines()] == names_of("recipe")


def test_every_setting_is_explained():
    done = CliRunner().invoke(app, ["train", "--explain"])
    assert done.exit_code == 0
    for setting in (
        "like\n",
        "name (needed)",
        "sft.lora.rank (32)",
        "sft.optimizer.warmup (0.1)",
        "sft.tasks[] (['itamed-id'])",
    ):
        assert setting in done.stdout


def test_groups_stand_for_their_tasks():
    assert len(task_names(["itamed"])) == 20
    assert len(task_names(["itamed-id", "itamed_ner_pharmaer"])) == 14
    assert task_names(["itamed-crf"]) == ["itamed_crf_e3c", "itamed_crf_dyspnea"]
    assert all(name.startswith("itamed-mini-") for name in task_names(["itamed-mini"]))
    assert task_names(["itamed-mini-qa-ssm"]) == ["itamed-mini-qa-ssm"]
    with pytest.raises(ItamedError, match="No task"):
        task_names(["itamed-ser"])
