"""Check a bundle as a stranger's: form, fingerprint, rows, every figure from the raw answers, anomalies.

The same code runs on a submitter's machine and on the leaderboard's, without a GPU or a network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from itamed.benchmark.errors import DataMissingError, ItamedError
from itamed.benchmark.report.label import Label
from itamed.benchmark.report.run import Run, TaskResult, task_result
from itamed.benchmark.suite import task_of
from itamed.benchmark.verdict import Mode, Record
from itamed.benchmark.version import __version__

from .anomalies import copy_findings, declared_findings, gold_findings, speed_findings
from .bundle import MANIFEST, samples_name
from .checks import answer_findings, fingerprint_findings, row_findings, score_findings
from .findings import Finding
from .known import known
from .opened import Opened, open_bundle
from .rescore import Rescored, docs_of, rescore
from .stated import stated_findings


@dataclass(frozen=True)
class Rerun(Run):
    """A bundle as the run that it was made from, with the scores that its answers give."""

    rescored: dict[str, Rescored] = field(default_factory=dict)

    def records(self, name: str, mode: Mode) -> tuple[Record, ...]:
        """Return the scored records of a task."""
        return self.rescored[name].records[mode]


@dataclass(frozen=True)
class Verdict:
    """What was found; the bundle re-scored (`run`) and as read (`bundle`), None where something is wrong with it."""

    findings: tuple[Finding, ...]
    run: Run | None = None
    bundle: Opened | None = None

    @property
    def errors(self) -> int:
        """Return the number of findings that are errors."""
        return sum(finding.severity == "error" for finding in self.findings)


def validate(path: Path, against: Path | None = None, *, mini: bool = False) -> Verdict:
    """Check a bundle.

    Args:
        path: the archive.
        against: a folder with other bundles, to compare answers with.
        mini: for tests: the tasks are those of the mini set, and of no others.

    Raises:
        ItamedError: `against` is no folder.
    """
    others = _others(path, against, mini=mini) if against else {}
    bundle, findings = open_bundle(path, mini=mini)
    if bundle is None:
        return Verdict(tuple(findings))
    version = bundle.manifest.suite.version
    if version not in known():
        remedy = f"install an itamed that knows this version, or submit a run of {__version__}"
        return Verdict((Finding(MANIFEST, "suite.version", " or ".join(known()), version, remedy),))
    rescored: dict[str, Rescored] = {}
    for name in bundle.tasks:
        findings += _task(bundle, name, rescored)
    findings += stated_findings(bundle)
    findings += speed_findings(bundle.manifest)
    findings += declared_findings(bundle.manifest)
    findings += copy_findings(bundle, others)
    if bundle.manifest.kind == "sample":
        remedy = "nothing; run whole tasks to be ranked"
        findings.append(Finding(MANIFEST, "kind", "full", "sample: checked, never ranked", remedy, "warning"))
    verdict = Verdict(tuple(findings))
    return verdict if verdict.errors else Verdict(verdict.findings, _run(path, bundle, rescored), bundle)


def _task(bundle: Opened, name: str, rescored: dict[str, Rescored]) -> Iterator[Finding]:
    """Check one task; what its answers are worth is added to `rescored`."""
    answers = bundle.answers[name]
    manifest = bundle.manifest
    try:
        docs = docs_of(name)
        parts = known()[manifest.suite.version][task_of(name).name]
        yield from fingerprint_findings(name, manifest.suite.fingerprints[name], parts)
    except DataMissingError as error:
        remedy = str(error).rstrip(".")
        yield Finding(samples_name(name), "", "the task's data on this machine", "none", remedy)
        return
    wrong = list(row_findings(name, answers, docs, sample=manifest.kind == "sample"))
    yield from wrong
    if wrong:
        return
    yield from answer_findings(name, answers, docs)
    rescored[name] = rescore(docs, {answer.id: answer.answer for answer in answers})
    yield from score_findings(name, bundle.scores.tasks[name], rescored[name])
    # As scored: gold within a fence of Markdown is gold, too.
    yield from gold_findings(name, rescored[name].records["repaired"])


def _others(path: Path, folder: Path, *, mini: bool) -> dict[str, Opened]:
    """Open the other bundles below a folder; those that cannot be read are nobody's copy."""
    if not folder.is_dir():
        raise ItamedError(f"{folder} is no folder: name the one of the other bundles.")
    files = (file for file in sorted(folder.rglob("*.zip")) if file.resolve() != path.resolve())
    opened = ((str(file.relative_to(folder)), open_bundle(file, mini=mini)[0]) for file in files)
    return {name: bundle for name, bundle in opened if bundle}


def _run(path: Path, bundle: Opened, rescored: dict[str, Rescored]) -> Run:
    manifest = bundle.manifest
    tasks: list[TaskResult] = [
        # Its fingerprint is that of the task here.
        task_result(name, rescored[name].reports, bundle.scores.tasks[name].shots, task_of(name).version)
        for name in bundle.tasks
    ]
    settings = {
        "backend": manifest.decoding.engine,
        "constrained": manifest.decoding.mode == "constrained",
        "chat": manifest.chat.template_sha256 is not None,
        "batch": manifest.decoding.batch,
        "limit": None,
        "parameters": manifest.model.parameters,
        "precision": manifest.model.precision or "",
        "resumed": manifest.cost.resumed,
        "usage": {"seconds": manifest.cost.seconds, "tasks": {}},
    }
    label = Label(manifest.model.name)
    return Rerun(path, manifest.model.name, settings, tuple(tasks), label, rescored=rescored)
