"""Fetch a model at one commit: weights in safetensors and plain settings only, after their size was looked at.

Run as `python -m itamed.leaderboard.worker.fetch FOLDER`. Ends with 0; 1 if the model is not to be evaluated; 75 if
the Hub is not to be reached now, which may pass.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from itamed.benchmark.console import say_error
from itamed.benchmark.errors import ItamedError, SourceError
from itamed.benchmark.sources.hub_errors import endpoint, hub_calls

from .request import Pinned
from .settings import WORK, Work

AGAIN = os.EX_TEMPFAIL
MODEL, ADAPTER = "model", "adapter"
_FETCHED = "fetched"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(safetensors|json|model|jinja|txt)")
"""Names of files that are taken: no pickle, no code, nothing in a folder."""
_MOST = 200
_FINAL = (401, 403, 404)


class Unfit(ItamedError):
    """A model that is not evaluated here, however often it is asked for."""


def fetch(folder: Path) -> None:
    """Put model and adapter of a job into its folder.

    Raises:
        Unfit: one is too large, is none that is taken, or cannot be had.
        SourceError: the Hub is not to be reached now.
    """
    work = Work.model_validate_json((folder / WORK).read_bytes())
    if (folder / _FETCHED).exists():
        return
    room, parameters = work.model_bytes, work.parameters
    wanted = {MODEL: work.request.model} | ({ADAPTER: work.request.adapter} if work.request.adapter else {})
    listed = {}
    for place, pinned in wanted.items():
        listed[place], counted = _listed(pinned)
        needed = "config.json" if place == MODEL else "adapter_config.json"
        _require_whole(pinned.name, listed[place], needed)
        room -= sum(listed[place].values())
        parameters -= counted or 0
    if room < 0:
        raise Unfit(f"{work.request.model.name} has more than the {work.model_bytes:,} bytes that are evaluated here.")
    if parameters < 0:
        raise Unfit(
            f"{work.request.model.name} has more than the {work.parameters:,} parameters that are evaluated here."
        )
    for place, pinned in wanted.items():
        _download(pinned, listed[place], folder / place)
    (folder / _FETCHED).touch()


def _require_whole(name: str, files: Mapping[str, int], needed: str) -> None:
    if needed not in files or not any(file.endswith(".safetensors") for file in files):
        raise Unfit(f"{name} has no {needed} or no weights as safetensors at that commit: others are not loaded here.")
    if len(files) > _MOST:
        raise Unfit(f"{name} has more than {_MOST} files.")


def _listed(pinned: Pinned) -> tuple[dict[str, int], int | None]:
    """Return the files that are taken with their sizes, and the number of parameters where the Hub tells it."""
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        folder = _cached(pinned)
        found = {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}
        return {name: size for name, size in found.items() if _PLAIN.fullmatch(name)}, None
    with hub_calls(pinned.name, SourceError, model=True):
        info = HfApi(endpoint=endpoint()).model_info(pinned.name, revision=pinned.revision, files_metadata=True)
    if info.sha != pinned.revision:
        raise Unfit(f"{pinned.name} has no commit {pinned.revision}.")
    files = {each.rfilename: each.size for each in info.siblings or [] if _PLAIN.fullmatch(each.rfilename)}
    if unknown := [name for name, size in files.items() if size is None]:
        raise Unfit(f"The Hub does not tell the size of {unknown[0]} of {pinned.name}.")
    return {name: int(size or 0) for name, size in files.items()}, info.safetensors.total if info.safetensors else None


def _cached(pinned: Pinned) -> Path:
    """Return the folder of a commit in the cache of huggingface_hub."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    name = repo_folder_name(repo_id=pinned.name, repo_type="model")
    folder = Path(constants.HF_HUB_CACHE, name, "snapshots", pinned.revision)
    if not folder.is_dir():
        raise Unfit(f"{pinned.name} is not in the cache at that commit, and HF_HUB_OFFLINE forbids to fetch it.")
    return folder


def _download(pinned: Pinned, files: Mapping[str, int], folder: Path) -> None:
    from huggingface_hub import HfApi, constants

    folder.mkdir(exist_ok=True)
    for name in files:
        if constants.HF_HUB_OFFLINE:
            link = folder / name
            link.unlink(missing_ok=True)
            link.symlink_to((_cached(pinned) / name).resolve())
            continue
        with hub_calls(pinned.name, SourceError, model=True):
            HfApi(endpoint=endpoint()).hf_hub_download(pinned.name, name, revision=pinned.revision, local_dir=folder)


def main(folder: Path) -> int:
    """Fetch, say what went wrong, and return the status."""
    try:
        fetch(folder)
    except ItamedError as error:
        say_error(str(error))
        response = getattr(error.__cause__, "response", None)
        passes = isinstance(error, SourceError) and getattr(response, "status_code", None) not in _FINAL
        return AGAIN if passes else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
