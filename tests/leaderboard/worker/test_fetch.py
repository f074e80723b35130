"""Models are looked at before they are fetched; nothing but weights and settings comes in."""

import json

import pytest
from itamed.leaderboard.worker.fetch import AGAIN, main
from itamed.leaderboard.worker.settings import WORK

from ...benchmark.fakehub import Repo
from .conftest import ASKED, COMMIT

NAME, ADDED = "clinic/small", "clinic/adapter"


@pytest.fixture
def model(hub):
    """Return a model on the hub, with what should not come along."""
    files = {"config.json": b"{}", "model.safetensors": b"w" * 100, "tokenizer.json": b"{}", "chat_template.jinja": b""}
    unwanted = {"modeling.py": b"bad", "pytorch_model.bin": b"bad", "other/model.safetensors": b"bad", "README.md": b""}
    return hub.repos.setdefault(NAME, Repo(files | unwanted, parameters=25))


def fetch(folder, model, *, adapter=None, **limits):
    asked = ASKED | {"model": {"name": NAME, "revision": model.sha}}
    asked |= {"adapter": {"name": ADDED, "revision": adapter.sha}} if adapter else {}
    folder.mkdir(exist_ok=True)
    work = {"request": asked, "tasks": "itamed", "model_bytes": 1000, "parameters": 1000, **limits}
    (folder / WORK).write_text(json.dumps(work))
    return main(folder)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_no_code_no_pickle_no_folder(hub, model, tmp_path):
    assert fetch(tmp_path / "job", model) == 0
    assert names(tmp_path / "job" / "model") == sorted(
        ["config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"]
    )
    calls = len(hub.calls)
    assert fetch(tmp_path / "job", model) == 0 and len(hub.calls) == calls


def test_an_adapter_comes_beside_it(hub, model, tmp_path):
    adapter = hub.repos[ADDED] = Repo({"adapter_config.json": b"{}", "adapter_model.safetensors": b"w"})
    assert fetch(tmp_path / "job", model, adapter=adapter) == 0
    assert names(tmp_path / "job" / "adapter") == ["adapter_config.json", "adapter_model.safetensors"]


@pytest.mark.parametrize(
    ("limits", "message"),
    [({"model_bytes": 103}, "more than the 103 bytes"), ({"parameters": 24}, "more than the 24 parameters")],
)
def test_one_that_is_too_large_is_not_fetched(hub, model, tmp_path, capsys, limits, message):
    assert fetch(tmp_path / "job", model, **limits) == 1
    assert message in capsys.readouterr().err
    assert not any("resolve" in call for call in hub.calls)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: files.pop("model.safetensors"), "no weights as safetensors"),
        (lambda files: files.pop("config.json"), "no config.json"),
        (lambda files: files.update({f"{n}.json": b"" for n in range(300)}), "more than 200 files"),
    ],
)
def test_one_that_is_none(hub, model, tmp_path, capsys, change, message):
    change(model.files)
    assert fetch(tmp_path / "job", model) == 1
    assert message in capsys.readouterr().err


def test_one_that_is_not_there(hub, model, tmp_path, capsys):
    del hub.repos[NAME]
    assert fetch(tmp_path / "job", model) == 1
    assert f"check https://huggingface.co/{NAME}," in capsys.readouterr().err


def test_a_branch_of_that_name_is_no_commit(hub, model, tmp_path, capsys):
    model.revisions = ("main", COMMIT)
    model.files["x.json"] = b""
    assert fetch(tmp_path / "job", type("Asked", (), {"sha": COMMIT})) == 1
    assert "has no commit" in capsys.readouterr().err


def test_a_hub_that_is_away_may_come_back(hub, model, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert fetch(tmp_path / "job", model) == AGAIN


def test_offline_the_cache_serves(model, tmp_path, monkeypatch, capsys):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert fetch(tmp_path / "job", model) == 1
    assert "not in the cache" in capsys.readouterr().err
    cached = tmp_path / "models--clinic--small" / "snapshots" / model.sha
    cached.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "modeling.py"):
        (cached / name).write_text(name)
    assert fetch(tmp_path / "job", model) == 0
    assert names(tmp_path / "job" / "model") == ["config.json", "model.safetensors"]
