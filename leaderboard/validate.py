"""Check a bundle as a stranger's: form, fingerprint, rows, every figure from the raw answers, anomalies.

The same code runs on a submitter's machine and on the leaderboard's, without a GPU or a network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from itamed.benchmark.errors import DataMissingError, ItamedError
from itamed.benchmark.report.run import Run
from itamed.benchmark.suite import task_of
from itamed.benchmark.version import __version__

from .anomalies import declared_findings, gold_findings
from .bundle import MANIFEST, samples_name
from .checks import answer_findings, fingerprint_findings, row_findings, score_findings
from .copies import copy_findings, others
from .decoded import decoding_findings
from .findings import Finding, Severity
from .known import known
from .opened import Opened, open_bundle
from .rerun import rerun_of
from .rescore import Rescored, docs_of, rescore
from .rules import rule_findings, rule_name_findings
from .speed import speed_findings
from .stated import stated_findings

UNCHECKED = 3
"""The status of a command that has found no error, and could not look at all tasks; 2 is one of wrong options."""


@dataclass(frozen=True)
class Verdict:
    """What was found; the bundle re-scored (`run`) and as read (`bundle`).

    Both are None where something is wrong with it, and where a task was not checked.
    """

    findings: tuple[Finding, ...]
    run: Run | None = None
    bundle: Opened | None = None

    @property
    def errors(self) -> int:
        """Return the number of findings that are errors."""
        return self._number("error")

    @property
    def unchecked(self) -> int:
        """Return the number of tasks that were not checked, for want of their data."""
        return self._number("unchecked")

    @property
    def warnings(self) -> int:
        """Return the number of findings that a person must look at."""
        return self._number("warning")

    @property
    def status(self) -> int:
        """Return with what a command ends: 1 with errors, else `UNCHECKED` if a task was not checked, else 0."""
        return 1 if self.errors else UNCHECKED if self.unchecked else 0

    def counts(self) -> str:
        """Return how many findings there are of each kind."""
        unchecked = f", tasks not checked: {self.unchecked}" if self.unchecked else ""
        return f"errors: {self.errors}{unchecked}, warnings: {self.warnings}"

    def _number(self, severity: Severity) -> int:
        return sum(finding.severity == severity for finding in self.findings)


def validate(path: Path, against: Path | None = None, *, itself: bool = True, mini: bool = False) -> Verdict:
    """Check a bundle.

    Args:
        path: the archive.
        against: a folder with other bundles, or a store, to compare answers with.
        itself: whether the same archive in that folder is another submission.
        mini: for tests: the tasks are those of the mini set, and of no others.

    Raises:
        ItamedError: `against` is no folder, or a damaged store.
    """
    if against and not against.is_dir():
        raise ItamedError(f"{against} is no folder: name the one of the other bundles.")
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
    findings += decoding_findings(bundle)
    findings += speed_findings(bundle)
    findings += declared_findings(bundle.manifest)
    findings += rule_name_findings(bundle.manifest)
    if against:
        findings += copy_findings(bundle, others(path, against, itself=itself, mini=mini))
    if bundle.manifest.kind == "sample":
        remedy = "nothing; run whole tasks to be ranked"
        findings.append(Finding(MANIFEST, "kind", "full", "sample: checked, never ranked", remedy, "warning"))
    verdict = Verdict(tuple(findings))
    return verdict if verdict.status else Verdict(verdict.findings, rerun_of(path, bundle, rescored), bundle)


def _task(bundle: Opened, name: str, rescored: dict[str, Rescored]) -> Iterator[Finding]:
    """Check one task; what its answers are worth is added to `rescored`."""
    answers = bundle.answers[name]
    manifest = bundle.manifest
    version = manifest.suite.version
    parts = known()[version].get(task_of(name).name)
    if parts is None:
        remedy = f"leave the task out (--leave-out {name}), or run it with suite {__version__}"
        yield Finding(MANIFEST, "suite.version", f"a version that has {name}", version, remedy)
        return
    try:
        docs = docs_of(name)
        reasoned = manifest.decoding.reasoning != "none"
        yield from fingerprint_findings(name, manifest.suite.fingerprints[name], parts, reasoned=reasoned)
    except DataMissingError as error:
        remedy = str(error).rstrip(".")
        expected = "the task's data on this machine"
        yield Finding(samples_name(name), "", expected, "none: not checked here", remedy, "unchecked")
        return
    wrong = list(row_findings(name, answers, docs, sample=manifest.kind == "sample"))
    yield from wrong
    if wrong:
        return
    yield from answer_findings(name, answers, docs)
    yield from rule_findings(bundle, name, docs)
    rescored[name] = rescore(docs, {answer.id: answer.answer for answer in answers})
    yield from score_findings(name, bundle.scores.tasks[name], rescored[name])
    # As scored: gold within a fence of Markdown is gold, too.
    yield from gold_findings(name, rescored[name].records["repaired"])
