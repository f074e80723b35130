"""How fast an engine answers, family by family, on a fixed sample of notes."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model
from lm_eval.config.evaluate_config import EvaluatorConfig
from lm_eval.tasks import TaskManager, get_task_dict
from lm_eval.utils import simple_parse_args_string

from .evaluate import explained, register_models
from .files import write_text
from .suite import own_tasks, task_of


def measure(model: str, arguments: str, tasks: Sequence[str], shots: int, notes: int, batch: str) -> dict[str, Any]:
    """Answer a sample of each task once and return what it took.

    The first request of each family is answered before the clock starts, its prompt changed at the
    beginning: engines load, compile and fill their tables when first used, and some would find the
    prompt itself in their cache.

    Args:
        model: an engine's name.
        arguments: its model arguments.
        tasks: names of tasks.
        shots: number of examples.
        notes: notes a task.
        batch: batch size, or "auto".

    Returns:
        {"model", "arguments", "shots", "batch", "families": {family: {"rows", "seconds", "work"}}};
        "batch" is what the engine makes of it; "work" holds the counts of `Work`, 0 where an engine does
        not know them, and is empty for engines that count nothing.

    Raises:
        ItamedError: no such task, or an engine that does not start.
    """
    by_family = _requests(tasks, shots, notes)
    engine = load_engine(model, arguments, batch)
    families = {}
    for family, requests in by_family.items():
        engine.generate_until([_changed(requests[0])], disable_tqdm=True)
        before = _work(engine)
        start = time.perf_counter()
        engine.generate_until(requests, disable_tqdm=True)
        seconds = time.perf_counter() - start
        work = {name: number - before[name] for name, number in _work(engine).items()}
        families[family] = {"rows": len(requests), "seconds": seconds, "work": work}
    # Some engines fill their batches themselves, whatever they are given.
    taken = str(getattr(engine, "batch_size", batch))
    return {"model": model, "arguments": arguments, "shots": shots, "batch": taken, "families": families}


def load_engine(model: str, arguments: str, batch: str) -> Any:
    """Return an engine as the harness's command makes it, for the arguments see `measure`.

    Raises:
        ItamedError: there is no such engine, or it does not start.
    """
    register_models()
    given = simple_parse_args_string(arguments)
    with explained():
        # What the command passes: the processor is taken where there is no such device.
        return get_model(model).create_from_arg_obj(given, {"batch_size": batch, "device": EvaluatorConfig().device})


def _changed(request: Instance) -> Instance:
    """Return a request as long as this one, whose prompt shares no beginning with it."""
    found = copy(request)
    prompt, *others = request.args
    found.arguments = (f".{prompt}", *others)
    return found


def _work(engine: Any) -> dict[str, int]:
    return asdict(engine.work) if hasattr(engine, "work") else {}


def _requests(tasks: Sequence[str], shots: int, notes: int) -> dict[str, list[Instance]]:
    """Return the harness's own requests by family."""
    for name in tasks:
        task_of(name)
    manager = TaskManager(**own_tasks(), metadata={"eval_notes": notes})
    found: dict[str, list[Instance]] = defaultdict(list)
    for name, task in get_task_dict(list(tasks), manager).items():
        task.set_config("num_fewshot", shots)
        with explained():
            task.build_all_requests()
        found[task_of(name).family] += task.instances
    return found


def save(result: dict[str, Any], path: Path) -> None:
    """Append one measurement to a file of one JSON object a line."""
    known = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_text(path, known + json.dumps(result) + "\n")
