"""What the board needs of an accepted bundle: written once when it is accepted, so that nothing is re-scored later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ..manifest import Count, Digest, Line, Manifest, Strict, Word

Badge: TypeAlias = Literal["self-reported", "re-scored", "reproduced"]
BADGES: tuple[Badge, ...] = ("self-reported", "re-scored", "reproduced")
"""From the least to the most."""
BADGE_MEANINGS: Mapping[Badge, str] = {
    "self-reported": "the submitter names no commit",
    "re-scored": "the submitter names a commit; that it gave these answers is still their word",
    "reproduced": "the maintainers ran the model themselves, and got the same within its intervals",
}
"""What each badge says of the weights. Scores were computed again from the answers whatever the badge."""
NAMED: tuple[Badge, ...] = BADGES[1:]
"""Badges that say something of weights: a commit names them."""
Day: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Span: TypeAlias = tuple[float, float, float]
"""A score between 0 and 1 and the ends of its 95 % interval."""


class TaskScore(Strict):
    """A task: what its scores stand on, its main score of strict answers, and all metrics of repaired ones."""

    shots: Count
    notes: Count
    rows: Count
    gold: Count
    strict: Span
    metrics: dict[Line, Span]


class RoleScore(Strict):
    """The means of a role over the tasks that are ranked, families with a task missing left out.

    `mean` is there if no family is left out; `freedom` is that of its variance. Its interval follows from its draws,
    `freedom` and `further` (see `Drawn`), which entries of an older itamed do not have.
    """

    tasks: list[Word]
    families: dict[Word, Span]
    mean: Span | None = None
    freedom: float = 1.0
    further: float | None = None

    @property
    def ranked_mean(self) -> Span:
        """Return the mean of a role that is ranked.

        Raises:
            ValueError: a family is left out, so that there is none.
        """
        if self.mean is None:
            raise ValueError("a score without a mean is not ranked")
        return self.mean


class Entry(Strict):
    """An accepted bundle: its digest and manifest, what the check left to a person, and its scores.

    `licence` is that of the model, which a bundle does not tell.
    """

    format: Literal[1]
    bundle: Digest
    accepted: Day
    licence: Word
    warnings: list[Line]
    manifest: Manifest
    tasks: dict[Word, TaskScore]
    roles: dict[Word, RoleScore]


class Evidence(Strict):
    """The maintainers' own run: the digest of its bundle, and the day on which it was made."""

    bundle: Digest
    created: Day


class Given(Strict):
    """A badge that was given: when, and for "reproduced" what shows it."""

    date: Day
    evidence: Evidence | None = None


class Retraction(Strict):
    """Why and when an entry was taken back."""

    reason: Line
    date: Day
