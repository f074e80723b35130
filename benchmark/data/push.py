"""Upload built sources to Hub repositories, one a source, under the terms of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PublishError
from ..paths import datasets_dir
from ..sources.hub_errors import endpoint, hub_calls
from ..sources.hub_repo import open_repo
from ..sources.source import Source
from .load import REPO_PREFIX
from .record import FILE, read_record

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def push(source: Source, namespace: str, *, private: bool) -> str:
    """Upload a built source to `<namespace>/itamed-<name>`, which then holds just that.

    Files of an earlier upload that the build no longer has are deleted.

    Args:
        source: a source that is built.
        namespace: user or organisation on the Hub.
        private: create the repository as private.

    Returns:
        The address of the repository.

    Raises:
        PublishError: the source is not built, its terms forbid a public copy, the repository is public already
            although a private one is asked for, or the Hub refuses.
    """
    folder = datasets_dir() / source.name
    if read_record(folder) is None:
        message = f"{source.name} is not built: run `itamed data build --source {source.name}` first."
        raise PublishError(message)
    if not source.redistribute and not private:
        raise PublishError(
            f"{source.name} may not be published: {source.licence_note} "
            "Use --private to keep a copy that only you and your organisation can see."
        )
    repo = f"{namespace}/{REPO_PREFIX}{source.name}"
    with hub_calls(repo, PublishError):
        from huggingface_hub import HfApi

        api = HfApi(endpoint=endpoint())
        url = open_repo(api, repo, "dataset", private=private)
        _upload(api, repo, folder, source)
        return url


def _upload(api: HfApi, repo: str, folder: Path, source: Source) -> None:
    api.upload_folder(
        repo_id=repo,
        repo_type="dataset",
        folder_path=folder,
        allow_patterns=["README.md", FILE, "*/*.parquet"],
        delete_patterns=["*.parquet"],
        commit_message=f"Rows of {source.title}, built by itamed",
    )
