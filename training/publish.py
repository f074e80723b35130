"""Upload a trained model or its adapters to the Hub, with the card that says what it was trained on."""

from __future__ import annotations

from pathlib import Path

from itamed.benchmark.errors import PublishError
from itamed.benchmark.sources.hub_errors import endpoint, hub_calls

from .output import MANIFEST, stages_of

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
            repository is public although a private one was asked for, or the Hub refuses.
    """
    if not (folder / MANIFEST).is_file() or not list(folder.glob("*.safetensors")):
        raise PublishError(f"{folder} holds no trained model: name the model/ or adapter/ folder of a training.")
    if any(stage["data"].get("leaked") for stage in stages_of(folder)):
        raise PublishError(f"{folder} was trained on test notes (sft.leak): it is not for others.")
    with hub_calls(repo, PublishError):
        from huggingface_hub import HfApi

        api = HfApi(endpoint=endpoint())
        url = api.create_repo(repo, private=private, exist_ok=True)
        # For a repository that exists already the Hub ignores `private`: look before anything is uploaded.
        if private and not api.repo_info(repo).private:
            raise PublishError(f"{repo} is public already: make it private first, or choose another name.")
        api.upload_folder(
            repo_id=repo, folder_path=folder, allow_patterns=list(_FILES), commit_message="Trained with itamed"
        )
        return str(url)
