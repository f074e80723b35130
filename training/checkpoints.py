"""Checkpoints of the trainer: the newest that was written to its end."""

from __future__ import annotations

import json
import logging
from pathlib import Path

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
            step = json.loads((path / _STATE).read_text(encoding="utf-8"))["global_step"]
        except (OSError, ValueError, KeyError):
            _log.warning("%s was cut off, and is left aside.", path)
            continue
        _log.info("Going on after step %d.", step)
        return str(path)
    return None
