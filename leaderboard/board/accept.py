"""Accept a bundle: check it, score its answers again, once, and add it to the store."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_bytes
from itamed.benchmark.scoring.bootstrap import Array

from ..archive import content_of, short
from ..jsonsafe import json_bytes
from ..said import said_bytes, said_of
from ..show import show_verdict
from ..validate import validate
from .entry import BADGES, NAMED, Badge, Entry, Given
from .evidence import evidence_of
from .scored import named, stored_of
from .store import ANSWERS, BUNDLE, DRAWS, ENTRY, FOLDER, badge_file, place_of, read_stored, today


def accept(
    path: Path,
    store: Path,
    *,
    badge: Badge | None,
    licence: str,
    evidence: Path | None = None,
    mini: bool = False,
) -> Path:
    """Check a bundle, re-score it, and add it to a store; or give one that is there a better badge.

    Args:
        path: the archive.
        store: the folder of the store; made if it is not there.
        badge: see `BADGES`; by default "re-scored" where model and adapter are named by a commit, else "self-reported".
        licence: of the model, as its card states it.
        evidence: the bundle of a run of the maintainers' own; for "reproduced", and no other badge.
        mini: for tests, see `validate`.

    Returns:
        The folder of the entry.

    Raises:
        ItamedError: the bundle cannot be read, has errors or was not checked (what was found is shown), it is there
            already with that badge or a better one, or the badge says more than commits and evidence show.
    """
    if (badge == "reproduced") != bool(evidence):
        raise ItamedError(
            "--badge reproduced and --evidence go together: run the model yourselves, make a bundle of the run "
            "(itamed submit RUN --model NAMESPACE/NAME@COMMIT --out own.zip), and name it with --evidence own.zip."
        )
    content = content_of(path)
    digest = hashlib.sha256(content).hexdigest()
    if there := next(store.glob(f"{FOLDER}/*/*/{short(digest)}"), None):
        return _another_badge(there, badge, evidence, mini=mini)
    verdict = validate(path, store if store.is_dir() else None, itself=False, mini=mini)
    show_verdict(verdict, path)
    if verdict.bundle is None:
        why = "has errors" if verdict.errors else "was not checked, as data are missing on this machine"
        raise ItamedError(f"The bundle {why}, see above: it was not accepted.")
    made = stored_of(verdict, digest, licence, badge)
    given = _given(made.badge, made.entry, evidence, mini=mini)
    files = {
        BUNDLE: content,
        ENTRY: json_bytes(made.entry.model_dump(mode="json")),
        DRAWS: _array(made.draws),
        ANSWERS: said_bytes(said_of(verdict.bundle.answers)),
        badge_file(made.badge): given,
    }
    folder = store / place_of(made.entry)
    _add(folder, files)
    return folder


def _given(badge: Badge, entry: Entry, evidence: Path | None, *, mini: bool) -> bytes:
    """Return the content of a badge's file.

    Raises:
        ItamedError: the badge says something of weights that no commit names, or the evidence shows it not.
    """
    if badge in NAMED and not named(entry.manifest):
        raise ItamedError(
            f"--badge {badge} says that a commit is named, and the bundle names none of its model or adapter: accept "
            "it as self-reported, or ask for a bundle that names them (itamed submit --model NAMESPACE/NAME@COMMIT, "
            "and --adapter likewise)."
        )
    found = evidence_of(evidence, entry, mini=mini) if evidence else None
    return json_bytes(Given(date=today(), evidence=found).model_dump(mode="json", exclude_none=True))


def _another_badge(folder: Path, badge: Badge | None, evidence: Path | None, *, mini: bool) -> Path:
    if badge is None:
        raise ItamedError(f"The bundle is accepted already, in {folder}, and nothing there is overwritten.")
    stored = read_stored(folder)
    before = stored.badge
    if BADGES.index(badge) <= BADGES.index(before):
        raise ItamedError(
            f"The bundle is accepted already, in {folder}, and its badge is {before}: {badge} is no better one. To "
            f"withdraw a badge, delete {folder / badge_file(before)} in a commit that says why, or retract the entry."
        )
    write_bytes(folder / badge_file(badge), _given(badge, stored.entry, evidence, mini=mini))
    return folder


def _add(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder as a whole: whoever reads the store sees all of its files or none."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    for name, content in files.items():
        write_bytes(temporary / name, content)
    try:
        temporary.rename(folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise ItamedError(f"Cannot write {folder}: {error.strerror}. It may be accepted already.") from error


def _array(draws: Mapping[str, Array]) -> bytes:
    written = io.BytesIO()
    np.save(written, np.array(list(draws.values()), dtype=np.float32), allow_pickle=False)
    return written.getvalue()
