"""The store of accepted bundles: one folder a model, revision and bundle, to which things are only ever added.

models/<namespace>__<name>/<revision>/<bundle>/bundle.zip      as it was handed in
                                              /entry.json      what the board shows
                                              /draws.npy       (roles, resamples) means, for ranks
                                              /answers.npy     digests of all answers, see `said`
                                              /badge-<badge>.json  when it was given, and what shows it
                                              /retracted.json  if it was taken back
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_bytes
from itamed.benchmark.scoring.bootstrap import Array
from pydantic import BaseModel, ValidationError

from ..archive import short
from ..jsonsafe import flaw, json_bytes
from ..manifest import MAX_LINE, wrong_with
from ..stamp import utc_now
from .entry import BADGES, Badge, Entry, Evidence, Given, Retraction

FOLDER = "models"
ENTRY, DRAWS, BUNDLE, RETRACTED = "entry.json", "draws.npy", "bundle.zip", "retracted.json"
ANSWERS = "answers.npy"
OTHER_MAKER = (
    "made by another itamed? Install that one, or a later one; else get the file anew from the repository's history"
)
"""What to do about a file that cannot be read, which is seldom the fault of who handed in what is in it."""
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Stored:
    """An entry as the store has it; `draws` are float32 means by role, (resamples,) each, `evidence` is the badge's."""

    entry: Entry
    badge: Badge
    draws: Mapping[str, Array]
    retracted: Retraction | None = None
    evidence: Evidence | None = None

    @property
    def key(self) -> str:
        """Return the short digest that names the entry's folder and page."""
        return short(self.entry.bundle)


def retract(key: str, store: Path, reason: str) -> Path:
    """Take an entry back: it stays visible with the reason, and is ranked no more.

    Raises:
        ItamedError: there is no such entry, it is retracted already, or the reason cannot be shown.
    """
    if not reason.strip() or len(reason) > MAX_LINE:
        raise ItamedError(f"--reason has {len(reason)} characters: say it in 1 to {MAX_LINE}.")
    if wrong := flaw(reason):
        raise ItamedError(f"--reason has {wrong}: say it in plain letters, on one line, without that.")
    found = find_entry(key, store)
    if (found / RETRACTED).exists():
        raise ItamedError(f"{key} is retracted already, and nothing in the store is overwritten.")
    retraction = Retraction(reason=reason, date=today())
    write_bytes(found / RETRACTED, json_bytes(retraction.model_dump()))
    return found


def badge_file(badge: Badge) -> str:
    """Return the name of the file that stands for a badge; the best one that is there counts."""
    return f"badge-{badge}.json"


def find_entry(key: str, store: Path) -> Path:
    """Return the folder of an entry.

    Raises:
        ItamedError: there is no such entry.
    """
    for folder in entry_folders(store):
        if folder.name == key:
            return folder
    raise ItamedError(f"{store} has no entry {key}: name the last folder of one, as its page shows it.")


def place_of(entry: Entry) -> str:
    """Return where the folder of an entry is in its store."""
    model = entry.manifest.model
    names = (FOLDER, model.name.replace("/", "__"), model.revision or "no-revision", short(entry.bundle))
    return "/".join(names)


def read_store(store: Path) -> list[Stored]:
    """Read all entries of a store, in the order of their folders.

    Raises:
        ItamedError: there is no store, or something in it is damaged.
    """
    if not (store / FOLDER).is_dir():
        raise ItamedError(f"{store} is no store: accept a bundle first (itamed board accept BUNDLE --store {store}).")
    return [read_stored(folder) for folder in entry_folders(store)]


def entry_folders(store: Path) -> list[Path]:
    """Return the folders of all entries, in order; none where there is no store."""
    return [path.parent for path in sorted(store.glob(f"{FOLDER}/*/*/*/{ENTRY}")) if path.parent.name[0] != "."]


def read_entry(folder: Path) -> Entry:
    """Read what an entry's folder says of the bundle.

    Raises:
        ItamedError: it is damaged, or of another bundle.
    """
    entry = _read(Entry, folder / ENTRY)
    if short(entry.bundle) != folder.name:
        raise ItamedError(f"{folder / ENTRY} is of another bundle, {entry.bundle}: something was moved or edited.")
    return entry


def read_stored(folder: Path) -> Stored:
    """Read an entry's folder.

    Raises:
        ItamedError: something in it is missing or damaged.
    """
    entry = read_entry(folder)
    taken = folder / RETRACTED
    badges = [badge for badge in BADGES if (folder / badge_file(badge)).is_file()]
    if not badges:
        raise ItamedError(f"{folder} has no badge: its files were not all copied.")
    complete = [role for role, score in entry.roles.items() if score.mean]
    try:
        draws = np.load(folder / DRAWS, allow_pickle=False)
        by_role = dict(zip(complete, draws, strict=True))
    except (OSError, ValueError, TypeError) as error:
        raise ItamedError(f"{folder / DRAWS} cannot be read ({error}): get it anew from the repository.") from error
    retracted = _read(Retraction, taken) if taken.is_file() else None
    return Stored(entry, badges[-1], by_role, retracted, read_badge(folder, badges[-1]).evidence)


def read_badge(folder: Path, badge: Badge) -> Given:
    """Read the file of a badge that an entry's folder has.

    Raises:
        ItamedError: it is damaged, or was not written by `itamed board accept`.
    """
    return _read(Given, folder / badge_file(badge))


def _read(kind: type[M], path: Path) -> M:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ItamedError(f"{path} cannot be read ({error.strerror}): get it anew from the repository.") from error
    except ValidationError as error:
        first, *more = wrong_with(error, str(path), remedy=OTHER_MAKER)
        raise ItamedError(f"{first}" + (f" So are {len(more)} more values of it." if more else "")) from error


def today() -> str:
    """Return the date, in UTC."""
    return utc_now().strftime("%Y-%m-%d")
