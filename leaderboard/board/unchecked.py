"""Pull requests of a results repository on the Hub that its check has not answered yet."""

from __future__ import annotations

from dataclasses import dataclass

from itamed.benchmark.errors import PublishError
from itamed.benchmark.sources.hub_errors import endpoint, hub_calls

_MARK = "Checked: commit `"
MOST = 20
"""Pull requests that are named at a time: whoever opens hundreds shall not keep a runner busy for days."""


@dataclass(frozen=True)
class Head:
    """A pull request at its newest commit."""

    number: int
    commit: str


def mark_of(commit: str) -> str:
    """Return how the check's comment on a commit begins, see docs/hosting/check-hub.yml, which writes it."""
    return f"{_MARK}{commit}`."


def unchecked(repo: str, account: str) -> list[Head]:
    """Return the open pull requests without a comment of the check on their newest commit.

    Those come first that have none at all, the oldest ones before others: whoever pushes every hour to twenty shall not
    keep the check from everybody else.

    Args:
        repo: "namespace/name" of a data set repository on the Hub.
        account: whose comments are the check's; anybody else may write the same words.

    Raises:
        PublishError: the Hub refuses, or is not to be reached.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint())
    new: list[Head] = []
    pushed: list[Head] = []
    with hub_calls(repo, PublishError):
        pulls = api.get_repo_discussions(
            repo, repo_type="dataset", discussion_type="pull_request", discussion_status="open"
        )
        for number in sorted(pull.num for pull in pulls):
            head = head_of(repo, number)
            said = _said(repo, number, account)
            if not any(each.startswith(mark_of(head.commit)) for each in said):
                (pushed if any(each.startswith(_MARK) for each in said) else new).append(head)
            if len(new) == MOST:
                break
    return [*new, *pushed][:MOST]


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


def _said(repo: str, number: int, account: str) -> list[str]:
    """Return the comments of an account on a pull request."""
    from huggingface_hub import DiscussionComment, HfApi

    details = HfApi(endpoint=endpoint()).get_discussion_details(repo, number, repo_type="dataset")
    return [
        event.content for event in details.events if isinstance(event, DiscussionComment) and event.author == account
    ]
