"""Uploading a trained model: its weights, card and manifest, and nothing else."""

import json

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError, PublishError
from itamed.training.publish import push
from typer.testing import CliRunner

from ..benchmark.fakehub import TOKEN, Repo


@pytest.fixture
def folder(tmp_path):
    for name in ("training.json", "README.md", "config.json", "model.safetensors", "notes.txt"):
        (tmp_path / "model" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "model" / name).write_text(name)
    (tmp_path / "model" / "training.json").write_text('{"stages": [{"data": {}}]}')
    return tmp_path / "model"


def test_a_model_is_uploaded_with_its_card(hub, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = CliRunner().invoke(app, ["train", "push", str(folder), "clinic/mine", "--private"])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == f"{hub.url}/clinic/mine"
    repo = hub.repos["clinic/mine"]
    assert repo.private
    assert set(repo.files) == {"training.json", "README.md", "config.json", "model.safetensors"}
    assert repo.files["model.safetensors"] == b"model.safetensors"


def test_private_does_not_upload_into_a_repository_that_is_public_already(hub, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.repos["clinic/mine"] = Repo()
    with pytest.raises(PublishError, match="public already"):
        push(folder, "clinic/mine", private=True)
    assert hub.repos["clinic/mine"].files == {}


@pytest.mark.parametrize("stages", [1, 2])
def test_adapters_of_weights_that_others_do_not_have_are_refused(hub, folder, stages):
    (folder / "training.json").write_text(json.dumps({"stages": [{"data": {}}] * stages}))
    base = str(folder) if stages == 1 else "out/cpt/model"
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}))
    with pytest.raises(PublishError, match=r"which others do not have: push model/ instead"):
        push(folder, "clinic/mine", private=False)
    assert hub.calls == []


def test_adapters_of_a_model_of_the_hub_are_uploaded(hub, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "clinic/base"}')
    push(folder, "clinic/mine", private=False)
    assert "adapter_config.json" in hub.repos["clinic/mine"].files


def test_without_a_token_the_message_says_how_to_log_in(hub, folder):
    with pytest.raises(PublishError, match="hf auth login"):
        push(folder, "clinic/mine", private=False)


def test_a_damaged_manifest_is_refused(hub, folder):
    (folder / "training.json").write_text('{"stages"')
    with pytest.raises(ItamedError, match="no manifest of a training"):
        push(folder, "clinic/mine", private=False)
    assert hub.calls == []


def test_a_folder_without_a_training_is_refused(hub, tmp_path):
    with pytest.raises(PublishError, match="holds no trained model"):
        push(tmp_path, "clinic/mine", private=False)
    assert hub.calls == []
