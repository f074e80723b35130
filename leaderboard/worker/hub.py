"""Requests, states and logs in a data set repository on the Hub; every write is a commit on a known parent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from itamed.benchmark.errors import PublishError
from itamed.benchmark.sources.hub_errors import endpoint, explain, hub_calls

from .place import MAX_FILE, PAGE, REQUESTS, STATES, Forbidden, too_long

_CONFLICTS = (409, 412)
"""What the Hub answers where somebody else has committed since."""
_FORBIDDEN = 403
_TRIES = 8


class HubPlace:
    """A data set repository. Files are fetched once for each content, so that looking at the queue costs one call."""

    def __init__(self, repo: str) -> None:
        from huggingface_hub import HfApi

        self.repo = repo
        self._api = HfApi(endpoint=endpoint())
        self._head = ""
        self._sizes: dict[str, tuple[str, int]] = {}
        self._blobs: dict[str, bytes] = {}

    def names(self) -> list[str]:
        """Return the paths of all files of requests and states at the repository's newest commit."""
        with hub_calls(self.repo, PublishError):
            self._look()
        return sorted(self._sizes.keys() - {PAGE})

    def read(self, path: str) -> bytes | None:
        """Return a file as it was when the repository was last looked at, or None."""
        with hub_calls(self.repo, PublishError):
            return self._content(path)

    def swap(self, path: str, before: bytes | None, changes: Mapping[str, bytes]) -> bool:
        """Commit files onto the commit in which the one was looked at; look again if others were faster."""
        from huggingface_hub import CommitOperationAdd
        from huggingface_hub.errors import HfHubHTTPError

        with hub_calls(self.repo, PublishError):
            for _ in range(_TRIES):
                self._look()
                if self._content(path) != before:
                    return False
                try:
                    self._api.create_commit(
                        self.repo,
                        [CommitOperationAdd(name, content) for name, content in changes.items()],
                        repo_type="dataset",
                        commit_message=f"Update {path}",
                        parent_commit=self._head,
                    )
                    return True
                except HfHubHTTPError as error:
                    if error.response.status_code == _FORBIDDEN:
                        raise Forbidden(self.repo, explain(self.repo, error)) from error
                    if error.response.status_code not in _CONFLICTS:
                        raise
        return False

    def _look(self) -> None:
        from huggingface_hub.hf_api import RepoFile

        self._head = str(self._api.repo_info(self.repo, repo_type="dataset").sha)
        tree = self._api.list_repo_tree(self.repo, recursive=True, revision=self._head, repo_type="dataset")
        self._sizes = {
            each.path: (each.blob_id, each.size)
            for each in tree
            if isinstance(each, RepoFile)
            and (each.path.startswith((f"{REQUESTS}/", f"{STATES}/")) or each.path == PAGE)
        }
        kept = {blob for blob, _ in self._sizes.values()}
        self._blobs = {blob: content for blob, content in self._blobs.items() if blob in kept}

    def _content(self, path: str) -> bytes | None:
        if path not in self._sizes:
            return None
        blob, size = self._sizes[path]
        if size > MAX_FILE:
            raise too_long(path)
        if blob not in self._blobs:
            self._blobs[blob] = self._fetched(path)
        return self._blobs[blob]

    def _fetched(self, path: str) -> bytes:
        """Return a file at the commit that was looked at; not by the cache, which would keep every state for ever."""
        with TemporaryDirectory() as folder:
            found = self._api.hf_hub_download(
                self.repo, path, repo_type="dataset", revision=self._head, local_dir=folder
            )
            return Path(found).read_bytes()
