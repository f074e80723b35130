"""What "reproduced" stands on: the maintainers' own run of an entry's model, compared with the entry."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.arguments import WEIGHTS

from ..archive import content_of
from ..manifest import Manifest
from ..show import show_verdict
from ..validate import validate
from .entry import Entry, Evidence, Span, TaskScore
from .scored import task_scores


def evidence_of(path: Path, entry: Entry, *, mini: bool = False) -> Evidence:
    """Check that a bundle is another run of an entry's model that came to the same scores.

    Args:
        path: the archive that `itamed submit --out` made of the maintainers' run.
        entry: what is reproduced.
        mini: for tests, see `validate`.

    Raises:
        ItamedError: the bundle cannot be read, has errors or was not checked (what was found is shown); it is the
            entry's own, another model's, or was not asked the same; a score is not within the intervals of both.
    """
    digest = hashlib.sha256(content_of(path)).hexdigest()
    verdict = validate(path, mini=mini)
    show_verdict(verdict, path)
    if verdict.run is None or verdict.bundle is None:
        raise ItamedError(f"--evidence {path} has errors or was not checked, see above: it shows nothing.")
    manifest = verdict.bundle.manifest
    if digest == entry.bundle or manifest.created == entry.manifest.created:
        raise ItamedError(f"--evidence {path} is the entry's own run: name the bundle of a run of yours.")
    scores = task_scores(verdict.run)
    if other := [*_asked_otherwise(manifest, entry.manifest), *_shown_otherwise(scores, entry.tasks)]:
        raise ItamedError(
            f"--evidence {path} has another {other[0]} than the entry: run the model again as the entry's page says."
        )
    if apart := [name for name, task in scores.items() if not _agree(task, entry.tasks[name])]:
        mine, theirs = (found[apart[0]].metrics["score"] for found in (scores, entry.tasks))
        raise ItamedError(
            f"--evidence {path} does not reproduce the entry: {_text(mine)} on {apart[0]}, where the entry has "
            f"{_text(theirs)}; tasks apart: {len(apart)}. Leave its badge as it is, and ask the submitter."
        )
    return Evidence(bundle=digest, created=manifest.created[:10])


def _asked_otherwise(one: Manifest, two: Manifest) -> Iterator[str]:
    """Yield what differs between two runs that must not; engine, machine, number format and room for tokens may."""
    # An entry from before the rules of reasoning were told is reproduced by a run of today, unless it has reasoned.
    suites = [
        (each.suite.version, each.asked, each.suite if each.decoding.reasoning != "none" else None)
        for each in (one, two)
    ]
    compared: tuple[tuple[str, object, object], ...] = (
        ("model", one.model.name, two.model.name),
        ("commit", one.model.revision, two.model.revision),
        ("adapter", one.model.adapter, two.model.adapter),
        ("argument that chooses weights or tokens", _weights(one), _weights(two)),
        ("kind (sample or full)", one.kind, two.kind),
        ("decoding", (one.decoding.mode, one.decoding.reasoning), (two.decoding.mode, two.decoding.reasoning)),
        ("suite or fingerprint of a task", suites[0], suites[1]),
        ("chat template", one.chat, two.chat),
        ("choice of examples", one.seeds.examples, two.seeds.examples),
    )
    for name, first, second in compared:
        if first != second:
            yield name


def _weights(manifest: Manifest) -> tuple[dict[str, str], set[str]]:
    untold = {name for name in manifest.untold if name in WEIGHTS}
    return {name: value for name, value in manifest.arguments.items() if name in WEIGHTS}, untold


def _shown_otherwise(one: dict[str, TaskScore], two: dict[str, TaskScore]) -> Iterator[str]:
    """Yield a task with another number of examples, or of notes as a sample may have; the tasks may be others."""
    for name in sorted(one.keys() & two.keys()):
        if (one[name].shots, one[name].notes) != (two[name].shots, two[name].notes):
            yield f"number of examples or notes of {name}"


def _agree(one: TaskScore, two: TaskScore) -> bool:
    """Return whether each score is within the other's interval, strict and repaired."""
    pairs = ((one.metrics["score"], two.metrics["score"]), (one.strict, two.strict))
    return all(low <= other[0] <= high for pair in pairs for (_, low, high), other in (pair, pair[::-1]))


def _text(span: Span) -> str:
    return f"{100 * span[0]:.1f} [{100 * span[1]:.1f}, {100 * span[2]:.1f}]"
