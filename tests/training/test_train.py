"""A whole training: what it leaves can be evaluated; killed, it goes on as if nothing had been."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.finding import find_run
from itamed.leaderboard.declaration import trained_with_itamed
from itamed.training.checkpoints import last_whole
from itamed.training.recipe import load_recipe
from itamed.training.scores import write_scores
from itamed.training.train import train
from itamed.training.trainer import PackTrainer
from safetensors.torch import load_file
from transformers import Trainer

from .conftest import TASKS


def adapters(folder):
    return load_file(folder / "adapter" / "adapter_model.safetensors")


def command(recipe, output):
    return [sys.executable, "-m", "itamed.benchmark.cli", "train", str(recipe), "--output", str(output)]


def run(arguments, **settings):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    return subprocess.run(
        arguments, env=environment, capture_output=True, text=True, check=False, timeout=300, **settings
    )


@pytest.fixture
def trained(recipe_file, tmp_path):
    train(load_recipe(str(recipe_file)), tmp_path / "out")
    return tmp_path / "out"


def test_a_training_leaves_what_users_need(trained, recipe_file, no_hub):
    (stage,) = json.loads((trained / "training.json").read_text())["stages"]
    losses = [entry["loss"] for entry in stage["log"] if "loss" in entry]
    assert len(losses) == 4 and losses[-1] < losses[0]
    declared = trained_with_itamed(trained / "model")
    assert (set(declared.tasks), declared.test_rows) == (set(TASKS), "not trained on")
    looks = [entry for entry in stage["log"] if "eval_loss" in entry]
    assert [entry["step"] for entry in looks] == [2, 4]
    assert all(0 <= entry["eval_mean"] <= 1 and {"eval_ner", "eval_qa"} <= set(entry) for entry in looks)
    assert all(entry["tokens_per_second"] > entry["fed_tokens_per_second"] for entry in stage["log"] if "loss" in entry)
    assert set(stage["data"]["examples"]) == set(TASKS)
    assert sum(stage["data"]["examples"].values()) <= 4 * 4, "not more than four steps of four have passed"
    assert (trained / "loss.svg").read_text().startswith("<?xml")
    assert not list(trained.rglob("checkpoint-*")), "a finished training needs none"
    best = min(looks, key=lambda entry: abs(entry["step"] - stage["best_step"]))
    assert stage["written_loss"] == pytest.approx(best["eval_loss"], rel=1e-3)
    assert len(stage["data"]["examples_sha256"]) == 64 and stage["base_commit"] is None, "its base is a folder"
    assert list((trained / "checkpoints").rglob("events.out.tfevents.*")), "TensorBoard reads these"
    card = (trained / "model" / "README.md").read_text()
    assert f"`{TASKS[0]}`" in card
    told = yaml.safe_load(card.partition("```yaml\n")[2].partition("```")[0])
    assert told["sft"]["optimizer"]["learning_rate"] == 1e-2 and told["base"] == "model" and "cpt" not in told
    base = load_recipe(str(recipe_file)).base
    for name in ("model", "adapter"):
        written = (trained / name / "README.md").read_text() + (trained / name / "training.json").read_text()
        assert base not in written and "base_model:" not in written, "a folder of this machine is nobody's business"
    assert ",peft=THIS --tasks" in (trained / "adapter" / "README.md").read_text()
    arguments = ["--model", "itamed-hf", "--model_args", f"pretrained={trained / 'model'},dtype=float32"]
    arguments += ["--tasks", TASKS[1], "--limit", "2", "--batch_size", "4", "--output_path", str(trained / "eval")]
    results = evaluate(arguments)
    assert find_run(results).tasks[0].estimates["strict"]["valid"].value == 1
    assert find_run(results).label == "out 0-shot constrained", "all models of trainings are called model/"
    cards = write_scores(trained, [results])
    assert cards == [trained / "model" / "README.md", trained / "adapter" / "README.md"]
    assert f"| `{TASKS[1]}` | 2 of ".replace("mini-", "").replace("-", "_") in cards[0].read_text()
    assert cards[0].read_text().startswith(card[: card.index("## Evaluate")])
    assert ",peft=THIS --tasks" in cards[1].read_text()
    shutil.copytree(trained / "model", trained / "other" / "model")
    shutil.copy(trained / "training.json", trained / "other")
    with pytest.raises(ItamedError, match=r"No run there has the scores of .*other/model: name results"):
        write_scores(trained / "other", [results])


def losses(folder):
    """Return the training losses of the last stage."""
    log = json.loads((folder / "training.json").read_text())["stages"][-1]["log"]
    return [entry["loss"] for entry in log if "loss" in entry]


def scores(folder):
    """Return the development scores of the last stage."""
    log = json.loads((folder / "training.json").read_text())["stages"][-1]["log"]
    return [entry["eval_mean"] for entry in log if "eval_mean" in entry]


def test_the_checkpoint_that_scores_best_is_kept(keeping, tmp_path, monkeypatch):
    scored = iter([0.5, 0.1])
    monkeypatch.setattr("itamed.training.trainer.dev_scores", lambda *_: {"mean": next(scored)})
    train(load_recipe(str(keeping)), tmp_path / "out")
    first, last = (load_file(tmp_path / f"out/checkpoints/checkpoint-{n}/adapter_model.safetensors") for n in (2, 4))
    kept = adapters(tmp_path / "out")
    assert all((kept[name] == first[name]).all() for name in first)
    assert any((kept[name] != last[name]).any() for name in last)
    assert "4 steps, of which step 2 was kept" in (tmp_path / "out" / "model" / "README.md").read_text()
    # As if it had been cut off before its end, and carried elsewhere.
    (tmp_path / "out" / "training.json").unlink()
    (tmp_path / "out").rename(tmp_path / "moved")
    train(load_recipe(str(keeping)), tmp_path / "moved")
    assert all((adapters(tmp_path / "moved")[name] == first[name]).all() for name in first)
    (tmp_path / "moved" / "training.json").unlink()
    shutil.rmtree(tmp_path / "moved" / "checkpoints" / "checkpoint-2")
    with pytest.raises(ItamedError, match="checkpoint-2 is missing, the checkpoint whose weights are to be kept"):
        train(load_recipe(str(keeping)), tmp_path / "moved")


def test_a_score_within_chance_of_the_best_leaves_the_choice_to_the_loss(keeping, tmp_path, monkeypatch):
    scored, looked = iter([0.5, 0.45]), iter([0.3, 0.2, 0.2])
    monkeypatch.setattr("itamed.training.trainer.dev_scores", lambda *_: {"mean": next(scored), "mean_se": 0.1})
    monkeypatch.setattr("itamed.training.trainer.dev_loss", lambda *_: next(looked))
    train(load_recipe(str(keeping)), tmp_path / "out")
    (stage,) = json.loads((tmp_path / "out" / "training.json").read_text())["stages"]
    assert (stage["best_step"], stage["best"]) == (4, 0.45)


def test_development_loss_alone_needs_no_whole_weights(recipe_file, tmp_path, monkeypatch):
    monkeypatch.setattr("itamed.training.trainer.whole", None)
    recipe_file.write_text(recipe_file.read_text().replace("dev_notes: 1", "dev_notes: 1\n  dev_score: false"))
    train(load_recipe(str(recipe_file)), tmp_path / "out")
    assert scores(tmp_path / "out") == []


def test_a_recipe_that_names_no_steps_is_looked_at_four_times(recipe_file, tmp_path):
    recipe_file.write_text(
        recipe_file.read_text()
        .replace("dev_every: 2", "dev_score: false")
        .replace("epochs: 3", "epochs: 6")
        .replace("max_steps: 4", "max_steps: 6")
    )
    train(load_recipe(str(recipe_file)), tmp_path / "out")
    (stage,) = json.loads((tmp_path / "out" / "training.json").read_text())["stages"]
    assert [entry["step"] for entry in stage["log"] if "eval_loss" in entry] == [2, 4, 6]


def test_a_transformers_with_another_trainer_is_refused(recipe_file, tmp_path, monkeypatch):
    monkeypatch.delattr(Trainer, "_get_grad_norm")
    with pytest.raises(ItamedError, match=r"has no _get_grad_norm: install transformers 5\.23"):
        train(load_recipe(str(recipe_file)), tmp_path / "out")


def rates(recipe_file, output):
    train(load_recipe(str(recipe_file)), output)
    log = json.loads((output / "training.json").read_text())["stages"][-1]["log"]
    return [entry["learning_rate"] for entry in log if "learning_rate" in entry]


def test_a_constant_rate_is_warmed_up_to_as_well(recipe_file, tmp_path):
    text = recipe_file.read_text().replace("dev_notes: 1", "dev_notes: 0")
    recipe_file.write_text(text.replace("max_steps: 4", "max_steps: 4, schedule: constant, warmup: 0.5"))
    assert rates(recipe_file, tmp_path / "half") == pytest.approx([0, 5e-3, 1e-2, 1e-2])
    recipe_file.write_text(recipe_file.read_text().replace("warmup: 0.5", "warmup: 1"))
    assert rates(recipe_file, tmp_path / "all") == pytest.approx([0, 2.5e-3, 5e-3, 7.5e-3])


def test_gradients_that_are_no_numbers_change_nothing(recipe_file, tmp_path, monkeypatch):
    """The loss may be one still; without development rows the next checkpoint would keep weights that are none."""
    recipe_file.write_text(recipe_file.read_text().replace("dev_notes: 1", "dev_notes: 0"))
    backward = PackTrainer.training_step

    def broken(trainer, model, *rest):
        loss = backward(trainer, model, *rest)
        if trainer.state.global_step == 3:
            next(each for each in model.parameters() if each.grad is not None).grad.fill_(float("nan"))
        return loss

    monkeypatch.setattr(PackTrainer, "training_step", broken)
    with pytest.raises(ItamedError, match=r"The gradient's norm of step 4 is nan"):
        train(load_recipe(str(recipe_file)), tmp_path / "out")
    assert last_whole(tmp_path / "out" / "checkpoints").endswith("checkpoint-2")


def test_a_disk_that_is_full_at_the_end_loses_nothing(unfinished, keeping):
    done = run(command(keeping, unfinished), preexec_fn=no_large_files)
    assert done.returncode == 1
    assert "The model could not be written" in done.stderr and "Traceback" not in done.stderr
    done = run(command(keeping, unfinished))
    assert done.returncode == 0 and (unfinished / "model" / "model.safetensors").is_file()


def test_computing_activations_twice_changes_nothing(trained, recipe_file, tmp_path):
    recipe_file.write_text(recipe_file.read_text() + "gradient_checkpointing: true\n")
    train(load_recipe(str(recipe_file)), tmp_path / "twice")
    assert losses(tmp_path / "twice") == pytest.approx(losses(trained), rel=1e-4)


def test_all_weights_can_be_trained(recipe_file, tmp_path):
    text = recipe_file.read_text().replace("lora: {rank: 4}", "lora: null").replace("1e-2", "1e-3")
    recipe_file.write_text(text)
    model = train(load_recipe(str(recipe_file)), tmp_path / "out")
    assert not (tmp_path / "out" / "adapter").exists()
    before, after = (
        load_file(folder / "model.safetensors") for folder in (Path(load_recipe(str(recipe_file)).base), model)
    )
    assert all((before[name] != after[name]).any() for name in before), "every matrix and norm has moved"
    found = losses(tmp_path / "out")
    assert found[-1] < found[0]


@pytest.fixture
def killed(recipe_file, tmp_path):
    """Return the folder of a training that was killed after its first checkpoint."""
    output = tmp_path / "killed"
    process = subprocess.Popen(
        command(recipe_file, output), stderr=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    deadline = time.time() + 200
    while last_whole(output / "checkpoints") is None:
        assert process.poll() is None, process.stderr.read().decode()[-2000:]
        assert time.time() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (output / "adapter").exists()
    return output


def test_a_killed_training_goes_on_as_if_nothing_had_been(trained, killed, recipe_file):
    output = killed
    done = run(command(recipe_file, output))
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Evaluate: {output / 'model'}" in done.stdout
    mine, theirs = adapters(output), adapters(trained)
    assert mine.keys() == theirs.keys()
    assert all((mine[name] == theirs[name]).all() for name in mine), "bit by bit"


def no_large_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_a_disk_that_is_full_in_a_checkpoint_loses_nothing(killed, recipe_file):
    before = {path: path.read_bytes() for path in (killed / "checkpoints" / "checkpoint-2").iterdir()}
    done = run(command(recipe_file, killed), preexec_fn=no_large_files)
    assert done.returncode == 1
    assert "A checkpoint could not be written" in done.stderr and "Traceback" not in done.stderr
    assert before == {path: path.read_bytes() for path in (killed / "checkpoints" / "checkpoint-2").iterdir()}
    assert last_whole(killed / "checkpoints") == str(killed / "checkpoints" / "checkpoint-2")


def shares(output):
    """Return the answers' share of the tokens, step by step: the clock falls out of it."""
    (stage,) = json.loads((output / "training.json").read_text())["stages"]
    logged = [entry for entry in stage["log"] if "tokens_per_second" in entry]
    return [entry["answer_tokens_per_second"] / entry["tokens_per_second"] for entry in logged]


