"""What a source is: where it comes from, under which terms, and how its files become rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..rows import Row
from .tree import Tree

Rows: TypeAlias = dict[str, list[Row]]
"""Rows by task name (as in the suite, e.g. "itamed_ner_e3c_timex"), all splits together."""


@dataclass(frozen=True)
class Archive:
    """A file that a publisher serves and that a reader needs.

    `name` is the file's name in a sources folder; `wanted` are glob patterns, relative to the
    archive's single top folder, of the members that the reader uses; `digest` is the SHA-256 over
    those members' names and contents (`Tree.digest`), so that a repacked archive or an unpacked
    folder with the same files is accepted, and a changed file is not.
    """

    name: str
    url: str
    wanted: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class Source:
    """A data source on which one or more tasks stand.

    `licence` is a Hub licence id, or "other" where the publisher states none; `redistribute` says
    whether those terms let anybody publish a copy. `archives` are downloaded or read from a folder;
    `hub` names the Hub data sets of sources that are served there.
    """

    name: str
    title: str
    homepage: str
    licence: str
    licence_note: str
    redistribute: bool
    citation: str
    tasks: tuple[str, ...]
    read: Callable[[Mapping[str, Tree]], Rows]
    archives: tuple[Archive, ...] = ()
    hub: Sequence[str] = ()
