"""Whether a store still says what its bundles say: who may write to it may change any file of it, by mistake, too."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isclose
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, TypeAlias

import numpy as np
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.scoring.bootstrap import Drawn, summarise
from itamed.benchmark.version import __version__
from pydantic import ValidationError

from ..archive import content_of, unpack
from ..bundle import MANIFEST, SCORES, TOLERANCE, samples_name
from ..findings import Finding, Refused, Severity
from ..known import facts_of, is_known
from ..manifest import Figures, M, Manifest, Scores, TaskScores, wrong_with
from ..said import read_said, said_of
from ..validate import UNCHECKED, Verdict, validate
from .entry import NAMED, Entry, Span, TaskScore
from .scored import named, stored_of, warning_of
from .store import (
    ANSWERS,
    BUNDLE,
    DRAWS,
    ENTRY,
    FOLDER,
    OTHER_MAKER,
    Stored,
    badge_file,
    place_of,
    read_badge,
    read_stored,
)

_NEAR = 2 * TOLERANCE
"""How near figures are that were rounded on two machines."""
_WIDTH = 1e-4
"""How near the ends of a mean's interval are that was computed anew of draws in single precision."""
_OFF = 3
"""Standard errors that draws are off their mean at most, on average: a bootstrap's bias is a part of one."""
_NO_ARCHIVE = f"{BUNDLE} is not there"
_ALONE = f"{_NO_ARCHIVE}: whether the entry was changed cannot be told"
_NO_BADGE = "delete that file in a commit that says why; itamed board accept gives badges"
_OF_HERE = "sources."
"""How warnings begin that are about the data on this machine: those of another one need not be the same."""
_REMEDY = "if no other itamed made it, get the entry anew from the repository's history, or retract it"


Depth: TypeAlias = Literal["sums", "scores", "answers"]


@dataclass
class Audited:
    """What an audit has found, a line each, and the entries that could be read.

    `changed` is where entries or bundles differ; `unscored` are entries of other suite versions, which this code may
    score otherwise, and `unchecked` those whose data are not here: neither was scored again.
    """

    changed: list[str] = field(default_factory=list)
    unscored: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    entries: list[Stored] = field(default_factory=list, compare=False)

    @property
    def status(self) -> int:
        """Return with what a command ends: 1 if anything differs, else `UNCHECKED` if data are missing, else 0."""
        return 1 if self.changed else UNCHECKED if self.unchecked else 0


def audit(store: Path, depth: Depth = "scores", *, mini: bool = False) -> Audited:
    """Compare every entry of a store with its archive.

    Args:
        store: see `store`.
        depth: "sums" checks that the archive is the one accepted, what the entry says of the run, and its
            means with their intervals; "scores" also the scores of tasks, which take ten milliseconds an entry to
            read; "answers" scores all answers of this suite version again, as draws, warnings and digests follow
            from nothing less.
        mini: for tests, see `validate`.

    Raises:
        ItamedError: there is no store.
    """
    if not (store / FOLDER).is_dir():
        raise ItamedError(f"{store} is no store: it has no folder {FOLDER}.")
    found = Audited()
    for folder in sorted(store.glob(f"{FOLDER}/*/*/*")):
        if not folder.name.startswith("."):
            _audit_entry(folder, folder.relative_to(store).as_posix(), depth, found, mini=mini)
    return found


def told(found: Audited, *, rescored: bool) -> str:
    """Return what an audit comes to: what was compared, of how many entries, and what was taken on trust."""
    names = "checksums, manifests, scores, means, intervals of means by their draws, badges"
    trusted = "licences, dates and retractions"
    if rescored:
        names += "; answers scored again: draws, warnings, digests"
    else:
        trusted = f"draws (which decide ranks), warnings and digests, which --rescore compares; {trusted}"
    left = len(found.unscored) + len(found.unchecked)
    return (
        f"Compared with their bundles: {names}. Entries: {len(found.entries)}; differences: {len(found.changed)}"
        + (f"; not scored again: {left}" if left else "")
        + f". Not compared: {trusted}."
    )


def read_unedited(store: Path) -> tuple[list[Stored], list[str]]:
    """Read all entries of a store, and check them as far as goes in a moment.

    Returns:
        The entries, and a line on each that has no archive to compare it with; its own warnings say so, too.

    Raises:
        ItamedError: there is no store, or an entry says something else than its archive.
    """
    found = audit(store, "sums")
    edited = [each for each in found.changed if f": {_NO_ARCHIVE}" not in each]
    if edited:
        more = f" {len(edited) - 1} more: itamed board audit --store {store}." if len(edited) > 1 else ""
        raise ItamedError(f"{edited[0]}{more}")
    alone = [each.partition(":")[0] for each in found.changed]
    keys = {Path(place).name for place in alone}
    entries = [_warned(each) if each.key in keys else each for each in found.entries]
    return entries, [f"{place}: {_ALONE}." for place in alone]


