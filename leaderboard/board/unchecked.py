"""Pull requests of a results repository on the Hub that its check has not answered yet."""

from __future__ import annotations

from dataclasses import dataclass

from itamed.benchmark.errors import PublishError
from itamed.benchmark.sources.hub_errors import endpoint, hub_calls

MOST = 20
"""Pull requests that are named at a time: whoever opens hundreds shall not keep a runner busy for days."""


@dataclass(frozen=True)
class Head:
    """A pull request at its newest commit."""

    number: int
    commit: str


def mark_of(commit: str) -> str:
    """Return how the check's comment on a commit begins, see docs/hosting/check-hub.yml, which writes it."""
    return f"Checked: commit `{commit}`."


def unchecked(repo: str, account: str) -> list[Head]:
    """Return the open pull requests without a comment of the check on their newest commit; the oldest ones first.

    Args:
        repo: "namespace/name" of a data set repository on the Hub.
        account: whose comments are the check's; anybody else may write the same words.

    Raises:
        PublishError: the Hub refuses, or is not to be reached.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint())
    found: list[Head] = []
    with hub_calls(repo, PublishError):
        pulls = api.get_repo_discussions(
            repo, repo_type="dataset", discussion_type="pull_request", discussion_status="open"
        )
        for number in sorted(pull.num for pull in pulls):
            head = head_of(repo, number)
            if not _answered(repo, head, account):
                found.append(head)
            if len(found) == MOST:
                break
    return found


def head_of(repo: str, number: int) -> Head:
    """Return a pull request at its newest commit.

    Args:
        repo: "namespace/name" of a data set repository on the Hub.
        number: of the pull request.

    Raises:
        PublishError: the Hub refuses, is not to be reached, or has no such pull request.
    """
    from huggingface_hub import HfApi

    with hub_calls(repo, PublishError):
        info = HfApi(endpoint=endpoint()).repo_info(repo, repo_type="dataset", revision=f"refs/pr/{number}")
    return Head(number, str(info.sha))


def _answered(repo: str, head: Head, account: str) -> bool:
    from huggingface_hub import DiscussionComment, HfApi

    details = HfApi(endpoint=endpoint()).get_discussion_details(repo, head.number, repo_type="dataset")
    return any(
        isinstance(event, DiscussionComment)
        and event.author == account
        and event.content.startswith(mark_of(head.commit))
        for event in details.events
    )
