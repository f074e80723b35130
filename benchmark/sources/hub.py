"""Hub data sets as tables: from a folder of files, or downloaded from the Hugging Face Hub."""

from __future__ import annotations

import fnmatch
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import SchemaError, SourceError
from .columns import column_map, columns_file, resolve
from .hub_errors import endpoint, hub_calls
from .source import HubData
from .tablefiles import READERS, Record, column_names, read_records, split_of

_NOT_TABLES = ("dataset_info.json", "dataset_infos.json", ".*")
"""Files beside the tables that are written in a table format: descriptions, download records."""


class Tables:
    """The tables of one Hub data set, by split, with the reader's own names for the columns.

    `left_out` counts what a reader leaves out on purpose, by what it is.
    """

    def __init__(self, data: HubData, origin: str, files: Mapping[str, Path]) -> None:
        """Hold the table files.

        Args:
            data: the data set and the columns wanted of it.
            origin: repository the files are of, named in messages and in the build's record.
            files: path of each file, by its path inside the data set.
        """
        self.data = data
        self.origin = origin
        self.left_out: Counter[str] = Counter()
        self._files = dict(sorted(files.items()))

    @property
    def splits(self) -> list[str]:
        """Return the names of the splits, sorted."""
        return sorted({split_of(path) for path in self._files})

    def rows(self, *splits: str) -> Iterator[Record]:
        """Yield the rows of some splits (of all, when none is named), keyed by the reader's names.

        Raises:
            SchemaError: a named split is missing, or a table lacks a column.
            SourceError: a file is damaged.
        """
        self.require(*splits)
        wanted = column_map(self.data.name, self.data.columns)
        for name, path in self._files.items():
            if not splits or split_of(name) in splits:
                chosen = resolve(self.data.name, f"{self.origin} ({name})", column_names(path), wanted)
                for record in read_records(path, tuple(dict.fromkeys(chosen.values()))):
                    yield {key: record.get(column) for key, column in chosen.items()}

    def require(self, *splits: str) -> None:
        """Check that splits are there.

        Raises:
            SchemaError: one is missing; the message lists those found and those wanted.
        """
        missing = sorted(set(splits) - set(self.splits))
        if missing:
            raise SchemaError(
                f"{self.origin} has no split {', '.join(missing)}. Found: {', '.join(self.splits)}. Name the files "
                "or folders after their splits (train, dev or validation, test) and pass them with --sources DIR."
            )

    def require_most(self, kept: int, total: int, what: str) -> None:
        """Check that at least half of some rows could be used: else the columns are others, or damaged.

        Args:
            kept: number of rows that could be used.
            total: number of rows.
            what: end of the sentence "only 3 of 20 ...".

        Raises:
            SchemaError: there are fewer, or no rows at all.
        """
        if not kept or 2 * kept < total:
            reasons = ", ".join(f"{reason} ({number})" for reason, number in sorted((+self.left_out).items()))
            raise SchemaError(
                f"{self.origin}: only {kept} of {total} {what}. Left out: {reasons or 'nothing'}. Download "
                f"the data set again; if other columns hold them, say so in {columns_file()}."
            )

    def digest(self) -> str:
        """Return the SHA-256 over the sorted paths and the SHA-256 of each file, as of a `Tree`."""
        total = hashlib.sha256()
        for name, path in self._files.items():
            total.update(f"{name}\0{_sha256(path)}\n".encode())
        return total.hexdigest()


def find_tables(data: HubData, folder: Path) -> Tables | None:
    """Look for a data set in a sources folder; None where it is not there.

    Raises:
        SourceError: its folder is there but holds no table.
    """
    for repo in data.repos:
        place = folder / repo.rpartition("/")[2]
        if place.is_dir():
            return _tables(data, repo, place)
    for name in data.files:
        if (folder / name).is_file():
            return Tables(data, name, {name: folder / name})
    return None


def download_tables(data: HubData) -> Tables:
    """Download a data set from the Hub, through its usual cache; what is there already is kept.

    Raises:
        SourceError: it is gated, unknown, or cannot be reached; the message says what to do.
    """
    repo = data.repos[0]
    names = " or ".join(sorted({repo.rpartition("/")[2] for repo in data.repos} | set(data.files)))
    with hub_calls(repo, SourceError, f"Or download its files elsewhere and pass --sources DIR, with {names} in DIR."):
        from huggingface_hub import snapshot_download

        place = snapshot_download(
            repo,
            repo_type="dataset",
            allow_patterns=[f"*{ending}" for ending in READERS],
            ignore_patterns=[*data.skip, *_NOT_TABLES],
            endpoint=endpoint(),
        )
    return _tables(data, repo, Path(place))


def _tables(data: HubData, repo: str, place: Path) -> Tables:
    found = (path for path in place.rglob("*") if path.suffix.lower() in READERS and path.is_file())
    files = {path.relative_to(place).as_posix(): path for path in found}
    skipped = (*data.skip, *_NOT_TABLES)
    kept = {n: p for n, p in files.items() if not any(fnmatch.fnmatchcase(n, pattern) for pattern in skipped)}
    kept = {n: p for n, p in kept.items() if p.name in data.files} or kept
    if not kept:
        raise SourceError(f"{place} holds no table of {repo} ({', '.join(READERS)}): download the data set again.")
    return Tables(data, repo, kept)


def _sha256(path: Path) -> str:
    content = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            content.update(block)
    return content.hexdigest()
