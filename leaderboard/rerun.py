"""A bundle as the run that it was made from, with the scores that its answers give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.label import Label
from itamed.benchmark.report.run import Run, task_result
from itamed.benchmark.report.settings import Settings
from itamed.benchmark.suite import task_of
from itamed.benchmark.verdict import Mode, Record

from .opened import Opened, open_bundle
from .rescore import Rescored, docs_of, rescore


@dataclass(frozen=True)
class Rerun(Run):
    """The run of a bundle; its records are those of the answers in it."""

    rescored: Mapping[str, Rescored] = field(default_factory=dict)

    def records(self, name: str, mode: Mode) -> tuple[Record, ...]:
        """Return the scored records of a task."""
        return self.rescored[name].records[mode]


def rerun_of(path: Path, bundle: Opened, rescored: Mapping[str, Rescored]) -> Rerun:
    """Return the run of a bundle whose answers were scored, by task."""
    manifest = bundle.manifest
    tasks = [
        # Its fingerprint is that of the task here.
        task_result(name, rescored[name].reports, bundle.scores.tasks[name].shots, task_of(name).version)
        for name in bundle.tasks
    ]
    settings = Settings(
        backend=manifest.decoding.engine,
        constrained=manifest.decoding.mode == "constrained",
        reasoning=manifest.decoding.reasoning,
        chat=manifest.chat.template_sha256 is not None,
        batch=manifest.decoding.batch,
        parameters=manifest.model.parameters,
        precision=manifest.model.precision or "",
        usage={"seconds": manifest.cost.seconds, "tasks": {}},
        seconds_before=None if manifest.cost.resumed else 0.0,
        version=manifest.suite.version,
    )
    label = Label(manifest.model.name)
    return Rerun(path, manifest.model.name, settings, tuple(tasks), label, rescored=rescored)


def reopened(path: Path, *, mini: bool = False) -> Rerun:
    """Score the answers of a bundle that was checked before.

    Raises:
        ItamedError: it cannot be read any more.
        DataMissingError: the data of a task are not here.
    """
    bundle, findings = open_bundle(path, mini=mini)
    if bundle is None:
        raise ItamedError(f"{path}: {findings[0]}")
    answers = {name: {each.id: each.answer for each in found} for name, found in bundle.answers.items()}
    return rerun_of(path, bundle, {name: rescore(docs_of(name), answers[name]) for name in bundle.tasks})
