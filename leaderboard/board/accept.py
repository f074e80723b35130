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
from .entry import Badge
from .scored import stored_of
from .store import ANSWERS, BUNDLE, DRAWS, ENTRY, FOLDER, today


def accept(path: Path, store: Path, *, badge: Badge | None, licence: str, mini: bool = False) -> Path:
    """Check a bundle, re-score it, and add it to a store; or give one that is there another badge.

    Args:
        path: the archive.
        store: the folder of the store; made if it is not there.
        badge: see `BADGES`; by default "re-scored" where the model is named by a commit, else "self-reported".
        licence: of the model, as its card states it.
        mini: for tests, see `validate`.

    Returns:
        The folder of the entry.

    Raises:
        ItamedError: the bundle cannot be read or has errors (they are shown), or it is there already.
    """
    content = content_of(path)
    digest = hashlib.sha256(content).hexdigest()
    if there := next(store.glob(f"{FOLDER}/*/*/{short(digest)}"), None):
        return _another_badge(there, badge)
    verdict = validate(path, store if store.is_dir() else None, itself=False, mini=mini)
    show_verdict(verdict, path)
    if verdict.bundle is None:
        raise ItamedError("The bundle has errors, see above: it was not accepted.")
    made = stored_of(verdict, digest, licence, badge)
    files = {
        BUNDLE: content,
        ENTRY: json_bytes(made.entry.model_dump(mode="json")),
        DRAWS: _array(made.draws),
        ANSWERS: said_bytes(said_of(verdict.bundle.answers)),
        f"badge-{made.badge}.json": json_bytes({"date": made.entry.accepted}),
    }
    model = made.entry.manifest.model
    folder = store / FOLDER / model.name.replace("/", "__") / (model.revision or "no-revision") / short(digest)
    _add(folder, files)
    return folder


def _another_badge(folder: Path, badge: Badge | None) -> Path:
    file = folder / f"badge-{badge}.json"
    if badge is None or file.exists():
        raise ItamedError(f"The bundle is accepted already, in {folder}, and nothing there is overwritten.")
    write_bytes(file, json_bytes({"date": today()}))
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
