"""A run: what one call of the harness left in its output folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from ..errors import ItamedError, reason_of
from ..scoring.bootstrap import Estimate
from ..suite import MINI_PREFIX, PREFIX, Task, has_task, suite, task_of
from ..verdict import MODES, Mode, Record, report
from ..version import __version__
from .label import Label
from .samples import records_of, samples_path
from .settings import ADDED, Settings

HIDDEN = "report_stderr"
"""The metric under which the harness keeps a task's full report (see the task files' hooks)."""


@dataclass(frozen=True)
class TaskResult:
    """One task's scores: estimates by mode and metric, and what they stand on.

    `version` is that of the task's definition, empty where a file does not tell.
    """

    task: Task
    name: str
    shots: int
    estimates: dict[Mode, dict[str, Estimate]]
    notes: int
    rows: int
    gold: int
    version: str = ""

    @property
    def score(self) -> Estimate:
        """Return the main score: of repaired answers, the mode that tables show first."""
        return self.estimates["repaired"]["score"]


@dataclass(frozen=True)
class Run:
    """The results of one call of the harness, with its settings.

    `number` tells runs with the same label apart.
    """

    path: Path
    model: str
    settings: Settings
    tasks: tuple[TaskResult, ...]
    named: Label
    number: int = 1

    @property
    def method(self) -> str:
        """Return how the model was asked: "4-shot wording 1 cot constrained"; "tagger" if it tags words, unasked."""
        held, reasoning, wording = self.settings.held, self.settings.reasoning, self.settings.eval_wording
        if held == "tagged":
            return "tagger"
        shots = "/".join(map(str, sorted({result.shots for result in self.tasks})))
        how = [f"wording {wording}" if wording else "", "" if reasoning == "none" else reasoning]
        how.append("" if held == "free" else held)
        return " ".join(filter(None, [f"{shots}-shot", *how]))

    @property
    def label(self) -> str:
        """Return a short name: model, training, method and seed, and which of several alike."""
        name = self.named.text(self.method)
        return name if self.number == 1 else f"{name} ({self.number})"

    @property
    def notes(self) -> int:
        """Return how many notes were answered, those of all tasks together."""
        return sum(result.notes for result in self.tasks)

    @property
    def seconds(self) -> float | None:
        """Return how long the run took, with the time of stored answers that it went on from; None if not known."""
        usage, before = self.settings.usage, self.settings.seconds_before
        return None if not usage or before is None else float(usage["seconds"]) + float(before)

    def records(self, name: str, mode: Mode) -> tuple[Record, ...]:
        """Return the scored records of a task from its samples file; none where it was not kept.

        Raises:
            ItamedError: the file is cut off or damaged.
        """
        path = samples_path(self.path, name)
        rows = sum(result.rows for result in self.tasks if result.name == name)
        return records_of(path, rows)[mode] if path.is_file() else ()


def figures_of(run: Run, mode: Mode) -> dict[str, Mapping[str, Estimate]]:
    """Return by task every metric, computed anew where answers were kept, else as the results file has it.

    Files of older versions have intervals of another kind than means, which are always computed anew.

    Raises:
        ItamedError: answers are damaged.
    """
    return {result.name: _figures(result, run.records(result.name, mode), mode) for result in run.tasks}


def _figures(result: TaskResult, records: tuple[Record, ...], mode: Mode) -> Mapping[str, Estimate]:
    return _estimates(report(records)) if records else result.estimates[mode]


def told_apart(runs: Sequence[Run]) -> list[str]:
    """Return the labels of some runs, with the file where several have one label."""
    seen = Counter(run.label for run in runs)
    return [run.label if seen[run.label] == 1 else f"{run.label} in {run.path}" for run in runs]


def unkept(run: Run, names: Iterable[str]) -> ItamedError:
    """Return the error of a run whose answers to some tasks were not kept."""
    return ItamedError(f"{run.path} has no answers beside it for {', '.join(names)}: keep them (--log_samples).")


def read_run(path: Path) -> Run:
    """Read one results file of the harness; tasks of others are left out.

    Raises:
        ItamedError: the file is no JSON, no results file, or has tasks of another version of the suite.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        config, results, shots = (dict(data[key]) for key in ("config", "results", "n-shot"))
        versions = {name: str(version) for name, version in (data.get("versions") or {}).items()}
        names = [
            name for name in results if name.startswith((PREFIX, MINI_PREFIX)) and f"{HIDDEN},repaired" in results[name]
        ]
        added = dict(data.get(ADDED) or {})
        if unknown := [name for name in names if not has_task(name)]:
            raise _of_another_suite(path, unknown, added.get("version"))
        tasks = [
            task_result(name, _reports(results[name]), shots.get(name, 0), versions.get(name, "")) for name in names
        ]
        model = data.get("model_name") or str(config.get("model"))
        label = Label.from_dict(added.get("label") or {}, model)
        order = {name: number for number, name in enumerate(suite())}
        settings = Settings.read(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_results(path, error) from error
    return Run(path, model, settings, tuple(sorted(tasks, key=lambda result: order[result.task.name])), label)


def _no_results(path: Path, error: Exception) -> ItamedError:
    """Return the error of a file that is no results file; of a bundle, what reads it."""
    if is_zipfile(path):
        return ItamedError(
            f"{path} is an archive, not a results file: `itamed validate` reads bundles; name the results folder here."
        )
    return ItamedError(
        f"{path} is not a results file of the harness ({reason_of(error)}): was the disk full, or the run killed?"
    )


def _of_another_suite(path: Path, names: Sequence[str], version: object) -> ItamedError:
    """Return the error of a results file with tasks that this version of the suite does not have."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    wrote = f" ({version})" if version else ""
    return ItamedError(
        f"{path} is of another version of the suite: {names[0]}{more} is no task of this one ({__version__}). Read it "
        f"with the itamed that wrote it{wrote}, or run this suite."
    )


def _reports(result: Mapping[str, Any]) -> dict[Mode, Mapping[str, Any]]:
    return {mode: result[f"{HIDDEN},{mode}"] for mode in MODES}


def task_result(name: str, reports: Mapping[Mode, Mapping[str, Any]], shots: int, version: str) -> TaskResult:
    """Return a task's scores from the reports of both modes, see `verdict.report`; `version` as in `TaskResult`."""
    estimates: dict[Mode, dict[str, Estimate]] = {mode: _estimates(found) for mode, found in reports.items()}
    sizes = {key: reports["repaired"][key] for key in ("notes", "rows", "gold")}
    return TaskResult(task_of(name), name, shots, estimates, **sizes, version=version)


def _estimates(found: Mapping[str, Any]) -> dict[str, Estimate]:
    """Return the metrics of a report, see `verdict.report`."""
    return {metric: Estimate(**numbers) for metric, numbers in found["metrics"].items()}
