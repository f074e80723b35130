"""Which tasks have their data here."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import DataMissingError
from ..suite import MINI_PREFIX, task_of
from .load import load_table


def unbuilt(tasks: Iterable[str]) -> list[str]:
    """Return the tasks whose data are not to be had, or those that their few-shot examples come from.

    Args:
        tasks: their names; of the mini set none is missing.

    Raises:
        ItamedError: there is no such task.
    """
    return [name for name in tasks if not name.startswith(MINI_PREFIX) and not _has_data(name)]


def _has_data(name: str) -> bool:
    try:
        for each in (name, task_of(name).shots[0]):
            load_table(each, ())
    except DataMissingError:
        return False
    return True
