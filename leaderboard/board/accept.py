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
from .entry import BADGES, Badge
from .scored import stored_of
from .store import ANSWERS, BUNDLE, DRAWS, ENTRY, FOLDER, badge_file, read_stored, today


def accept(path: Path, store: Path, *, badge: Badge | None, licence: str, mini: bool = False) -> Path:
    """Check a bundle, re-score it, and add it to a store; or give one that is there a better badge.

    Args:
        path: the archive.
        store: the folder of the store; made if it is not there.
        badge: see `BADGES`; by default "re-scored" where model and adapter are named by a commit, else "self-reported".
        licence: of the model, as its card states it.
        mini: for tests, see `validate`.

    Returns:
        The folder of the entry.

    Raises:
        ItamedError: the bundle cannot be read, has errors or was not checked (what was found is shown), or it is there
            already with that badge or a better one.
    """
    content = content_of(path)
    digest = hashlib.sha256(content).hexdigest()
    if there := next(store.glob(f"{FOLDER}/*/*/{short(digest)}"), None):
        return _another_badge(there, badge)
    verdict = validate(path, store if store.is_dir() else None, itself=False, mini=mini)
    show_verdict(verdict, path)
    if verdict.bundle is None:
        why = "has errors" if verdict.errors else "was not checked, as data are missing on this machine"
        raise ItamedError(f"The bundle {why}, see above: it was not accepted.")
    made = stored_of(verdict, digest, licence, badge)
    files = {
        BUNDLE: content,
        ENTRY: json_bytes(made.entry.model_dump(mode="json")),
        DRAWS: _array(made.draws),
        ANSWERS: said_bytes(said_of(verdict.bundle.answers)),
        badge_file(made.badge): json_bytes({"date": made.entry.accepted}),
    }
    model = made.entry.manifest.model
    folder = store / FOLDER / model.name.replace("/", "__") / (model.revision or "no-revision") / short(digest)
    _add(folder, files)
    return folder


def _another_badge(folder: Path, badge: Badge | None) -> Path:
    if badge is None:
        raise ItamedError(f"The bundle is accepted already, in {folder}, and nothing there is overwritten.")
    before = read_stored(folder).badge
    if BADGES.index(badge) <= BADGES.index(before):
        raise ItamedError(
            f"The bundle is accepted already, in {folder}, and its badge is {before}: {badge} is no better one. To "
            f"withdraw a badge, delete {folder / badge_file(before)} in a commit that says why, or retract the entry."
        )
    write_bytes(folder / badge_file(badge), json_bytes({"date": today()}))
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
