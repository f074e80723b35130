"""Checkpoints of the trainer: the newest that was written to its end, wherever the folder lies now."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text

_log = logging.getLogger(__name__)
_STATE = "trainer_state.json"
"""Written last: a checkpoint without it was cut off."""


def last_whole(folder: Path) -> str | None:
    """Return the newest whole checkpoint of a run's folder, if there is one.

    A run that was killed, or found the disk full, in the middle of a checkpoint leaves a part of it.
    """
    named = (path for path in folder.glob("checkpoint-*") if path.name.removeprefix("checkpoint-").isdigit())
    found = sorted(named, key=lambda path: int(path.name.removeprefix("checkpoint-")), reverse=True)
    for path in found:
        try:
            json.loads((path / _STATE).read_text(encoding="utf-8"))["global_step"]
        except (OSError, ValueError, KeyError):
            _log.warning("%s was cut off, and is left aside.", path)
            continue
        return str(path)
    return None


def best_at_home(checkpoint: Path) -> None:
    """Let a checkpoint name the best one beside it: the trainer keeps a path, which is another once a run was moved.

    Raises:
        ItamedError: the best one is missing, or the state cannot be written.
    """
    path = checkpoint / _STATE
    state = json.loads(path.read_text(encoding="utf-8"))
    if not state.get("best_global_step"):
        return
    best = checkpoint.with_name(f"checkpoint-{state['best_global_step']}")
    require_best(best)
    if state.get("best_model_checkpoint") != str(best):
        state["best_model_checkpoint"] = str(best)
        write_text(path, json.dumps(state, indent=2) + "\n")


def require_best(best: Path) -> None:
    """Refuse to go on without the checkpoint whose weights are to be kept: the last ones would be taken for them.

    Raises:
        ItamedError: it is missing.
    """
    if not best.is_dir():
        raise ItamedError(
            f"{best} is missing, the checkpoint whose weights are to be kept: bring it back, or delete {best.parent} "
            "to train this stage anew."
        )


def remove_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a run that is finished; its logs stay."""
    for path in folder.glob("checkpoint-*"):
        shutil.rmtree(path, ignore_errors=True)
