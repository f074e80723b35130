"""The columns and rows of the tables that scripts draw, as plain values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from itamed.benchmark.report.sheet import FAMILY_NAMES, NONE
from itamed.benchmark.suite import FAMILIES, ROLES

from .cells import small_print
from .listing import UNKNOWN, Row

Kind: TypeAlias = Literal["pick", "rank", "model", "score", "count", "seconds"]
SIZES = {"up to 0.5 B": (0, 5e8), "0.5 to 1 B": (5e8, 1e9), "1 to 3 B": (1e9, 3e9), "above 3 B": (3e9, math.inf)}
"""Buckets of numbers of parameters, the upper end included."""
BY_TYPE = "f1:"
"""What a metric's name begins with that is the F1 of one type."""
_UNSHOWN = ("revision", "accepted")


class Column(NamedTuple):
    """A column: the key of its values, its heading, how it is drawn, its group, and more on the heading."""

    key: str
    title: str
    kind: Kind
    group: str = ""
    note: str = ""


class Filter(NamedTuple):
    """A choice above the table: the key of the values that it compares, and those that there are."""

    key: str
    title: str
    choices: Sequence[str]


def means(ranked: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return by role what its mean is called, with the families that count: "OOD mean (NER, QA)".

    `ranked` are the tasks that ranked means are over, by role, each with its family.
    """
    counted = {role: set(ranked[role].values()) for role in ROLES}
    names = {role: ", ".join(FAMILY_NAMES[each] for each in FAMILIES if each in counted[role]) for role in ROLES}
    return {
        role: f"{role.upper()} mean ({'all families' if len(counted[role]) == len(FAMILIES) else names[role] or NONE})"
        for role in ROLES
    }


def board_columns(called: Mapping[str, str]) -> list[Column]:
    """Return the columns of a board's table; `called` as from `means`."""
    return [
        Column("key", "Compare", "pick"),
        Column("id_rank", "Rank", "rank"),
        Column("name", "Model", "model"),
        Column("id_mean", "ID mean", "score", note=called["id"]),
        *(Column(f"id_{family}", FAMILY_NAMES[family], "score", "id") for family in FAMILIES),
        *(Column(f"ood_{family}", f"{FAMILY_NAMES[family]} (OOD)", "score", "ood") for family in FAMILIES),
        Column("ood_mean", "OOD mean", "score", note=called["ood"]),
        Column("ood_rank", "OOD rank", "rank"),
        Column("parameters", "Size", "count", note="Parameters"),
        Column("seconds", "Seconds a note", "seconds"),
    ]


def board_rows(rows: Iterable[Row], told: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of a board's table, with what filters compare; `told` is from `told_apart`."""
    return [shown(row, row.facts, told, bool(row.ranks)) for row in rows]


def filters(rows: Iterable[dict[str, Any]]) -> list[Filter]:
    """Return the filters of a table, each with the values that are in it."""
    rows = list(rows)
    keys = {
        "size": "Size",
        "licence": "Licence",
        "method": "Method",
        "mode": "Decoding",
        "data": "Training data",
        "hardware": "Machine",
        "badge": "Badge",
    }
    sizes = [*SIZES, UNKNOWN]
    found = {key: sorted({row[key] for row in rows}) for key in keys}
    found["size"].sort(key=sizes.index)
    return [Filter(key, title, found[key]) for key, title in keys.items()]


def task_columns(name: str, rows: Iterable[Row]) -> list[Column]:
    """Return the columns of a task's table: its main score, scores by type, and what they are made of."""
    metrics: dict[str, None] = {}
    for row in rows:
        metrics |= dict.fromkeys(row.stored.entry.tasks[name].metrics)
    order = sorted(metrics, key=lambda metric: (metric != "score", not metric.startswith(BY_TYPE)))
    columns = [Column(metric, _title(metric), "score") for metric in order]
    return [Column("name", "Model", "model"), *columns[:1], Column("strict", "Strict", "score"), *columns[1:]]


def task_rows(name: str, role: str, rows: Iterable[Row], told: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of a task's table, the best first; what is never ranked stands apart.

    Args:
        name: of the task.
        role: of the task, in the version of the suite that the rows are of.
        rows: of a board, those that have the task.
        told: what tells the rows of the board apart.
    """
    found = []
    for row in rows:
        score = row.stored.entry.tasks[name]
        facts = shown(row, row.about, told, role in row.ranks)
        place = (row.lateness, -score.metrics["score"][0], row.name, row.stored.key)
        found.append((place, facts | score.metrics | {"strict": score.strict}))
    return [each for _, each in sorted(found, key=lambda each: each[0])]


def shown(row: Row, facts: Mapping[str, Any], told: Mapping[str, str], ranked: bool) -> dict[str, Any]:
    """Return facts of an entry without those that no table shows, and without gaps: pages load faster."""
    found = {key: value for key, value in facts.items() if value is not None and key not in _UNSHOWN}
    found |= {"told": text} if (text := told[row.stored.key]) else {}
    found |= {"small": small_print(found)}
    found |= {"late": row.lateness} if row.lateness else {}
    found |= {"ranked": True} if ranked else {}
    return found | {"size": _size(row.about["parameters"])}


def _title(metric: str) -> str:
    words = metric.replace(BY_TYPE, "F1 ").replace("_", " ")
    return words[0].upper() + words[1:]


def _size(parameters: int | None) -> str:
    if not parameters:
        return UNKNOWN
    return next(name for name, (above, to) in SIZES.items() if above < parameters <= to)
