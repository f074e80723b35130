"""What a bundle would be on the board, before it is accepted: its rank, and its gains on reference rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from itamed.benchmark.console import out
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.correction import corrected, enough_swaps
from itamed.benchmark.report.gains import corrected_gains
from itamed.benchmark.report.pairing import Difference, Pairing
from itamed.benchmark.report.run import Run, TaskResult
from itamed.benchmark.report.series import Series
from itamed.benchmark.suite import ROLES

from ..archive import content_of
from ..findings import Refused
from ..rerun import reopened
from ..validate import Verdict, validate
from .listing import Row, boards
from .scored import ranked_results, stored_of
from .store import BUNDLE, FOLDER, find_entry, read_store

Means = Mapping[tuple[str, str], Difference]
"""Differences by role, and family or "mean"."""
Pair = tuple[Series, Series]


@dataclass(frozen=True)
class Reference:
    """A row of the board, and what the bundle gains on it.

    Gains are of the ranked means that both have, and of the tasks that both answered; chances are corrected (Holm) for
    all means of all references together, for all families, and for all tasks.
    """

    row: Row
    means: Means
    tasks: Mapping[str, Difference]


@dataclass(frozen=True)
class Preview:
    """A checked bundle; without errors its row on the board, how many rows are ranked there by role, and references.

    `digest` is that of the archive, "" where it is none that is read. `beyond` are the tasks in which it surpasses
    every ranked row by more than its interval.
    """

    digest: str
    verdict: Verdict
    row: Row | None = None
    ranked: Mapping[str, int] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    beyond: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Return whether it is of whole tasks: a sample is compared with nothing."""
        return self.row is not None and _whole(self.row)


def preview(path: Path, store: Path, chosen: Sequence[str] = (), *, mini: bool = False) -> Preview:
    """Check a bundle as `accept` does, and compare it with rows of a store; nothing is written.

    Args:
        path: the archive.
        store: see `store`; it may be empty, or not there yet.
        chosen: names of entries to compare with; by default the best, and the one with the nearest mean.
        mini: for tests, see `validate`.

    Raises:
        ItamedError: the store is damaged or has no such entry, or no bundle of a reference.
    """
    try:
        digest = hashlib.sha256(content_of(path)).hexdigest()
    except Refused as refused:
        return Preview("", Verdict((refused.finding,)))
    verdict = validate(path, store if store.is_dir() else None, itself=False, mini=mini)
    if verdict.run is None:
        return Preview(digest, verdict)
    mine = stored_of(verdict, digest, "unknown")
    there = read_store(store) if (store / FOLDER).is_dir() else []
    board = boards([*there, mine])[mine.entry.manifest.suite.version]
    row = next(each for each in board if each.stored is mine)
    ranked = {role: sum(role in each.ranks for each in board) for role in ROLES}
    found = [each for each in _references(board, row, chosen) if _whole(row) and _whole(each)]
    compared = _compared(row, verdict.run, found, store, mini=mini)
    return Preview(digest, verdict, row, ranked, compared, tuple(_beyond(row, board)) if _whole(row) else ())


def _beyond(row: Row, board: Sequence[Row]) -> Iterator[str]:
    others = [each for each in board if each is not row and each.ranks]
    for name, score in row.stored.entry.tasks.items():
        asked = [each for each in others if name in each.stored.entry.tasks and _alike(row, each, {name})]
        theirs = [each.stored.entry.tasks[name].metrics["score"][0] for each in asked]
        if theirs and score.metrics["score"][1] > max(theirs):
            yield name


def _references(board: Sequence[Row], row: Row, chosen: Sequence[str]) -> list[Row]:
    by_key = {each.stored.key: each for each in board if each is not row}
    if unknown := [key for key in chosen if key not in by_key]:
        version = row.manifest.suite.version
        raise ItamedError(
            f"--reference {unknown[0]} is no other entry of suite {version}: name one as its page shows it."
        )
    if chosen:
        return [by_key[key] for key in chosen]
    role = next((role for role in ROLES if role in row.ranks), ROLES[0])
    others = [each for each in by_key.values() if role in each.ranks]
    mean = row.stored.entry.roles[role].mean
    best, rest = others[:1], others[1:]
    # The order is that of the board, the best first.
    rest.sort(key=lambda each: abs(each.stored.entry.roles[role].ranked_mean[0] - mean[0]) if mean else 0)
    return best + rest[:1]


def _whole(row: Row) -> bool:
    return row.manifest.kind == "full"


def _compared(mine: Row, run: Run, rows: Sequence[Row], store: Path, *, mini: bool) -> tuple[Reference, ...]:
    ranked: dict[str, Pair] = {}
    asked: dict[str, Pair] = {}
    for row in rows:
        key = row.stored.key
        out().print(f"Comparing with {row.name} ({key}) ...", markup=False, highlight=False)
        other = reopened(find_entry(key, store) / BUNDLE, mini=mini)
        common = {name for name in _tasks(run.tasks) & _tasks(other.tasks) if _alike(mine, row, {name})}
        for pairs, names in ((ranked, _ranked_by_both(mine, run, row, other)), (asked, common)):
            if names:
                # The bundle is the second: gains are its own.
                pairs[key] = Series((other,)).only(names), Series((run,)).only(names)
    means = corrected_gains(ranked)
    swaps = enough_swaps(sum(len(each.tasks) for each, _ in asked.values()))
    found = {(key, each.name): each for key, pair in asked.items() for each in Pairing(*pair, swaps).tasks()}
    tasks = dict(zip(found, corrected(list(found.values())), strict=True))
    return tuple(
        Reference(
            row,
            means.get(row.stored.key, {}),
            {name: each for (key, name), each in tasks.items() if key == row.stored.key},
        )
        for row in rows
    )


def _ranked_by_both(mine: Row, run: Run, row: Row, other: Run) -> set[str]:
    """Return the tasks of the means that the board ranks of both, role by role."""
    found: set[str] = set()
    for role in ROLES:
        one, two = (_tasks(ranked_results(each, mine.manifest.suite.version, role)[0]) for each in (run, other))
        if one == two and _alike(mine, row, one):
            found |= one
    return found


def _tasks(results: Sequence[TaskResult]) -> set[str]:
    return {each.name for each in results}


def _alike(one: Row, two: Row, names: set[str]) -> bool:
    first, second = (row.manifest.asked for row in (one, two))
    return all(first[name] == second[name] for name in names)
