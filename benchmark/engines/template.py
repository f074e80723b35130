"""How chat templates are filled, by evaluation and training alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PINNED: Mapping[str, Any] = {"date_string": "26 Jul 2024"}
"""Llama's templates write today's date into every prompt unless they are given one: this is their own fallback."""


def pinned(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a chat template is given beside the messages, so that prompts are the same on every day.

    Args:
        given: what a user asks for, which wins.
    """
    return {**PINNED, **(given or {})}
