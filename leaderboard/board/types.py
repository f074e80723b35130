"""Pages of types: one label of entities, items or relations, in all tasks of a suite version that have it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..known import Facts
from .columns import BY_TYPE, Column, shown
from .listing import Row


def types_of(tasks: Iterable[str], rows: Iterable[Row]) -> dict[str, list[str]]:
    """Return the types that rows have a score of, each with its tasks, in the order of `tasks`."""
    scored: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for name, task in row.stored.entry.tasks.items():
            scored[name].update(metric for metric in task.metrics if metric.startswith(BY_TYPE))
    found: dict[str, list[str]] = defaultdict(list)
    for name in tasks:
        for metric in sorted(scored[name]):
            found[metric.removeprefix(BY_TYPE)].append(name)
    return dict(found)


def type_file(label: str) -> str:
    """Return the name of a type's page."""
    return re.sub(r"\W+", "-", label.lower()) + ".html"


def type_columns(tasks: Mapping[str, Facts]) -> list[Column]:
    """Return the columns of a type's table: its F1 in each task, out-of-distribution ones marked."""
    called = {name: name.removeprefix("itamed_").replace("_", " ") for name in tasks}
    ends = {name: " (OOD)" if task.role == "ood" else "" for name, task in tasks.items()}
    scores = (Column(name, called[name] + ends[name], "score", note=name) for name in tasks)
    return [Column("name", "Model", "model"), *scores]


def type_rows(label: str, tasks: Sequence[str], rows: Iterable[Row], told: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of a type's table, the best of its first task first; what is never ranked stands apart.

    Args:
        label: the type.
        tasks: that have it.
        rows: of a board; those without a score of the type are left out.
        told: what tells the rows of the board apart.
    """
    found = []
    for row in rows:
        scores = {
            name: score
            for name in tasks
            if (task := row.stored.entry.tasks.get(name)) and (score := task.metrics.get(BY_TYPE + label))
        }
        if scores:
            values = [-scores[name][0] if name in scores else 1.0 for name in tasks]
            place = (row.lateness, values, row.name, row.stored.key)
            found.append((place, shown(row, row.about, told, bool(row.ranks)) | scores))
    return [each for _, each in sorted(found, key=lambda each: each[0])]
