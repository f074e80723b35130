"""How much is told of what a model was trained on, and whether that is open data."""

from __future__ import annotations

from functools import cache
from typing import Literal, TypeAlias

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.sources.registry import source_of
from itamed.benchmark.suite import MINI_PREFIX, task_of

from ..manifest import Declaration

Told: TypeAlias = Literal["named in full, under open licences", "named in full", "declared", "not declared"]
OPEN = frozenset(
    {
        *("0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "mit", "unlicense"),
        *("cc0-1.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
        *("cdla-permissive-1.0", "cdla-permissive-2.0", "odbl-1.0", "odc-by-1.0", "pddl-1.0"),
    }
)
"""Licences under which anybody may use and pass on data for whatever purpose, by their SPDX names in small letters."""

_OURS = "apache-2.0"
"""That of the mini set, which is in our own words."""


def told_of(declared: Declaration | None) -> Told:
    """Return how much is told of a model's own training; that of its base model is not part of it.

    "named in full": every corpus has a name and a licence, which need not be an open one; "under open licences":
    those of corpora and of the sources of its tasks are all in `OPEN`. It is the submitter's word.
    """
    if not declared:
        return "not declared"
    licences = [each.licence for each in declared.corpora]
    if not (licences or declared.tasks) or "unknown" in licences:
        return "declared"
    found = {licence.lower() for licence in (*licences, *map(_licence, declared.tasks))}
    return "named in full, under open licences" if found <= OPEN else "named in full"


@cache
def _licence(task: str) -> str:
    """Return the licence of a task's source; "" of a task that only another suite has."""
    if task.startswith(MINI_PREFIX):
        return _OURS
    try:
        return source_of(task_of(task).name).licence
    except ItamedError:
        return ""
