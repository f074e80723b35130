"""Whether runs may stand in one table: the same notes of the same version of each task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..errors import ItamedError
from .run import Run, TaskResult, told_apart


@dataclass(frozen=True)
class Asked:
    """What a run was asked of one task: its version, how many rows of each note, and how many gold items.

    `name` is that of the task itself, or of its version on the embedded set; `suite` the version of
    the suite, and `parts` the task's fingerprint by part, of which a free run has no grammar, and one
    that does not reason no rules for it. What a file does not tell is empty.
    """

    name: str
    version: str
    notes: int
    rows: int
    gold: int
    by_note: frozenset[tuple[str, int]]
    """Empty where the answers were not kept."""
    suite: str = ""
    parts: frozenset[tuple[str, str]] = frozenset()

    def agrees(self, other: Asked) -> bool:
        """Return whether both are the same, as far as both are known."""
        sizes = (self.name, self.notes, self.rows, self.gold) == (other.name, other.notes, other.rows, other.gold)
        versions = not self.version or not other.version or self.version == other.version
        notes = not self.by_note or not other.by_note or self.by_note == other.by_note
        return sizes and versions and notes and not self.differing(other)

    def differing(self, other: Asked) -> list[str]:
        """Return the parts of the task that are others: prompt, grammar and so on; or the suite as a whole."""
        mine, theirs = dict(self.parts), dict(other.parts)
        if mine and theirs:
            return [part for part in mine if part in theirs and mine[part] != theirs[part]]
        return ["suite"] if self.suite and other.suite and self.suite != other.suite else []


def require_same(runs: Sequence[Run]) -> None:
    """Check that runs answered the same notes of the same version of each task that several of them have.

    Raises:
        ItamedError: they did not; the message has a line for each task and run that differs.
    """
    by_task: dict[str, list[tuple[str, Asked]]] = {}
    for run, name in zip(runs, told_apart(runs), strict=True):
        for result in run.tasks:
            by_task.setdefault(result.task.name, []).append((name, _asked(run, result)))
    lines = [
        line
        for found in by_task.values()
        if not all(one.agrees(other) for (_, one), (_, other) in combinations(found, 2))
        for line in _lines(found)
    ]
    if lines:
        head = f"{'task':<34} {'notes':>6} {'rows':>6} {'gold':>6}  {'version':<7}  runs"
        raise ItamedError(
            "These runs were not asked the same, and their scores cannot stand side by side:\n"
            + "\n".join([head, *lines])
            + "\nShow them apart, or run them again with the same --tasks, sample (eval_notes, --limit) and version "
            "of the suite. Where sizes are alike and nothing is said, the notes themselves are others."
        )


def _lines(found: Sequence[tuple[str, Asked]]) -> Iterator[str]:
    """Yield a line for each way in which a task was asked, with the runs that asked it so, and what is other in it."""
    ways: dict[Asked, list[str]] = {}
    for name, asked in found:
        ways.setdefault(asked, []).append(name)
    first = next(iter(ways))
    for asked, names in ways.items():
        sizes = f"{asked.notes:>6} {asked.rows:>6} {asked.gold:>6}  {asked.version or '?':<7}"
        parts = asked.differing(first)
        other = f" (other {', '.join(parts)})" if parts else ""
        yield f"{asked.name:<34} {sizes}  {', '.join(names)}{other}"


def _asked(run: Run, result: TaskResult) -> Asked:
    notes = Counter(note for _, note, _ in run.records(result.name, "repaired"))
    parts = run.settings.suite.get(result.name) or {}
    settings = run.settings
    unused = [] if settings.constrained else ["grammar"]
    if settings.reasoning == "none":
        unused.append("reasoning")
    return Asked(
        result.name,
        result.version,
        result.notes,
        result.rows,
        result.gold,
        frozenset(notes.items()),
        settings.version or "",
        frozenset(each for each in parts.items() if each[0] not in unused),
    )
