"""A whole training of a tagger on the embedded set: what it leaves answers and is declared; cut off, it goes on."""

import json
import shutil

import pytest
import torch
from itamed.benchmark.engines.encoder.tagger import Tagger
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.finding import find_run
from itamed.leaderboard.bundle import MANIFEST, Wishes, make_bundle
from itamed.leaderboard.declaration import trained_with_itamed
from itamed.training.checkpoints import last_whole
from itamed.training.encoder.train import _share as share
from itamed.training.encoder.trainer import TagTrainer
from itamed.training.recipe import load_recipe
from itamed.training.scores import write_scores
from itamed.training.train import train
from safetensors.torch import load_file

TASKS = ("itamed-mini-ner-drugtemist", "itamed-mini-arg-abstrct")
RECIPE = f"""
like: encoder-mini
name: tiny
encoder:
  tasks: [{", ".join(TASKS)}]
  optimizer: {{max_steps: 6, epochs: 4}}
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return load_recipe(str(path))


@pytest.fixture
def trained(recipe, tmp_path):
    return train(recipe, tmp_path / "out")


def test_several_processes_share_a_step_or_are_refused(recipe, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(ItamedError, match="start it without a launcher"):
        train(recipe, tmp_path / "out")
    with pytest.raises(ItamedError, match=r"encoder\.batch is 8, which 3 processes cannot share"):
        share(8)
    assert share(9) == 3


def test_a_training_leaves_what_can_be_evaluated_declared_and_handed_in(trained, no_hub):
    folder = trained.parent
    pre, tags = json.loads((folder / "training.json").read_text())["stages"]
    assert (pre["stage"], pre["steps"], tags["stage"], tags["steps"]) == ("mlm", 2, "tags", 6)
    assert set(tags["data"]["examples"]) == set(TASKS) and tags["data"]["lost_spans"] == 0
    assert [each["step"] for each in tags["log"] if "eval_mean" in each] == [2, 4, 6]
    card = (trained / "README.md").read_text()
    assert "base_model" not in card and "pipeline_tag: token-classification" in card and "A new encoder" in card
    declared = trained_with_itamed(trained)
    assert (set(declared.tasks), declared.base, declared.test_rows) == (set(TASKS), None, "not trained on")
    arguments = [
        "--model",
        "itamed-encoder",
        "--model_args",
        f"pretrained={trained}",
        "--output_path",
        str(folder / "eval"),
    ]
    results = evaluate([*arguments, "--tasks", f"{TASKS[0]},itamed-mini-arg-abstrct-glaucoma", "--resume"])
    run = find_run(results)
    assert run.label == "out tagger" and not run.settings.constrained
    assert run.settings.parameters == Tagger.load(str(trained)).model.num_parameters()
    assert all(task.estimates["strict"]["valid"].value == 1 for task in run.tasks)
    assert "tokens_in" not in run.settings.usage["tasks"][TASKS[0]]
    assert write_scores(folder, [results]) == [trained / "README.md"]
    manifest = json.loads(make_bundle(run, Wishes(mini=True))[MANIFEST])
    assert manifest["decoding"]["mode"] == "tagged" and manifest["cost"]["tokens_in"] is None
    assert manifest["model"]["parameters"] == run.settings.parameters and manifest["declaration"]["tasks"]
    with pytest.raises(ItamedError, match=r"cannot answer itamed-mini-qa-ssm.*It can answer itamed_ner_drugtemist"):
        evaluate([*arguments, "--tasks", "itamed-mini-qa-ssm"])


def test_a_training_that_was_cut_off_goes_on_as_if_nothing_had_been(trained, recipe, tmp_path, monkeypatch):
    whole, calls = TagTrainer.compute_loss, []

    def dying(self, *args, **kwargs):
        calls.append(1)
        if len(calls) > 4:
            raise KeyboardInterrupt
        return whole(self, *args, **kwargs)

    # Equally frequent pieces come in any order: two vocabularies of the same texts differ.
    shutil.copytree(trained.parent / "mlm", tmp_path / "again" / "mlm")
    monkeypatch.setattr(TagTrainer, "compute_loss", dying)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "again")
    assert last_whole(tmp_path / "again" / "checkpoints").endswith("checkpoint-4")
    monkeypatch.setattr(TagTrainer, "compute_loss", whole)
    model = train(recipe, tmp_path / "again")
    one, other = (load_file(folder / "model.safetensors") for folder in (trained, model))
    assert all(torch.allclose(one[name], other[name], atol=1e-5) for name in one)
    assert train(recipe, tmp_path / "again") == model, "a finished training is not begun anew"


def test_an_encoder_of_the_hub_or_a_folder_is_a_base(trained, recipe, tmp_path):
    path = tmp_path / "base.yaml"
    path.write_text(f"name: x\nbase: {trained}\nencoder:\n  tasks: [{TASKS[0]}]\n  length: 64\n  overlap: 8\n")
    text = path.read_text()
    path.write_text(text + "  optimizer: {max_steps: 2}\n  dev_notes: 0\n")
    model = train(load_recipe(str(path)), tmp_path / "tuned")
    assert [head.task for head in Tagger.load(str(model)).settings.heads] == ["itamed_ner_drugtemist"]
    (stage,) = json.loads((model / "training.json").read_text())["stages"]
    assert stage["best_step"] in (None, 0) and "eval_mean" not in {key for each in stage["log"] for key in each}
    path.write_text(text.replace("length: 64", "length: 512"))
    with pytest.raises(ItamedError, match="takes 64 tokens: lower it"):
        train(load_recipe(str(path)), tmp_path / "long")
    path.write_text(text + "  weights: {itamed_qa_ssm: 2}\n")
    with pytest.raises(ItamedError, match=r"encoder.weights names tasks .* itamed_qa_ssm"):
        train(load_recipe(str(path)), tmp_path / "weights")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nencoder: {}\n", "needs either a base or"),
        ("name: x\nbase: y\nencoder: {scratch: {}}\n", "needs either a base or"),
        ("name: x\nbase: y\nencoder: {}\nsft: {}\n", "another kind of model"),
        ("name: x\nsft: {}\n", "needs either a base or"),
        ("name: x\nbase: y\nencoder: {overlap: 300}\n", r"encoder.overlap must lie between 0 and 256"),
        ("name: x\nencoder: {scratch: {heads: 3}}\n", "multiple of twice"),
        ("name: x\nencoder: {scratch: {mlm: {mask: 0}}}\n", "mlm.mask must lie"),
        ("name: x\nencoder: {scratch: {mlm: {corpora: [{name: a, format: b}]}}}\n", r"mlm.corpora\[0\].format"),
        ("name: x\nbase: y\nencoder: {crf: true}\n", "encoder.crf is no setting"),
    ],
)
def test_wrong_recipes_are_refused(tmp_path, text, message):
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(ItamedError, match=message):
        load_recipe(str(tmp_path / "wrong.yaml"))


def test_what_is_no_tagger_is_told(trained):
    (trained / "tagger.json").unlink()
    with pytest.raises(ItamedError, match=r"has no tagger.json: itamed-encoder takes models"):
        Tagger.load(str(trained))
