"""Upload a trained model or its adapters to the Hub, with the card that says what it was trained on."""

from __future__ import annotations

import json
from pathlib import Path

from itamed.benchmark.errors import PublishError, reason_of
from itamed.benchmark.sources.hub_errors import endpoint, hub_calls
from itamed.benchmark.sources.hub_repo import open_repo
from itamed.benchmark.trained import MANIFEST

from .output import ADAPTER_SETTINGS, stages_of

_FILES = ("*.json", "*.safetensors", "*.model", "*.jinja", "README.md")


def push(folder: Path, repo: str, *, private: bool) -> str:
    """Upload the model of a training's folder; returns the address of the repository.

    Args:
        folder: "model" or "adapter" of a training.
        repo: "namespace/name" on the Hub.
        private: create the repository as private.

    Raises:
        ItamedError: the manifest is damaged.
        PublishError: the folder holds no model of a training, or one that was trained on test notes, the
            repository is public although a private one was asked for, adapters are of weights that are
            on no Hub, or the Hub refuses.
    """
    if not (folder / MANIFEST).is_file() or not list(folder.glob("*.safetensors")):
        raise PublishError(f"{folder} holds no trained model: name the model/ or adapter/ folder of a training.")
    stages = stages_of(folder)
    if any(stage["data"].get("leaked") for stage in stages):
        raise PublishError(f"{folder} was trained on test notes (sft.leak): it is not for others.")
    _require_public_base(folder, chained=len(stages) > 1)
    with hub_calls(repo, PublishError, model=True):
        from huggingface_hub import HfApi

        api = HfApi(endpoint=endpoint())
        url = open_repo(api, repo, "model", private=private)
        api.upload_folder(
            repo_id=repo, folder_path=folder, allow_patterns=list(_FILES), commit_message="Trained with itamed"
        )
        return url


def _require_public_base(folder: Path, *, chained: bool) -> None:
    """Refuse adapters whose base model is a folder of this machine, as it is where a stage came before theirs."""
    try:
        settings = json.loads((folder / ADAPTER_SETTINGS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise PublishError(f"{folder / ADAPTER_SETTINGS} is damaged ({reason_of(error)}): train anew.") from error
    base = str(settings.get("base_model_name_or_path"))
    if chained or Path(base).is_dir() or Path(base).is_absolute():
        raise PublishError(f"{folder} adapts the weights in {base}, which others do not have: push model/ instead.")
