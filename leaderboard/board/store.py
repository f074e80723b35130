"""The store of accepted bundles: one folder a model, revision and bundle, to which things are only ever added.

    models/<namespace>__<name>/<revision>/<bundle>/bundle.zip      as it was handed in
                                                  /entry.json      what the board shows
                                                  /draws.npy       (roles, resamples) means, for ranks
                                                  /badge-<badge>.json
                                                  /retracted.json  if it was taken back
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar

import numpy as np
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_bytes
from itamed.benchmark.scoring.bootstrap import Array
from pydantic import BaseModel, ValidationError

from ..opened import open_bundle
from ..show import show_verdict
from ..validate import validate
from .entry import BADGES, Badge, Entry, Retraction, role_scores, task_scores

FOLDER = "models"
ENTRY, DRAWS, BUNDLE, RETRACTED = "entry.json", "draws.npy", "bundle.zip", "retracted.json"
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Stored:
    """An entry as the store has it; `draws` are float32 means by role, (resamples,) each."""

    entry: Entry
    badge: Badge
    draws: Mapping[str, Array]
    retracted: Retraction | None = None

    @property
    def key(self) -> str:
        """Return the short digest that names the entry's folder and page."""
        return short(self.entry.bundle)


def short(digest: str) -> str:
    """Return as much of a bundle's digest as names it."""
    return digest[:16]


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
        raise ItamedError(f"{path} cannot be read: {error.strerror}. Name a bundle of `itamed submit --out`.") from error
    digest = hashlib.sha256(content).hexdigest()
    if there := next(store.glob(f"{FOLDER}/*/*/{short(digest)}"), None):
        return _another_badge(there, badge)
    verdict = validate(path, store if store.is_dir() else None, mini=mini)
    show_verdict(verdict, path)
    bundle, _ = open_bundle(path, mini=mini)
    if verdict.run is None or bundle is None:
        raise ItamedError("The bundle has errors, see above: it was not accepted.")
    scores, draws = role_scores(verdict.run, bundle.manifest.suite.version)
    model = bundle.manifest.model
    entry = Entry(
        format=1,
        bundle=digest,
        accepted=_today(),
        licence=licence,
        warnings=[str(finding)[:500] for finding in verdict.findings],
        manifest=bundle.manifest,
        tasks=task_scores(verdict.run),
        roles=scores,
    )
    badge = badge or ("re-scored" if model.revision else "self-reported")
    files = {
        BUNDLE: content,
        ENTRY: _json(entry.model_dump(mode="json")),
        DRAWS: _array(draws),
        f"badge-{badge}.json": _json({"date": entry.accepted}),
    }
    folder = store / FOLDER / model.name.replace("/", "__") / (model.revision or "no-revision") / short(digest)
    _add(folder, files)
    return folder


def retract(key: str, store: Path, reason: str) -> Path:
    """Take an entry back: it stays visible with the reason, and is ranked no more.

    Raises:
        ItamedError: there is no such entry, or it is retracted already.
    """
    found = next((place for place in store.glob(f"{FOLDER}/*/*/*") if place.name == key), None)
    if not found:
        raise ItamedError(f"{store} has no entry {key}: name the last folder of one, as its page shows it.")
    if (found / RETRACTED).exists():
        raise ItamedError(f"{key} is retracted already, and nothing in the store is overwritten.")
    retraction = Retraction(reason=reason, date=_today())
    write_bytes(found / RETRACTED, _json(retraction.model_dump()))
    return found


def read_store(store: Path) -> list[Stored]:
    """Read all entries of a store, in the order of their folders.

    Raises:
        ItamedError: there is no store, or something in it is damaged.
    """
    if not (store / FOLDER).is_dir():
        raise ItamedError(f"{store} is no store: accept a bundle first (itamed board accept BUNDLE --store {store}).")
    return [_stored(path.parent) for path in sorted(store.glob(f"{FOLDER}/*/*/*/{ENTRY}"))]


def _stored(folder: Path) -> Stored:
    entry = _read(Entry, folder / ENTRY)
    if short(entry.bundle) != folder.name:
        raise ItamedError(f"{folder / ENTRY} is of another bundle, {entry.bundle}: something was moved or edited.")
    taken = folder / RETRACTED
    badges = [badge for badge in BADGES if (folder / f"badge-{badge}.json").is_file()]
    if not badges:
        raise ItamedError(f"{folder} has no badge: its files were not all copied.")
    complete = [role for role, score in entry.roles.items() if score.mean]
    try:
        draws = np.load(folder / DRAWS, allow_pickle=False)
        by_role = dict(zip(complete, draws, strict=True))
    except (OSError, ValueError, TypeError) as error:
        raise ItamedError(f"{folder / DRAWS} cannot be read ({error}): get it anew from the repository.") from error
    return Stored(entry, badges[-1], by_role, _read(Retraction, taken) if taken.is_file() else None)


def _read(kind: type[M], path: Path) -> M:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ItamedError(f"{path} cannot be read as an entry's file ({error}): get it anew.") from error


def _another_badge(folder: Path, badge: Badge | None) -> Path:
    file = folder / f"badge-{badge}.json"
    if badge is None or file.exists():
        raise ItamedError(f"The bundle is accepted already, in {folder}, and nothing there is overwritten.")
    write_bytes(file, _json({"date": _today()}))
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


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _today() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d")
