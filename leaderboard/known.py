"""The fingerprints of all tasks by suite version: what a bundle's own are compared with."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

from itamed.benchmark.errors import DataMissingError, ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.suite import suite
from itamed.benchmark.suite_fingerprint import behaviour_fingerprint, rows_fingerprint
from itamed.benchmark.version import __version__

FILE = "known.json"
Known: TypeAlias = dict[str, dict[str, dict[str, str]]]
"""By version, task and part; "rows" is absent where the maintainers have not built a task's data."""


def known() -> Known:
    """Return the fingerprints that came with the package."""
    found: Known = json.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    return found


def update(path: Path) -> list[str]:
    """Write the fingerprints of this version into a file, beside those of others that it holds.

    Rows whose data are not built here stay as they are.

    Returns:
        The tasks whose rows are not known.

    Raises:
        ItamedError: the file holds something else, or cannot be written.
    """
    try:
        found: Known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        before = found.get(__version__, {})
        found[__version__] = {name: before.get(name, {}) | _parts(name) for name in suite()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ItamedError(f"{path} holds no fingerprints ({error}): name {FILE} of a checkout.") from error
    write_text(path, json.dumps(found, indent=1, sort_keys=True) + "\n")
    return [name for name, parts in found[__version__].items() if "rows" not in parts]


def _parts(name: str) -> dict[str, str]:
    try:
        return behaviour_fingerprint(name) | {"rows": rows_fingerprint(name)}
    except DataMissingError:
        return behaviour_fingerprint(name)
