"""Pull requests on a data set repository of the Hub that add one file each: opened, and found again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

from itamed.benchmark.errors import PublishError
from itamed.benchmark.sources.hub_errors import endpoint, hub_calls


@contextmanager
def or_by_hand() -> Iterator[None]:
    """Let an error name the other way, for commands that have --out; a worker has none."""
    try:
        yield
    except PublishError as error:
        raise PublishError(f"{error} Or write it to a file (--out FILE) and send that.") from error


def find_file(repo: str, path: str, *, closed: bool) -> str:
    """Return the address of a file, in the repository or in the pull request that adds it; "" if there is none.

    Args:
        repo: "namespace/name" of a data set repository on the Hub.
        path: of the file. Its name without the ending stands in the title of its pull request, see `add_file`.
        closed: whether pull requests that were closed count, too.

    Raises:
        PublishError: the Hub refuses, or is not to be reached.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint())
    with hub_calls(repo, PublishError):
        if api.file_exists(repo, path, repo_type="dataset"):
            return f"{api.endpoint}/datasets/{repo}/blob/main/{path}"
        pulls = api.get_repo_discussions(
            repo,
            repo_type="dataset",
            discussion_type="pull_request",
            discussion_status="all" if closed else "open",
        )
        # Anybody may give a pull request this title: what counts is the file in it.
        mark = PurePosixPath(path).stem
        for pull in pulls:
            revision = f"refs/pr/{pull.num}"
            if mark in pull.title and api.file_exists(repo, path, repo_type="dataset", revision=revision):
                return f"{api.endpoint}/datasets/{repo}/discussions/{pull.num}"
    return ""


def add_file(repo: str, path: str, content: bytes, title: str, text: str) -> str:
    """Open a pull request that adds a file; returns its address.

    Args:
        repo: "namespace/name" of a data set repository on the Hub.
        path: of the file.
        content: of the file.
        title: of the pull request; the file's name is put behind it.
        text: of the pull request.

    Raises:
        PublishError: the Hub refuses, or is not to be reached.
    """
    with hub_calls(repo, PublishError):
        from huggingface_hub import CommitOperationAdd, HfApi

        done = HfApi(endpoint=endpoint()).create_commit(
            repo,
            [CommitOperationAdd(path, content)],
            repo_type="dataset",
            commit_message=f"{title} ({PurePosixPath(path).stem})",
            commit_description=text,
            create_pr=True,
        )
    return str(done.pr_url)
