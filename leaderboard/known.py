"""What is known of each suite version: its tasks' fingerprints, which bundles are compared with, and what they were."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from itamed.benchmark.errors import DataMissingError, ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.suite import FAMILIES, Task, own_name, suite
from itamed.benchmark.suite_fingerprint import behaviour_fingerprint, rows_fingerprint
from itamed.benchmark.version import __version__

FILE = "known.json"
FACTS = "facts"
"""The key of a task's facts, beside the parts of its fingerprint."""
Known: TypeAlias = dict[str, dict[str, dict[str, str]]]
"""By version, task and part; "rows" is absent where the maintainers have not built a task's data."""


@dataclass(frozen=True)
class Facts:
    """What a task was in a version of the suite, whatever it is today: pages of old versions do not change."""

    family: str
    role: str
    source: str
    version: str
    labels: Mapping[str, str] = field(hash=False)


@cache
def content() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Return what came with the package, by version and task: the parts of a fingerprint, and the facts."""
    found: dict[str, dict[str, dict[str, Any]]] = json.loads(
        files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    )
    return found


def known() -> Known:
    """Return the fingerprints that came with the package."""
    return {
        version: {name: {part: each for part, each in found.items() if part != FACTS} for name, found in tasks.items()}
        for version, tasks in content().items()
    }


def is_known(version: str) -> bool:
    """Return whether a suite version is known to this itamed."""
    return version in content()


@cache
def tasks_of(version: str) -> Mapping[str, Facts]:
    """Return the tasks of a suite version by name, in the order of families and names.

    Raises:
        ItamedError: the version is not known here.
    """
    tasks = {name: Facts(**found[FACTS]) for name, found in content().get(version, {}).items() if FACTS in found}
    if not tasks:
        raise ItamedError(
            f"Suite {version} is not known to this itamed, {__version__}: install the one that accepted the entries of "
            "it, or a later one."
        )
    order = {family: number for number, family in enumerate(FAMILIES)}
    return dict(sorted(tasks.items(), key=lambda each: (order[each[1].family], each[1].role, each[0])))


def facts_of(name: str, version: str) -> Facts:
    """Return what a task was in a version of the suite.

    Args:
        name: of the task, or of its mini version.
        version: of the suite.

    Raises:
        ItamedError: the version is not known here, or had no such task.
    """
    found = tasks_of(version).get(own_name(name))
    if found is None:
        raise ItamedError(
            f"Suite {version} had no task {name}: an entry that names it was edited; get it anew from the repository's "
            "history."
        )
    return found


def update(path: Path) -> list[str]:
    """Write fingerprints and facts of this version into a file, beside those of others that it holds.

    Rows whose data are not built here stay as they are.

    Args:
        path: the file; made if it is not there.

    Returns:
        The tasks whose rows are not known.

    Raises:
        ItamedError: the file holds something else, or cannot be written.
    """
    try:
        found: dict[str, dict[str, dict[str, Any]]] = (
            json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        )
        before = found.get(__version__, {})
        found[__version__] = {
            name: before.get(name, {}) | _parts(name) | {FACTS: _facts(task)} for name, task in suite().items()
        }
        # Sorted by hand: labels keep the order in which pages show them.
        ordered = {
            version: {name: dict(sorted(tasks[name].items())) for name in sorted(tasks)}
            for version, tasks in sorted(found.items())
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ItamedError(f"{path} holds no fingerprints ({error}): name {FILE} of a checkout.") from error
    # In letters that a reader of the difference can read: definitions of labels are in Italian.
    write_text(path, json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
    return [name for name, parts in found[__version__].items() if "rows" not in parts]


def _facts(task: Task) -> dict[str, Any]:
    return {
        "family": task.family,
        "role": task.role,
        "source": task.source,
        "version": task.version,
        "labels": dict(task.labels),
    }


def _parts(name: str) -> dict[str, str]:
    try:
        return behaviour_fingerprint(name) | {"rows": rows_fingerprint(name)}
    except DataMissingError:
        return behaviour_fingerprint(name)
