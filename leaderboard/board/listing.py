"""Entries as the rows of a board: one board a suite version, ranks within the same fingerprints."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from itamed.benchmark.report.settings import RULES
from itamed.benchmark.suite import FAMILIES, ROLES

from ..anomalies import trained_ood
from ..manifest import Manifest
from .openness import Told, told_of
from .ranks import Rank, rank
from .store import Stored

UNKNOWN = "not known"
SAMPLE = "sample"
LEAKED = "trained on test rows"
_LONGEST = 120
"""Letters that tables show of a machine; a host's processors and graphics cards take half of it."""


@dataclass(frozen=True)
class Row:
    """An entry on its board; `unranked` is by role why it has no rank."""

    stored: Stored
    ranks: dict[str, Rank]
    unranked: dict[str, str]

    @property
    def manifest(self) -> Manifest:
        """Return what the bundle says of itself."""
        return self.stored.entry.manifest

    @property
    def name(self) -> str:
        """Return the name of the model, with that of its adapter."""
        model = self.manifest.model
        return f"{model.name} + {model.adapter.name}" if model.adapter else model.name

    @cached_property
    def method(self) -> str:
        """Return how the model was asked and whether it was trained for it: "4-shot", "0-shot, trained".

        Of what is not asked it says what it is: "rule", "tagger".
        """
        if self.manifest.decoding.engine == RULES:
            return "rule"
        if self.manifest.decoding.mode == "tagged":
            return "tagger"
        shots = "/".join(map(str, sorted({task.shots for task in self.stored.entry.tasks.values()})))
        declared = self.manifest.declaration
        return f"{shots}-shot, trained" if declared and declared.tasks else f"{shots}-shot"

    @cached_property
    def mode(self) -> str:
        """Return how answers were decoded: "free", "constrained", "think + constrained", "tagged"."""
        decoding = self.manifest.decoding
        return decoding.mode if decoding.reasoning == "none" else f"{decoding.reasoning} + {decoding.mode}"

    @property
    def data(self) -> Told:
        """Return how much is told of the model's own training, and whether its data are open."""
        return told_of(self.manifest.declaration)

    @property
    def seconds(self) -> float | None:
        """Return the wall time a note, loading included.

        None where the run had stopped in between, and where a ranked task is missing: the time is that of the run,
        which may have answered it, and tasks do not take the same time.
        """
        if any(score.mean is None for score in self.stored.entry.roles.values()):
            return None
        notes = sum(task.notes for task in self.stored.entry.tasks.values())
        return None if self.manifest.cost.resumed else round(self.manifest.cost.seconds / notes, 4)

    @property
    def hardware(self) -> str:
        """Return the machine as far as it is told: "2 x NVIDIA L4", "AMD EPYC, 16 cores", or "not known"."""
        machine = self.manifest.machine
        gpus = Counter(" ".join(gpu.split()) for gpu in machine.gpus)
        named = ", ".join(f"{number} x {gpu}" if number > 1 else gpu for gpu, number in gpus.items())
        processor = " ".join((machine.processor or "").split())
        if processor and machine.cores:
            processor += f", {machine.cores} core{'s' if machine.cores > 1 else ''}"
        told = named or processor or UNKNOWN
        return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 4]} ..."

    @property
    def aside(self) -> str:
        """Return why it is never ranked, whatever it has answered; "" if it may be."""
        return _aside(self.stored)

    @property
    def lateness(self) -> int:
        """Return how far down tables show it: samples after whole runs, what holds no longer after those."""
        return {"": 0, SAMPLE: 1}.get(self.aside, 2)

    @cached_property
    def about(self) -> dict[str, Any]:
        """Return what tables show and filter beside scores and ranks, as plain values; not to be changed."""
        model = self.manifest.model
        return {
            "key": self.stored.key,
            "name": self.name,
            "revision": model.revision,
            "method": self.method,
            "mode": self.mode,
            "badge": self.stored.badge,
            "kind": self.manifest.kind,
            "aside": self.aside or None,
            "licence": self.stored.entry.licence,
            "data": self.data,
            "parameters": model.parameters if model.parameters and model.parameters > 0 else None,
            "seconds": self.seconds,
            "hardware": self.hardware,
            "created": self.manifest.created[:10],
            "accepted": self.stored.entry.accepted,
            "retracted": self.stored.retracted.reason if self.stored.retracted else None,
        }

    @property
    def made(self) -> dict[str, Any]:
        """Return how the answers were made, and what names them, as plain values that downloads have."""
        manifest, adapter, declared = self.manifest, self.manifest.model.adapter, self.manifest.declaration
        return {
            "engine": manifest.decoding.engine,
            "precision": manifest.model.precision,
            "arguments": " ".join(f"{name}={value}" for name, value in sorted(manifest.arguments.items())) or None,
            "arguments_untold": " ".join(manifest.untold) or None,
            "adapter": adapter.name if adapter else None,
            "adapter_revision": adapter.revision if adapter else None,
            "chat_template": manifest.chat.template_sha256,
            "chat_turns": manifest.chat.multiturn,
            "fewshot_seed": manifest.seeds.examples,
            "declared_test_rows": declared.test_rows if declared else None,
            "bundle": self.stored.entry.bundle,
        }

    @property
    def facts(self) -> dict[str, Any]:
        """Return `about`, and by role the means of families, the rank, and why there is none."""
        found = dict(self.about)
        for role in ROLES:
            score = self.stored.entry.roles[role]
            found |= {f"{role}_{family}": score.families.get(family) for family in FAMILIES}
            found |= {f"{role}_mean": score.mean, f"{role}_rank": self.ranks.get(role)}
            found |= {f"{role}_unranked": self.unranked.get(role)}
        return found


