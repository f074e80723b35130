"""Where a worker hands bundles in, each at most once: a folder, or a repository of results on the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from itamed.benchmark.files import write_bytes
from itamed.benchmark.report.run import Run

from ..pulls import find_file
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
        return find_file(self.repo, place, closed=True)

    def hand_in(self, content: bytes, run: Run) -> str:
        """Open a pull request."""
        return open_pull_request(content, run, self.repo)
