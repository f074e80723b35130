"""Where a worker hands bundles in, each at most once: a folder, or a repository of results on the Hub."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Protocol

from itamed.benchmark.errors import PublishError
from itamed.benchmark.files import write_bytes
from itamed.benchmark.report.run import Run
from itamed.benchmark.sources.hub_errors import endpoint, hub_calls

from ..submit import open_pull_request, place_of


class Desk(Protocol):
    """Takes bundles. The place of a bundle is made of its content, see `place_of`."""

    def find(self, place: str) -> str:
        """Return the address of a bundle that was handed in, "" if it was not."""
        ...

    def hand_in(self, content: bytes, run: Run) -> str:
        """Hand a bundle in and return its address."""
        ...


class FolderDesk:
    """A folder that somebody looks through."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, place: str) -> str:
        """Return the path below the folder."""
        return place if (self.path / place).is_file() else ""

    def hand_in(self, content: bytes, run: Run) -> str:
        """Write the bundle."""
        write_bytes(self.path / place_of(run, content), content)
        return place_of(run, content)


class HubDesk:
    """A data set repository, which gets a pull request for each bundle."""

    def __init__(self, repo: str) -> None:
        self.repo = repo

    def find(self, place: str) -> str:
        """Return the address of the file, or of the pull request that holds it, whether it is open or closed."""
        from huggingface_hub import HfApi

        api = HfApi(endpoint=endpoint())
        with hub_calls(self.repo, PublishError):
            if api.file_exists(self.repo, place, repo_type="dataset"):
                return f"{api.endpoint}/datasets/{self.repo}/blob/main/{place}"
            # Anybody may give a pull request this title: what counts is the file in it.
            digest = PurePosixPath(place).stem
            for pull in api.get_repo_discussions(self.repo, repo_type="dataset", discussion_type="pull_request"):
                revision = f"refs/pr/{pull.num}"
                if digest in pull.title and api.file_exists(self.repo, place, repo_type="dataset", revision=revision):
                    return f"{api.endpoint}/datasets/{self.repo}/discussions/{pull.num}"
        return ""

    def hand_in(self, content: bytes, run: Run) -> str:
        """Open a pull request."""
        return open_pull_request(content, run, self.repo)
