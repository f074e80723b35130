"""What a source is: where it comes from, under which terms, and how its files become rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ..rows import Row
from .tree import Tree

if TYPE_CHECKING:
    from .hub import Tables

Rows: TypeAlias = dict[str, list[Row]]
"""Rows by task name (as in the suite, e.g. "itamed_ner_e3c_timex"), all splits together."""
Reader: TypeAlias = Callable[[Mapping[str, Tree]], Rows]
"""From a source's archives, by `Archive.name`, to rows."""
HubReader: TypeAlias = Callable[[Mapping[str, "Tables"], Mapping[str, Tree]], Rows]
"""From a source's Hub data sets, by `HubData.name`, and its archives to rows."""


@dataclass(frozen=True)
class Archive:
    """A file that a publisher serves and that a reader needs.

    `name` is the file's name in a sources folder; `wanted` are glob patterns, relative to the
    archive's single top folder, of the members that the reader uses; `digest` is the SHA-256 over
    those members' names and contents (`Tree.digest`), so that a repacked archive or an unpacked
    folder with the same files is accepted, and a changed file is not. `by_hand` says, in one
    sentence, how to lay out its folder where the publisher serves no such file at `url`.
    """

    name: str
    url: str
    wanted: tuple[str, ...]
    digest: str
    by_hand: str = ""


@dataclass(frozen=True)
class HubData:
    """A data set that its publisher serves on the Hugging Face Hub and that a reader needs.

    `name` is what the reader calls it. `repos` are repositories that hold the same kind of table:
    the first is downloaded, any of them is taken from a sources folder, as a folder named like the
    repository's last part or as one of the single `files`; where the repository holds such a file,
    nothing else of it is read. `columns` maps the reader's names to the column names to look for,
    the first that exists (case, blanks and underscores do not count). Tables whose path matches a
    glob pattern of `skip` are not read.
    """

    name: str
    repos: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]] = field(hash=False)
    files: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A data source on which one or more tasks stand.

    `licence` is a Hub licence id, or "other" where the publisher states none; `redistribute` says
    whether those terms let anybody publish a copy. `archives` are downloaded or read from a folder;
    `hub` names the Hub data sets of sources that are served there. Exactly one of `read` and
    `read_hub` is given. `traps` are what a user of the rows must know, one sentence each.
    """

    name: str
    title: str
    homepage: str
    licence: str
    licence_note: str
    redistribute: bool
    citation: str
    tasks: tuple[str, ...]
    read: Reader | None = None
    archives: tuple[Archive, ...] = ()
    hub: Sequence[HubData] = ()
    read_hub: HubReader | None = None
    traps: tuple[str, ...] = ()

    def rows(self, trees: Mapping[str, Tree], tables: Mapping[str, Tables]) -> Rows:
        """Return the rows of all tasks, from the archives and Hub data sets that were fetched.

        Raises:
            SourceError: a file is missing or damaged.
            SchemaError: the content is not what the reader expects.
        """
        if self.read_hub is not None:
            return self.read_hub(tables, trees)
        if self.read is not None:
            return self.read(trees)
        raise TypeError(f"The source {self.name} has no reader: give it `read` or `read_hub`.")
