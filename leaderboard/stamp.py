"""Moments as files of the leaderboard hold them: in UTC, to the second."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

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


def _a_moment(text: str) -> str:
    moment_of(text)
    return text


# Not \d, which takes the figures of other scripts, too: they sort after all of ours.
Stamp: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
    AfterValidator(_a_moment),
]
"""A moment that there was or will be."""
