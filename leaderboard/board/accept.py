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
from pydantic import ValidationError

from ..archive import short
from ..findings import shown
from ..jsonsafe import json_bytes
from ..show import show_verdict
from ..validate import validate
from .entry import Badge, Entry
from .scored import role_scores, task_scores
from .store import BUNDLE, DRAWS, ENTRY, FOLDER, today


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
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ItamedError(
            f"{path} cannot be read: {error.strerror}. Name a bundle of `itamed submit --out`."
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if there := next(store.glob(f"{FOLDER}/*/*/{short(digest)}"), None):
        return _another_badge(there, badge)
    verdict = validate(path, store if store.is_dir() else None, mini=mini)
    show_verdict(verdict, path)
    bundle = verdict.bundle
    if verdict.run is None or bundle is None:
        raise ItamedError("The bundle has errors, see above: it was not accepted.")
    scores, draws = role_scores(verdict.run, bundle.manifest.suite.version)
    model = bundle.manifest.model
    try:
        entry = Entry(
            format=1,
            bundle=digest,
            accepted=today(),
            licence=licence,
            warnings=[str(finding)[:500] for finding in verdict.findings],
            manifest=bundle.manifest,
            tasks=task_scores(verdict.run),
            roles=scores,
        )
    except ValidationError as error:
        raise ItamedError(f"--licence {shown(licence)} is no name of a licence: write it like apache-2.0.") from error
    badge = badge or ("re-scored" if model.revision else "self-reported")
    files = {
        BUNDLE: content,
        ENTRY: json_bytes(entry.model_dump(mode="json")),
        DRAWS: _array(draws),
        f"badge-{badge}.json": json_bytes({"date": entry.accepted}),
    }
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
