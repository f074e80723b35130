"""Whether a run asked what the suite asks: the same rows, whole notes, the same prompts, greedily."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.suite import task_config, task_of

from .rescore import Docs

_PROMPT = ("doc_to_text", "target_delimiter", "fewshot_delimiter", "output_type", "generation_kwargs")
"""What decides prompts and answers in a task's file; the documents hold the rest."""


def require_suite(data: Mapping[str, Any], names: list[str], *, sample: bool) -> int:
    """Check the settings of a run; return the seed of its few-shot examples.

    Args:
        data: the results file of the harness.
        names: the tasks.
        sample: whether a sample of notes will do.

    Raises:
        ItamedError: it looked at some rows alone, at development rows, or asked otherwise.
    """
    config = data["config"]
    seeds = set()
    if config.get("limit"):
        raise ItamedError("The run has a --limit, which cuts notes: run it without.")
    if data.get("system_instruction"):
        raise ItamedError("The run has a --system_instruction, the suite has none: run it without.")
    for name in names:
        task = data["configs"][name]
        meta = task.get("metadata") or {}
        if meta.get("eval_split", "test") != "test":
            raise ItamedError(f"{name} was asked of {meta['eval_split']} rows: submissions are about test rows.")
        if wording := meta.get("eval_wording"):
            raise ItamedError(f"{name} was asked in wording {wording}: submissions are about the suite's own words.")
        if meta.get("eval_notes") is not None and not sample:
            raise ItamedError(
                f"{name} was asked of {meta['eval_notes']} notes alone (eval_notes): the leaderboard ranks whole "
                "tasks. Run it without, or mark the bundle as a sample (--allow-sample): checked, and never ranked."
            )
        if changed := ", ".join(_changed(task, task_config(task_of(name).name))):
            raise ItamedError(
                f"{name} was not asked as this suite asks it ({changed}): run it with this version, as is."
            )
        seeds.add(int(meta.get("fewshot_seed", 0)))
    if len(seeds) > 1:
        raise ItamedError("The tasks of the run have few-shot examples of several seeds: submit one run a seed.")
    return seeds.pop()


def require_fingerprints(told: Mapping[str, Mapping[str, str]], here: Mapping[str, Mapping[str, str]]) -> None:
    """Check that a run was asked and held by the suite that is here: grammars leave no trace in its answers.

    Args:
        told: fingerprints by task and part, as the run has them; the plain harness tells none.
        here: those of the tasks that are submitted.

    Raises:
        ItamedError: some differ.
    """
    for name, parts in here.items():
        if differing := [part for part, value in parts.items() if told.get(name, parts).get(part) != value]:
            raise ItamedError(
                f"{name} was run with another suite ({', '.join(differing)} differ from this one's): run it again; "
                "--resume reuses the answers where the prompts and grammars are the same."
            )


def _changed(task: Mapping[str, Any], suite: Mapping[str, Any]) -> Iterator[str]:
    for key in _PROMPT:
        if task.get(key) != suite.get(key):
            yield key


def require_rows(name: str, asked: Mapping[str, Mapping[str, Any]], docs: Docs, *, sample: bool) -> None:
    """Check the rows of a task that were asked, by id, against those of the data.

    Raises:
        ItamedError: rows are missing, unknown, or differ in anything.
    """
    if missing := [row for row in docs if row not in asked]:
        notes = {docs[row]["doc_id"] for row in missing}
        if not sample or notes & {docs[row]["doc_id"] for row in asked if row in docs}:
            raise ItamedError(f"{name} lacks answers to {len(missing)} of {len(docs)} rows: run it to its end.")
    for row, doc in asked.items():
        known = docs.get(row)
        if known is None or _plain(known) != _plain(doc):
            part = (
                "row"
                if known is None
                else ", ".join(key for key in known if _plain(known[key]) != _plain(doc.get(key)))
            )
            raise ItamedError(
                f"{name} was asked of another {part} than that of the data built here ({row}): build the data with "
                "this version (`itamed data build`), and run it again."
            )


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
