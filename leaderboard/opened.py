"""A bundle as read from an archive: its parts, or everything that is wrong with their form."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from itamed.benchmark.suite import MINI_PREFIX, suite, task_of
from itamed.benchmark.verdict import MODES

from .archive import unpack
from .bundle import MANIFEST, SCORES, samples_name
from .findings import MADE_BY, Finding, Refused, shown
from .jsonsafe import read_json
from .manifest import MOST, Answer, Manifest, Scores, read

MAX_ROWS = 20_000
"""Of a task; the largest has about a fifth."""


@dataclass(frozen=True)
class Opened:
    """The parts of a bundle, well formed and in agreement; their content is not checked."""

    manifest: Manifest
    scores: Scores
    answers: dict[str, list[Answer]]

    @property
    def tasks(self) -> list[str]:
        """Return the names of its tasks, in the order of the suite."""
        order = {each: number for number, task in enumerate(suite().values()) for each in (task.name, task.mini_name)}
        return sorted(self.answers, key=lambda name: order[name])


def open_bundle(path: Path, *, mini: bool = False) -> tuple[Opened | None, list[Finding]]:
    """Read a bundle; returns it, or None and why it cannot be read.

    Args:
        path: the archive.
        mini: for tests: take tasks of the mini set instead.
    """
    names = {samples_name(task.mini_name if mini else task.name): task.name for task in suite().values()}
    try:
        files = unpack(path, {MANIFEST, SCORES, *names})
        for needed in (MANIFEST, SCORES):
            if needed not in files:
                raise Refused(Finding(needed, "", "the file", "none"))
        manifest, findings = read(Manifest, read_json(files[MANIFEST], MANIFEST), MANIFEST)
        if manifest is None:
            return None, findings
        if findings := list(_checksums(manifest, files)):
            return None, findings
        scores, findings = read(Scores, read_json(files[SCORES], SCORES), SCORES)
        samples = {name: _answers(files[name], name, findings) for name in sorted(files.keys() & names)}
    except Refused as refused:
        return None, [refused.finding]
    if scores is None or findings:
        return None, findings
    answers = {name.removeprefix("samples_").removesuffix(".jsonl"): found for name, found in samples.items()}
    findings = list(_agreement(manifest, scores, answers))
    return None if findings else Opened(manifest, scores, answers), findings


def _checksums(manifest: Manifest, files: Mapping[str, bytes]) -> Iterator[Finding]:
    for name in sorted(manifest.checksums.keys() | files.keys() - {MANIFEST}):
        stated, content = manifest.checksums.get(name), files.get(name)
        found = hashlib.sha256(content).hexdigest() if content is not None else None
        if stated is None or found is None or stated != found:
            yield Finding(MANIFEST, f"checksums.{name}", stated or "a checksum of the file", found or "no such file")


def _answers(content: bytes, file: str, findings: list[Finding]) -> list[Answer]:
    """Read a file of answers, one a line; what is wrong is added to `findings`."""
    found, before = [], len(findings)
    if (lines := content.count(b"\n")) > MAX_ROWS:
        raise Refused(Finding(file, "", f"at most {MAX_ROWS} lines", str(lines)))
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), 1):
        place = f"line {number}"
        answer, wrong = read(Answer, read_json(line, file, place, raw=("answer",)), file, place)
        findings += wrong
        if answer:
            found.append(answer)
        if len(findings) - before >= MOST:
            break
    return found


def _agreement(manifest: Manifest, scores: Scores, answers: Mapping[str, list[Answer]]) -> Iterator[Finding]:
    """Check that all parts speak of the same tasks, each row once."""
    sources = {task_of(name).source for name in answers if not name.startswith(MINI_PREFIX)}
    for file, field, names, expected in (
        (MANIFEST, "suite.fingerprints", manifest.suite.fingerprints.keys(), answers.keys()),
        (MANIFEST, "sources", manifest.sources.keys(), sources),
        (SCORES, "tasks", scores.tasks.keys(), answers.keys()),
    ):
        if names != expected:
            yield Finding(file, field, f"those with answers: {', '.join(sorted(expected))}", shown(sorted(names)))
    if not answers:
        yield Finding("", "", "answers to a task at least", "none", MADE_BY)
    for name, task in scores.tasks.items():
        if task.modes.keys() != set(MODES):
            yield Finding(SCORES, f"tasks.{name}.modes", f"{' and '.join(MODES)}", shown(sorted(task.modes)))
    for name, found in answers.items():
        for row, times in Counter(answer.id for answer in found).items():
            if times > 1:
                yield Finding(samples_name(name), f"row {shown(row)}", "one answer", str(times))
