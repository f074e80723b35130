"""A run: what one call of the harness left in its output folder."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ItamedError
from ..scoring.bootstrap import Estimate
from ..suite import MINI_PREFIX, PREFIX, Task, suite, task_of
from ..verdict import MODES, Mode, Record

HIDDEN = "report_stderr"
"""The metric under which the harness keeps a task's full report (see the task files' hooks)."""

PACKED = ".jsonl.gz"
"""How the name of a samples file ends in a redacted run."""


@dataclass(frozen=True)
class TaskResult:
    """One task's scores: estimates by mode and metric, and what they stand on."""

    task: Task
    name: str
    shots: int
    estimates: dict[Mode, dict[str, Estimate]]
    notes: int
    rows: int
    gold: int

    @property
    def score(self) -> Estimate:
        """Return the main score: of repaired answers, the mode that tables show first."""
        return self.estimates["repaired"]["score"]


@dataclass(frozen=True)
class Run:
    """The results of one call of the harness, with its settings."""

    path: Path
    model: str
    settings: dict[str, Any]
    tasks: tuple[TaskResult, ...]
    number: int = 1
    name: str = ""

    @property
    def label(self) -> str:
        """Return a short name: that of the run, or model, number of shots, decoding, and which of several alike."""
        if self.name:
            return self.name
        shots = {result.shots for result in self.tasks}
        place = Path(self.model)
        # A training's folder holds its model under this name.
        model = place.parent.name if place.name == "model" and place.parent.name else place.name
        name = f"{model} {'/'.join(map(str, sorted(shots)))}-shot"
        if self.settings["constrained"]:
            name += " constrained"
        return name if self.number == 1 else f"{name} ({self.number})"

    def records(self, name: str, mode: Mode) -> list[Record]:
        """Return the scored records of a task from its samples file; none where it was not kept.

        Raises:
            ItamedError: the file is cut off or damaged.
        """
        path = samples_path(self.path, name)
        if not path.is_file():
            return []
        records: dict[Mode, list[Record]] = {kept: [] for kept in MODES}
        for sample in read_samples(path):
            records[sample["filter"]].append(_record(sample["score"]))
        rows = sum(result.rows for result in self.tasks if result.name == name)
        for kept, held in records.items():
            if len(held) != rows:
                raise damaged(path, f"it holds {len(held)} of {rows} {kept} answers")
        return records[mode]


def samples_path(results: Path, name: str) -> Path:
    """Return where the harness keeps a task's samples, beside the results file of the same run.

    A redacted run keeps them packed.
    """
    packed = packed_path(results, name)
    return packed if packed.is_file() else packed.with_name(packed.name.removesuffix(PACKED) + ".jsonl")


def packed_path(results: Path, name: str) -> Path:
    """Return where a redacted run keeps a task's samples."""
    return results.with_name(f"samples_{name}_{results.stem.removeprefix('results_')}{PACKED}")


def unkept(run: Run, names: Iterable[str]) -> ItamedError:
    """Return the error of a run whose answers to some tasks were not kept."""
    return ItamedError(f"{run.path} has no answers beside it for {', '.join(names)}: keep them (--log_samples).")


def read_samples(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the samples of a file of the harness.

    Raises:
        ItamedError: the file is damaged or cannot be read.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
    except (OSError, EOFError, ValueError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, reason: object) -> ItamedError:
    """Return the error of a file of a run that is not whole; its run is of no use."""
    return ItamedError(
        f"{path} is damaged ({reason}): was the disk full, or the run killed? Make room, delete the results and "
        "samples of that run, and run it again."
    )


def _record(plain: list[Any]) -> Record:
    kind, note, pairs = plain
    return kind, note, tuple((name, number) for name, number in pairs)


def find_runs(paths: Iterable[Path]) -> list[Run]:
    """Read the runs below some files or folders, oldest first.

    Raises:
        ItamedError: a path does not exist, or holds no results of these tasks.
    """
    runs = [read_run(file) for path in paths for file in _result_files(path)]
    found: list[Run] = []
    seen: Counter[str] = Counter()
    for run in runs:
        if run.tasks:
            seen[run.label] += 1
            found.append(replace(run, number=seen[run.label]))
    if not found:
        raise ItamedError("No results of itamed tasks there: run `itamed eval ... --output_path DIR` first.")
    return found


def find_run(path: Path) -> Run:
    """Read the one run of a folder or file.

    Raises:
        ItamedError: as for `find_runs`, or the folder holds several runs.
    """
    found = find_runs([path])
    if len(found) > 1:
        names = ", ".join(str(run.path) for run in found)
        raise ItamedError(f"{path} holds {len(found)} runs, name the results file of one: {names}.")
    return found[0]


def _result_files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from sorted(path.rglob("results_*.json"), key=lambda file: (file.name, file.as_posix()))
    else:
        raise ItamedError(f"{path} does not exist: name a results folder or a results_*.json file.")


def read_run(path: Path) -> Run:
    """Read one results file of the harness; tasks of others are left out.

    Raises:
        ItamedError: the file is no JSON, or no results file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        config, results, shots = (dict(data[key]) for key in ("config", "results", "n-shot"))
        names = [
            name for name in results if name.startswith((PREFIX, MINI_PREFIX)) and f"{HIDDEN},repaired" in results[name]
        ]
        tasks = [
            task_result(name, {mode: results[name][f"{HIDDEN},{mode}"] for mode in MODES}, shots.get(name, 0))
            for name in names
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ItamedError(
            f"{path} is not a results file of the harness ({error!r}): was the disk full, or the run killed?"
        ) from error
    order = {name: number for number, name in enumerate(suite())}
    settings = {key: data.get(key) for key in ("date", "lm_eval_version", "total_evaluation_time_seconds", "usage")}
    return Run(
        path,
        data.get("model_name") or str(config.get("model")),
        {"backend": config.get("model"), "limit": config.get("limit"), "batch": config.get("batch_size")}
        | {"constrained": _constrained(config)}
        | {"chat": bool(data.get("chat_template_sha"))}
        | settings,
        tuple(sorted(tasks, key=lambda result: order[result.task.name])),
    )


def model_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model arguments of a results file's configuration, which may be one string."""
    given = config.get("model_args") or {}
    return dict(part.split("=", 1) for part in given.split(",") if "=" in part) if isinstance(given, str) else given


def _constrained(config: Mapping[str, Any]) -> bool:
    """Tell whether answers were held to grammars: by our own models, unless they were told not to."""
    model = str(config.get("model"))
    ours = model.startswith("itamed-") and model != "itamed-baseline"
    return ours and str(model_arguments(config).get("constrained")).lower() != "false"


def task_result(name: str, reports: Mapping[Mode, Mapping[str, Any]], shots: int) -> TaskResult:
    """Return a task's scores from the reports of both modes, see `verdict.report`."""
    estimates: dict[Mode, dict[str, Estimate]] = {
        mode: {metric: Estimate(**numbers) for metric, numbers in report["metrics"].items()}
        for mode, report in reports.items()
    }
    sizes = {key: reports["repaired"][key] for key in ("notes", "rows", "gold")}
    return TaskResult(task_of(name), name, shots, estimates, **sizes)
