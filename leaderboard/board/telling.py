"""What tells rows of one name apart: the commit always, and where that is not enough, what else is not the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .listing import Row

_COMMIT, _KEY = 7, 8
"""Letters of a commit and of an entry's key that tables show."""


def told_apart(rows: Sequence[Row]) -> dict[str, str]:
    """Return by key what a table says of each row beside name, method and mode: "at 0123456, 4bit"; "" for nothing.

    Args:
        rows: all that stand in the table.
    """
    commits = {row.stored.key: row.manifest.model.revision for row in rows}
    told = {key: [f"at {commit[:_COMMIT]}"] if commit else [] for key, commit in commits.items()}
    for more in (_settings, _date, _key):
        for alike in _same(rows, told):
            traits = [more(row) for row in alike]
            for row, own in zip(alike, traits, strict=True):
                told[row.stored.key] += [
                    said for name, said in own.items() if any(other.get(name) != said for other in traits)
                ]
    return {key: ", ".join(said) for key, said in told.items()}


def _same(rows: Sequence[Row], told: dict[str, list[str]]) -> list[list[Row]]:
    """Return the rows of which a table would say the same as of others."""
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[(row.name, row.method, row.mode, *told[row.stored.key])].append(row)
    return [group for group in groups.values() if len(group) > 1]


def _settings(row: Row) -> dict[str, str]:
    manifest = row.manifest
    adapter, template = manifest.model.adapter, manifest.chat.template_sha256
    commit = adapter.revision[:_COMMIT] if adapter and adapter.revision else "an unknown commit"
    turns = "examples as turns" if manifest.chat.multiturn else "all in one turn"
    found = {
        "adapter": f"adapter at {commit}",
        "precision": manifest.model.precision or "unknown precision",
        "engine": manifest.decoding.engine,
        "examples": f"examples of seed {manifest.seeds.examples}",
        "chat": f"chat template {template[:_COMMIT]}, {turns}" if template else "no chat template",
    }
    return found | {f"argument {name}": f"{name}={value}" for name, value in manifest.arguments.items()}


def _date(row: Row) -> dict[str, str]:
    return {"date": f"run of {row.about['created']}"}


def _key(row: Row) -> dict[str, str]:
    return {"key": f"entry {row.stored.key[:_KEY]}"}
