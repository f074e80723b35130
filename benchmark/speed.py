"""How fast an engine answers, family by family, on a fixed sample of notes."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model
from lm_eval.tasks import TaskManager, get_task_dict
from rich.console import Console
from rich.table import Table

from .evaluate import register_models
from .files import write_text
from .suite import task_of, tasks_dir


def measure(model: str, arguments: str, tasks: Sequence[str], shots: int, notes: int, batch: str) -> dict[str, Any]:
    """Answer a sample of each task once and return what it took.

    The first request of each family is answered before the clock starts: engines load, compile and
    fill their tables when first used.

    Args:
        model: an engine's name.
        arguments: its model arguments.
        tasks: names of tasks.
        shots: number of examples.
        notes: notes a task.
        batch: batch size, or "auto".

    Returns:
        {"model", "arguments", "shots", "families": {family: {"rows", "seconds", "work"}}}; "work" is
        there for engines that count it.
    """
    register_models()
    engine = get_model(model).create_from_arg_string(arguments, {"batch_size": batch, "device": None})
    families = {}
    for family, requests in _requests(tasks, shots, notes).items():
        engine.generate_until(requests[:1], disable_tqdm=True)
        before = _work(engine)
        start = time.perf_counter()
        engine.generate_until(requests, disable_tqdm=True)
        seconds = time.perf_counter() - start
        work = {name: number - before[name] for name, number in _work(engine).items()}
        families[family] = {"rows": len(requests), "seconds": seconds, "work": work}
    return {"model": model, "arguments": arguments, "shots": shots, "families": families}


def _work(engine: Any) -> dict[str, int]:
    return asdict(engine.work) if hasattr(engine, "work") else {}


def _requests(tasks: Sequence[str], shots: int, notes: int) -> dict[str, list[Instance]]:
    """Return the harness's own requests by family."""
    manager = TaskManager(include_path=str(tasks_dir()), metadata={"eval_notes": notes})
    found: dict[str, list[Instance]] = defaultdict(list)
    for name, task in get_task_dict(list(tasks), manager).items():
        task.set_config("num_fewshot", shots)
        task.build_all_requests()
        found[task_of(name).family] += task.instances
    return found


def save(result: dict[str, Any], path: Path) -> None:
    """Append one measurement to a file of one JSON object a line."""
    known = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_text(path, known + json.dumps(result) + "\n")


def show(path: Path) -> None:
    """Print the medians of a file of measurements, and their ratios to its first engine."""
    rounds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        result = json.loads(line)
        rounds[f"{result['model']} {result['arguments']} {result['shots']}-shot"].append(result)
    table = Table(title="Rows answered a second, median of rounds, and ratio to the first line")
    first: dict[str, float] = {}
    for name, results in rounds.items():
        rates = {family: median(_rate(result, family) for result in results) for family in _families(results[0])}
        first = first or rates
        if not table.columns:
            for title in ("engine", "rounds", *rates):
                table.add_column(title, justify="left" if title == "engine" else "right")
        cells = [f"{rate:.2f} ({rate / first[family]:.2f}x)" for family, rate in rates.items()]
        table.add_row(name, str(len(results)), *cells)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _families(result: dict[str, Any]) -> list[str]:
    return [*result["families"], "all"]


def _rate(result: dict[str, Any], family: str) -> float:
    """Return rows a second of one family, or of the whole mix."""
    found = result["families"].values() if family == "all" else [result["families"][family]]
    return sum(each["rows"] for each in found) / sum(each["seconds"] for each in found)
