"""All sources of the suite, and which of them a task stands on."""

from __future__ import annotations

from ..errors import DataMissingError
from . import (
    abstrct,
    admission,
    casimedicos,
    dyspnea,
    e3c,
    medmcqa,
    medqa,
    multicardioner,
    pharmaer,
    re_projected,
    ssm,
)
from .source import Source

_MODULES = (
    e3c,
    multicardioner,
    pharmaer,
    casimedicos,
    abstrct,
    medmcqa,
    medqa,
    re_projected,
    dyspnea,
    ssm,
    admission,
)

SOURCES: dict[str, Source] = {module.SOURCE.name: module.SOURCE for module in _MODULES}
"""Every source, by name."""


def source_of(task: str) -> Source:
    """Return the source that a task's rows come from.

    Raises:
        DataMissingError: there is no such task; the message lists those there are.
    """
    by_task = {name: source for source in SOURCES.values() for name in source.tasks}
    if task not in by_task:
        raise DataMissingError(f"There is no task {task}. The tasks are: {', '.join(sorted(by_task))}.")
    return by_task[task]


def named(names: list[str]) -> list[Source]:
    """Return the sources of some names, in the suite's order; all of them for no name.

    Raises:
        DataMissingError: there is no such source; the message lists those there are.
    """
    unknown = sorted(set(names) - set(SOURCES))
    if unknown:
        raise DataMissingError(f"There is no source {', '.join(unknown)}. The sources are: {', '.join(SOURCES)}.")
    return [source for name, source in SOURCES.items() if not names or name in names]
