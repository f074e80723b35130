"""What an evaluation must not read of its worker, though both are the same user's processes."""

from __future__ import annotations

import ctypes
import sys

_DUMPABLE = 4
"""PR_SET_DUMPABLE of Linux's prctl(2)."""


def hide_environment() -> None:
    """Make this process's memory and environment, with the token in it, unreadable to others of the same user.

    Of Linux alone: elsewhere it does nothing. A program that this process starts is readable again.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)
