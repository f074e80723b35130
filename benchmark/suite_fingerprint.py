"""What a task's number depends on, in a few letters: prompt, grammar, metrics and rows, the same on every machine.

Two numbers are comparable if these are equal. All but the rows are taken from the embedded set,
which holds rows of every kind, task and trap: whatever changes the behaviour changes them, and
nothing needs to be built.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from .decoding.grammar import reasoning_rules
from .docs import task_docs, task_rows
from .families import family_of
from .fewshot import choose_shots
from .fingerprint import grammars
from .rows import row_class
from .suite import MINI_PREFIX, own_tasks, suite, task_config, task_of
from .verdict import MODES, filtered, record, report

PARTS = ("prompt", "grammar", "reasoning", "metrics", "rows")
_NOT_ASKED = ("metric_list", "filter_list", "process_results")
"""Parts of a task's file that are about scores: their behaviour is fingerprinted, not their names."""
_RESAMPLES = 200
_DIGITS = 9


def suite_fingerprint(name: str) -> dict[str, str]:
    """Return the fingerprint of a task, or of its mini version, by part (see `PARTS`).

    Raises:
        DataMissingError: its data are neither built nor to be fetched; the message names the command.
    """
    return behaviour_fingerprint(task_of(name).name) | {"rows": rows_fingerprint(name)}


@cache
def behaviour_fingerprint(name: str) -> dict[str, str]:
    """Return the parts of a task's fingerprint that need no data: all but "rows"."""
    return {
        "prompt": _digest(_prompts(name)),
        "grammar": _digest(grammars(name)),
        "reasoning": _digest(reasoning_rules()),
        "metrics": _digest(_scores(name)),
    }


def rows_fingerprint(name: str) -> str:
    """Return a hash of a task's test rows, and of its few-shot examples, with all that they hold, in their order.

    Raises:
        DataMissingError: its data are neither built nor to be fetched.
    """
    mini = name.startswith(MINI_PREFIX)
    task = task_of(name)
    shots_task, split = task.shots
    test = task_rows(task.name, {"test"}, mini=mini).get("test", [])
    shots = choose_shots(task_rows(shots_task, {split}, mini=mini).get(split, []))
    return _digest([[row.to_dict() for row in rows] for rows in (test, shots)])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _prompts(name: str) -> list[Any]:
    """Return the task's file, and every embedded row as the harness asks and answers it."""
    config = {key: value for key, value in task_config(name).items() if key not in _NOT_ASKED}
    asked = _harness_tasks()[task_of(name).mini_name]
    return [config, *([asked.doc_to_text(doc), asked.doc_to_target(doc)] for doc in asked.eval_docs)]


@cache
def _harness_tasks() -> Mapping[str, Any]:
    """Return the mini tasks as the harness loads them, all at once: it reads the folder each time."""
    from lm_eval.tasks import TaskManager

    from .evaluate import quiet_harness

    quiet_harness()
    manager = TaskManager(**own_tasks())
    tasks: Mapping[str, Any] = manager.load([task.mini_name for task in suite().values()])["tasks"]
    return tasks


def _scores(name: str) -> list[Any]:
    """Return how fixed answers to the embedded rows are scored: right, fenced, cut, those of the next row, none."""
    docs = list(task_docs(name, mini=True)["test"])
    right = [json.dumps(_gold(doc), ensure_ascii=False) for doc in docs]
    fenced = [f"```json\n{answer}\n```" for answer in right]
    cut = [answer[: 2 * len(answer) // 3] for answer in right]
    answered = (right, fenced, cut, right[1:] + right[:1], [""] * len(docs))
    return [_report(docs, answers) for answers in answered]


def _report(docs: list[Any], answers: list[str]) -> list[Any]:
    found = []
    for mode in MODES:
        records = [record(filtered(answer, doc, mode), doc) for answer, doc in zip(answers, docs, strict=True)]
        found += [records, _rounded(report(tuple(records), _RESAMPLES))]
    return found


def _gold(doc: Mapping[str, Any]) -> dict[str, Any]:
    kind = row_class(doc)
    return family_of(kind).gold(kind.from_dict(dict(doc)))


def _rounded(value: Any) -> Any:
    """Round all numbers: processors differ in the last bits of a sum."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, _DIGITS) if isinstance(value, float) else value
