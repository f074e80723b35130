"""The last part of a log as others may read it: no token, no path of this machine, no unseen character."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

_SECRET = re.compile(r"TOKEN|KEY|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_TOKEN = re.compile(r"\b(?:hf_|sk-|gh[a-z]_|glpat-|api_org_|github_pat_)[A-Za-z0-9]{16,}\w*|Bearer +\S+")
_PATH = re.compile(r"(?<![\w.:/])(?:file://)?(?:/|~/|[A-Za-z]:\\)(?:[^\s/\\:'\"<>|]+[/\\])+([^\s/\\:'\"<>|]*)")
_SHORTEST = 6
"""Letters of a secret: "1" may be the value of a variable whose name sounds like one."""
_READ, _LINES, _BYTES = 200_000, 200, 20_000


def public_tail(path: Path, environment: Mapping[str, str] | None = None) -> str:
    """Return the end of a log, at most 200 lines and 20 kB; "" where there is none.

    Args:
        path: the log.
        environment: variables whose secrets must not be told; those of this process by default.
    """
    if not path.is_file():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _READ))
        text = log.read().decode("utf-8", "replace")
    # A progress bar writes its line again and again.
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
    kept = "\n".join(lines[-_LINES - 1 :])
    kept = "".join(each for each in _scrubbed(kept, environment or os.environ) if each.isprintable() or each in "\n\t")
    return kept.encode()[-_BYTES:].decode("utf-8", "ignore")


def last_line(text: str) -> str:
    """Return the last line of a log that says something."""
    return next((line for line in reversed(text.split("\n")) if line.strip()), "")


def _scrubbed(text: str, environment: Mapping[str, str]) -> str:
    for name, value in environment.items():
        if _SECRET.search(name) and len(value) >= _SHORTEST:
            text = text.replace(value, "[secret]")
    return _PATH.sub(r".../\1", _TOKEN.sub("[token]", text))
