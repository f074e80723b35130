"""Whose texts may stand in a page that others may get."""

from __future__ import annotations

from ..sources.registry import source_of
from ..sources.source import Source
from ..suite import MINI_PREFIX, task_of


def sources_of(name: str) -> list[Source]:
    """Return the sources that the texts of a task come from: its notes' and its examples'; none for our own."""
    if name.startswith(MINI_PREFIX):
        return []
    task = task_of(name)
    return list({source.name: source for source in map(source_of, (task.name, task.shots[0]))}.values())


def closed(name: str) -> bool:
    """Return whether the terms of a task's texts forbid to give copies away."""
    return not all(source.redistribute for source in sources_of(name))