def test_two_processes_train_as_one_does(recipe_file, tmp_path):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    # Packs of one example or two: processes have unequal numbers of them, and unequal shares of a step. The last of
    # the seven steps has two examples for one process, and one for the other.
    text = recipe_file.read_text().replace("pack: 4000", "pack: 1200").replace("batch: 4", "batch: 5")
    text = text.replace("max_steps: 4, epochs: 3", "epochs: 2.5").replace("1e-2", "1e-3")
    recipe_file.write_text(text.replace("{rank: 4}", "{rank: 4, dropout: 0.0}"))
    done = run([*launcher, *command(recipe_file, tmp_path / "two")[1:]])
    assert done.returncode == 0, done.stderr[-3000:]
    found = losses(tmp_path / "two")
    train(load_recipe(str(recipe_file)), tmp_path / "one")
    assert found == pytest.approx(losses(tmp_path / "one"), rel=1e-3)
    theirs, mine = scores(tmp_path / "one"), scores(tmp_path / "two")
    assert mine == pytest.approx(theirs), "each answers a share of the development rows"
    (one, two) = (shares(tmp_path / name) for name in ("one", "two"))
    assert two == pytest.approx(one, rel=5e-2), "what both have read counts"


def test_a_cut_checkpoint_is_left_aside(tmp_path):
    for step in (2, 4, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
    assert last_whole(tmp_path) is None
    (tmp_path / "checkpoint-2" / "trainer_state.json").write_text('{"global_step": 2}')
    (tmp_path / "checkpoint-10" / "trainer_state.json").write_text('{"global_st')
    assert last_whole(tmp_path) == str(tmp_path / "checkpoint-2")


def test_another_recipe_in_the_same_folder_is_refused(recipe_file, tmp_path):
    output = tmp_path / "out"
    (output / "checkpoints" / "checkpoint-2").mkdir(parents=True)
    (output / "recipe.json").write_text('{"name": "tiny", "sft": {"batch": 8}}')
    with pytest.raises(ItamedError, match=r"another recipe \(.*sft\.batch"):
        train(load_recipe(str(recipe_file)), output)


def test_a_training_that_was_cut_off_after_its_last_step_takes_no_more(unfinished, keeping, tmp_path):
    train(load_recipe(str(keeping)), tmp_path / "whole")
    before = adapters(tmp_path / "whole")
    train(load_recipe(str(keeping)), unfinished)
    assert len(losses(unfinished)) == 4
    assert all((before[name] == value).all() for name, value in adapters(unfinished).items())