def _warned(stored: Stored) -> Stored:
    entry = stored.entry
    return replace(stored, entry=entry.model_copy(update={"warnings": [*entry.warnings, f"{_ALONE}."]}))


def _audit_entry(folder: Path, place: str, depth: Depth, found: Audited, *, mini: bool) -> None:
    """Add what an audit of one entry says to `found`."""
    if not (folder / ENTRY).is_file():
        found.changed.append(f"{place}: {ENTRY} is not there: {_REMEDY}.")
        return
    try:
        stored = read_stored(folder)
        found.entries.append(stored)
        changed = list(_differences(folder, stored, depth))
        # Or a copy of a folder would be a second entry, and push all others down.
        if not changed and place != (right := place_of(stored.entry)):
            changed.append(f"its place is {right}, by its bundle")
        if not changed:
            changed = _scored_again(folder, place, stored, depth, found, mini=mini)
        found.changed += [f"{place}: {each}: {_NO_BADGE}." for each in _badged_otherwise(folder, stored.entry)]
        found.changed += [f"{place}: {each}: {_REMEDY}." for each in changed]
    except ItamedError as error:
        # It says itself what to do: what cannot be read need not be wrong.
        found.changed.append(f"{place}: {error}")


def _scored_again(folder: Path, place: str, stored: Stored, depth: Depth, found: Audited, *, mini: bool) -> list[str]:
    """Return what another scoring changes in an entry; where there can be none, say so in `found`."""
    version = stored.entry.manifest.suite.version
    if not is_known(version):
        found.unscored.append(f"{place}: its means were not compared here: install itamed {version}.")
    elif depth == "answers" and version != __version__:
        found.unscored.append(f"{place}: not scored again here: install itamed {version}.")
    elif depth == "answers":
        verdict = validate(folder / BUNDLE, mini=mini)
        if verdict.status != UNCHECKED:
            return list(_scored_otherwise(folder, stored, verdict))
        found.unchecked.append(f"{place}: not scored again here: {_first(verdict, 'unchecked').remedy}.")
    return []


def _badged_otherwise(folder: Path, entry: Entry) -> Iterator[str]:
    """Yield the badges that say more than the entry and their own files show."""
    for badge in NAMED:
        if (folder / badge_file(badge)).is_file():
            evidence = read_badge(folder, badge).evidence
            if not named(entry.manifest):
                yield f"{badge_file(badge)} stands for a commit, and the bundle names none of its model or adapter"
            elif badge == "reproduced" and (evidence is None or evidence.bundle == entry.bundle):
                yield f"{badge_file(badge)} holds no evidence, no run of the maintainers' own"


def _first(verdict: Verdict, severity: Severity) -> Finding:
    return next(each for each in verdict.findings if each.severity == severity)


def _differences(folder: Path, stored: Stored, depth: Depth) -> Iterator[str]:
    """Yield what differs without scoring anything."""
    path, entry = folder / BUNDLE, stored.entry
    if not path.exists():
        yield _NO_ARCHIVE
        return
    if hashlib.sha256(content_of(path)).hexdigest() != entry.bundle:
        yield f"{BUNDLE} is another than that of {ENTRY}"
        return
    found = list(_described_otherwise(entry, path))
    if is_known(entry.manifest.suite.version):
        found += _summed_otherwise(entry)
    if not found:
        found += _drawn_otherwise(stored)
    yield from found
    if depth != "sums" and not found:
        yield from _counted_otherwise(entry, path)


def _described_otherwise(entry: Entry, path: Path) -> Iterator[str]:
    if entry.manifest != _read(Manifest, entry, path, MANIFEST):
        yield f"the manifest in {ENTRY} is not that of {BUNDLE}"


def _counted_otherwise(entry: Entry, path: Path) -> Iterator[str]:
    scores = _read(Scores, entry, path, SCORES)
    stated = {name: task.model_dump() for name, task in entry.tasks.items()}
    if not _near(stated, {name: _task(task).model_dump() for name, task in scores.tasks.items()}):
        yield f"scores of tasks in {ENTRY} are not those of {BUNDLE}"