def boards(entries: Sequence[Stored]) -> dict[str, list[Row]]:
    """Return the rows of each suite version, the latest version first, the best first."""
    by_version: dict[str, list[Stored]] = defaultdict(list)
    for each in entries:
        by_version[each.entry.manifest.suite.version].append(each)
    return {version: _rows(by_version[version]) for version in sorted(by_version, key=_numbers, reverse=True)}


def asked_alike(one: Stored, two: Stored, role: str) -> bool:
    """Return whether two entries answered the same of a role: the same tasks, at least one, with equal fingerprints."""
    return bool(one.entry.roles[role].tasks) and _fingerprints(one, role) == _fingerprints(two, role)


def _numbers(version: str) -> tuple[tuple[bool, int, str], ...]:
    parts = version.replace("-", ".").replace("+", ".").split(".")
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)


def _rows(entries: Sequence[Stored]) -> list[Row]:
    ranks: dict[str, dict[str, Rank]] = defaultdict(dict)
    reasons: dict[str, dict[str, str]] = defaultdict(dict)
    for role in ROLES:
        counted, others = _comparable(entries, role)
        for each, reason in others:
            reasons[each.key][role] = reason
        if counted:
            scores = [each.entry.roles[role].ranked_mean for each in counted]
            freedom = min(each.entry.roles[role].freedom for each in counted)
            draws = np.stack([each.draws[role] for each in counted])
            found = rank([value for value, _, _ in scores], draws, freedom)
            for each, place in zip(counted, found, strict=True):
                ranks[each.key][role] = place
    rows = [Row(each, ranks[each.key], reasons[each.key]) for each in entries]
    return sorted(rows, key=_order)


def _comparable(entries: Sequence[Stored], role: str) -> tuple[list[Stored], list[tuple[Stored, str]]]:
    """Return the entries that are ranked together, and the others with the reason."""
    able = [(each, _reason(each, role)) for each in entries]
    # Rows may become known, or data be mended, within a version: such entries answered something else.
    prints = {each.key: _fingerprints(each, role) for each, reason in able if not reason}
    common = min(Counter(prints.values()).items(), key=lambda found: (-found[1], found[0]), default=("", 0))[0]
    checked = [(each, reason or ("" if prints[each.key] == common else "other fingerprints")) for each, reason in able]
    return [each for each, reason in checked if not reason], [(each, reason) for each, reason in checked if reason]


def _aside(each: Stored) -> str:
    manifest = each.entry.manifest
    if each.retracted:
        return "retracted"
    if manifest.declaration and manifest.declaration.test_rows == "trained on":
        return LEAKED
    return SAMPLE if manifest.kind == "sample" else ""


def _reason(each: Stored, role: str) -> str:
    """Return why an entry has no rank whatever others are there; "" if it may have one."""
    if aside := _aside(each):
        return aside
    if role == "ood" and trained_ood(each.entry.manifest.declaration, each.entry.manifest.suite.version):
        return "trained on out-of-distribution tasks"
    return "" if role in each.draws else "tasks are missing"


def _fingerprints(each: Stored, role: str) -> str:
    """Return what two entries must share to be compared draw by draw: the tasks as they were asked, and the draws."""
    found = each.entry.manifest.asked
    asked = [(name, sorted(found[name].items())) for name in sorted(each.entry.roles[role].tasks)]
    return repr((asked, each.draws[role].shape))


def _order(row: Row) -> tuple[Any, ...]:
    means = [row.stored.entry.roles[role].mean for role in ROLES]
    place = [mean[0] if mean else -1.0 for mean in means]
    unranked = [role not in row.ranks for role in ROLES]
    return (row.lateness, unranked, [-value for value in place], row.name, row.stored.key)
