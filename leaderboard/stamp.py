"""Moments as files of the leaderboard hold them: in UTC, to the second."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, TypeAlias

from pydantic import Field

Stamp: TypeAlias = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
"""Of the right form; whether there was such a moment, `moment_of` tells."""
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(timezone.utc)


def stamp(moment: datetime) -> str:
    """Return a time in UTC as files hold it."""
    return moment.strftime(_FORM)


def moment_of(text: str) -> datetime:
    """Return the time of a stamp.

    Raises:
        ValueError: there is no such time.
    """
    return datetime.strptime(text, _FORM).replace(tzinfo=timezone.utc)
