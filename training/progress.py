"""Progress bars of what comes before the first step."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def bar(items: Iterable[T], what: str) -> Iterable[T]:
    """Return items with a bar that shows how many were taken; the first process of a launcher shows it alone."""
    shown: Iterable[T] = tqdm(items, desc=what, disable=os.environ.get("RANK", "0") != "0", mininterval=0.5)
    return shown
