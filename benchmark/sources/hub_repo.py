"""Repositories of the Hub to upload into: created, and never public where they should be private."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PublishError

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def open_repo(api: HfApi, repo: str, kind: str, *, private: bool) -> str:
    """Create a repository unless it is there; returns its address.

    Args:
        api: of the Hub.
        repo: "namespace/name".
        kind: "model" or "dataset".
        private: whether nobody else may see it.

    Raises:
        PublishError: a private one is wanted, and it is public already.
    """
    url = api.create_repo(repo, repo_type=kind, private=private, exist_ok=True)
    # For a repository that exists already the Hub ignores `private`: look before anything is uploaded.
    if private and not api.repo_info(repo, repo_type=kind).private:
        raise PublishError(f"{repo} is public already: make it private first, or choose another name.")
    return str(url)
