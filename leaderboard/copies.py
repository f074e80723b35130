"""Bundles with the same answers as another: the same submission, or another model's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .anomalies import ENOUGH
from .archive import content_of
from .board.store import ANSWERS, BUNDLE, entry_folders, read_entry
from .findings import EXPLAIN, Finding, Refused, shown
from .manifest import Manifest
from .opened import Opened, open_bundle
from .rescore import Docs
from .said import Said, gold_of, read_said, said_of, same, telling, without

SAME_SHARE = 0.9
WRONG_SHARE = 0.5
"""Of wrong answers: good models have right ones in common. Two that were fine-tuned from one base share a quarter."""


@dataclass(frozen=True)
class Other:
    """Another bundle: where it is, what it says of itself, and what it has answered."""

    file: str
    manifest: Manifest
    said: Said


def others(path: Path, folder: Path, *, itself: bool, mini: bool = False) -> Iterator[Other]:
    """Yield the other bundles below a folder; those that cannot be read are nobody's copy.

    Entries of a store bring the digests of their answers, so that they are compared without being opened.

    Args:
        path: the bundle that is compared, left out.
        folder: of bundles, or a store, or both.
        itself: with its copies to the last byte, too, as where a bundle is handed in twice.
        mini: for tests, see `validate`.

    Raises:
        ItamedError: an entry of the store is damaged.
    """
    seen = set[str]() if itself else {_digest(path)}
    compared = {path.resolve()}
    for place in entry_folders(folder):
        if (place / ANSWERS).is_file():
            entry = read_entry(place)
            seen.add(entry.bundle)
            compared.add((place / BUNDLE).resolve())
            yield Other(_name(place / BUNDLE, folder), entry.manifest, read_said(place / ANSWERS))
    docs: dict[str, Docs] = {}
    for file in sorted(folder.rglob("*.zip")):
        if file.resolve() in compared or _digest(file) in seen:
            continue
        bundle, _ = open_bundle(file, mini=mini)
        if bundle:
            yield Other(_name(file, folder), bundle.manifest, said_of(bundle.answers, docs))


def copy_findings(mine: Opened, found: Iterable[Other]) -> Iterator[Finding]:
    """Tell of bundles with the same answers.

    Answers that come more than once in a task, such as letters and empty lists, say nothing. Of a copy with changes
    here and there the mistakes tell that are left.

    Args:
        mine: the bundle to look at.
        found: the others.
    """
    docs: dict[str, Docs] = {}
    said = said_of(mine.answers, docs)
    own = telling(said)

    @cache
    def wrong() -> Said:
        return without(own, gold_of(mine.answers, docs))

    for other in found:
        theirs = telling(other.said)
        equal, common = same(own, theirs)
        if _settings(mine.manifest) == _settings(other.manifest) and np.array_equal(said, other.said):
            yield Finding("", "", "a new submission", f"that of {shown(other.file)}", "nothing: it is there already")
        elif common >= ENOUGH and equal / common >= SAME_SHARE:
            yield from _same_answers(mine.manifest, other, equal, common)
        elif common >= ENOUGH and mine.manifest.model.name != other.manifest.model.name:
            equal, common = same(wrong(), theirs)
            if common >= ENOUGH and equal / common >= WRONG_SHARE:
                told = f"{equal} of {common} telling and wrong ones {_as(other)}"
                yield Finding("", "answers", "mistakes of its own", told, EXPLAIN, "warning")


def _as(other: Other) -> str:
    return f"as of {other.manifest.model.name} ({shown(other.file)})"


def _same_answers(mine: Manifest, other: Other, equal: int, common: int) -> Iterator[Finding]:
    """Tell of answers that are another model's, or the same model's although something else is said of it."""
    found = f"{equal} of {common} telling ones {_as(other)}"
    if mine.model.name != other.manifest.model.name:
        yield Finding("", "answers", "answers of its own", found, EXPLAIN, "error" if equal == common else "warning")
    elif equal == common and _settings(mine) != _settings(other.manifest):
        expected = "other answers with another commit, adapter, mode or argument"
        yield Finding("", "answers", expected, found, EXPLAIN, "warning")


def _settings(manifest: Manifest) -> tuple[object, ...]:
    model = manifest.model
    return model.name, model.revision, model.adapter, manifest.decoding.mode, manifest.answering


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(content_of(file)).hexdigest()
    except Refused:
        # Nobody's copy; whoever opens it says what is wrong.
        return ""
