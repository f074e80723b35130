"""How much memory the control group of this process has left: a job's share of a machine (Slurm, Docker)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def free_in_group() -> int:
    """Return the bytes that the group, or one that it is part of, has left; a huge number without a limit.

    What caches hold on to is free: the kernel drops it before it refuses memory.
    """
    return min((_free(folder) for folder in _folders()), default=sys.maxsize)


def _folders() -> Iterator[Path]:
    """Yield the folders of this process's groups and of those above them, in versions 2 and 1."""
    try:
        lines = OWN.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = MOUNT / "memory" if controllers else MOUNT
        # Inside of a container the path may be the host's: then its own group is mounted as the root.
        folder = root / path.lstrip("/")
        yield folder
        yield from (parent for parent in folder.parents if parent == root or root in parent.parents)


def _free(folder: Path) -> int:
    for limit, used, cached in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        try:
            most, now = ((folder / name).read_text(encoding="utf-8").strip() for name in (limit, used))
            statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        except (OSError, ValueError):
            continue
        if most != "max":
            return max(0, int(most) - int(now) + int(statistics.get(cached, 0)))
    return sys.maxsize
