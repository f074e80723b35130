"""What a source is built from: its archives and Hub data sets, out of a folder or downloaded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ..sources.fetch import fetch, find_archive, open_archive, unpacked_name
from ..sources.hub import Tables, download_tables, find_tables
from ..sources.source import Archive, HubData, Source
from ..sources.tree import Tree


@dataclass(frozen=True)
class Inputs:
    """Archives by `Archive.name` and Hub data sets by `HubData.name`."""

    trees: dict[str, Tree] = field(default_factory=dict)
    tables: dict[str, Tables] = field(default_factory=dict)

    def digests(self) -> dict[str, str]:
        """Return the digest of each input's content, by name."""
        digests = {name: tree.digest() for name, tree in self.trees.items()}
        return digests | {name: tables.digest() for name, tables in self.tables.items()}

    def origins(self) -> dict[str, str]:
        """Return which repository or file each Hub data set is."""
        return {name: tables.origin for name, tables in self.tables.items()}

    def left_out(self) -> dict[str, int]:
        """Return how many of what the reader left out on purpose."""
        counts = [tree.left_out for tree in self.trees.values()] + [data.left_out for data in self.tables.values()]
        return dict(sum(counts, Counter[str]()))


def missing_inputs(source: Source, folder: Path) -> list[str]:
    """Return a sentence for each input of a source that is not in a sources folder: what it is, and where from.

    Raises:
        SourceError: a data set's folder is there but holds no table.
    """
    archives = [_missing_archive(archive, folder) for archive in source.archives if not find_archive(archive, folder)]
    return archives + [_missing_data(data, folder) for data in source.hub if not find_tables(data, folder)]


def _missing_archive(archive: Archive, folder: Path) -> str:
    unpacked = unpacked_name(archive.name)
    if folder.resolve().name == unpacked:
        return _above(folder)
    there = archive.by_hand or f"download it from {archive.url} and put it there, as it is or unpacked as {unpacked}."
    return f"{folder} lacks {archive.name}: {there}"


def _missing_data(data: HubData, folder: Path) -> str:
    name = data.repos[0].rpartition("/")[2]
    if folder.resolve().name in {repo.rpartition("/")[2] for repo in data.repos}:
        return _above(folder)
    names = " or ".join([name, *data.files])
    return f"{folder} lacks {names}: download it from https://huggingface.co/datasets/{data.repos[0]} and put it there."


def _above(folder: Path) -> str:
    return f"{folder} is itself a source: name the folder that it is in (--sources {folder.resolve().parent})."


def known_digests(source: Source, folder: Path | None) -> dict[str, str]:
    """Return the digests that a build of the source must have, as far as they are known without downloading."""
    digests = {archive.name: archive.digest for archive in source.archives}
    found = [find_tables(data, folder) for data in source.hub] if folder is not None else []
    return digests | {tables.data.name: tables.digest() for tables in found if tables is not None}


def collect(source: Source, folder: Path | None) -> Inputs:
    """Open a source's inputs in a folder that has them all, or download them.

    Raises:
        SourceError: one cannot be had, is damaged or of another version.
        StorageError: a download cannot be stored.
    """
    inputs = Inputs()
    for archive in source.archives:
        path = find_archive(archive, folder) if folder is not None else None
        inputs.trees[archive.name] = open_archive(archive, path) if path is not None else fetch(archive)
    for data in source.hub:
        tables = find_tables(data, folder) if folder is not None else None
        inputs.tables[data.name] = tables if tables is not None else download_tables(data)
    return inputs