def _read(kind: type[M], entry: Entry, path: Path, name: str) -> M:
    """Return what a file of a bundle holds that was checked when it was accepted; its tasks may be none of today's."""
    names = {samples_name(each) for each in entry.tasks}
    try:
        return kind.model_validate_json(unpack(path, {MANIFEST, SCORES, *names}, {name}).get(name, b""))
    except Refused as refused:
        raise Refused(replace(refused.finding, remedy=OTHER_MAKER)) from refused
    except ValidationError as error:
        raise Refused(wrong_with(error, f"{BUNDLE}/{name}", remedy=OTHER_MAKER)[0]) from error


def _summed_otherwise(entry: Entry) -> Iterator[str]:
    """Yield the roles whose means are not the published arithmetic on the entry's own tasks."""
    for role, found in entry.roles.items():
        if other := sorted(set(found.tasks) - entry.tasks.keys()):
            yield f"the means of {role} tasks in {ENTRY} are over {other[0]}, which the entry has not"
            continue
        families: dict[str, list[float]] = defaultdict(list)
        for name in found.tasks:
            families[facts_of(name, entry.manifest.suite.version).family].append(entry.tasks[name].metrics["score"][0])
        means = {family: fmean(values) for family, values in families.items()}
        mean = [found.mean[0], fmean(means.values() or [np.nan])] if found.mean else [0.0, 0.0]
        if not _near({name: span[0] for name, span in found.families.items()}, means) or not _near(*mean):
            yield f"the means of {role} tasks in {ENTRY} are not those of its tasks"


def _drawn_otherwise(stored: Stored) -> Iterator[str]:
    """Yield the roles whose interval is not that of the draws, which alone decide ranks."""
    for role, draws in stored.draws.items():
        score = stored.entry.roles[role]
        mean, low, high = score.ranked_mean
        made = summarise(Drawn(mean, draws, score.freedom, score.further or 0.0))
        narrower, wider = max(low - made.low, made.high - high), max(made.low - low, high - made.high)
        off = abs(float(np.mean(draws[~np.isnan(draws)])) - mean) if np.isfinite(made.stderr) else np.inf
        near = off <= _OFF * made.stderr + _WIDTH and narrower <= _WIDTH
        # Without `further` the interval may be wider, and nobody knows by how much.
        if not near or (score.further is not None and wider > _WIDTH):
            yield f"the interval of the mean of {role} tasks in {ENTRY} is not that of {DRAWS}"


def _task(task: TaskScores) -> TaskScore:
    report = task.modes["repaired"]
    return TaskScore(
        shots=task.shots,
        notes=report.notes,
        rows=report.rows,
        gold=report.gold,
        strict=_span(task.modes["strict"].metrics["score"]),
        metrics={name: _span(figures) for name, figures in report.metrics.items()},
    )


def _span(figures: Figures) -> Span:
    return figures.value, figures.low, figures.high


def _scored_otherwise(folder: Path, kept: Stored, verdict: Verdict) -> Iterator[str]:
    if verdict.bundle is None:
        yield f"{BUNDLE} does not pass the check of this version ({_first(verdict, 'error')})"
        return
    entry = kept.entry
    made = stored_of(verdict, entry.bundle, entry.licence)
    lasting = [warning_of(each) for each in verdict.findings if not each.field.startswith(_OF_HERE)]
    if gone := [each for each in lasting if each not in entry.warnings]:
        yield f"warnings that the check gives today are not in {ENTRY}, {len(gone)}, as ({gone[0]})"
    if not _near(_figures(made.entry, entry), _figures(entry, entry)):
        yield f"scores in {ENTRY} are not those of the answers"
    if made.draws.keys() != kept.draws.keys() or any(
        not np.allclose(made.draws[role], kept.draws[role], rtol=0, atol=_NEAR, equal_nan=True) for role in made.draws
    ):
        yield "draws of the means are not those of the answers"
    if (folder / ANSWERS).is_file() and not np.array_equal(
        read_said(folder / ANSWERS), said_of(verdict.bundle.answers)
    ):
        yield f"{ANSWERS} is not of the answers"


def _figures(entry: Entry, told: Entry) -> dict[str, Any]:
    """Return the scores of an entry, without what the itamed that wrote the told one did not write."""
    found = entry.model_dump(include={"tasks", "roles"})
    for role, score in told.roles.items():
        if score.further is None and role in found["roles"]:
            found["roles"][role].pop("further")
    return found


def _near(one: Any, two: Any) -> bool:
    """Return whether two values of plain data are the same but for rounding."""
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(_near(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(_near, one, two))
    if isinstance(one, float) and isinstance(two, float):
        return isclose(one, two, rel_tol=_NEAR, abs_tol=_NEAR)
    return bool(one == two)
