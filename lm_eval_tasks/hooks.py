"""What the task files name with `!function`: documents, targets, filters, metrics.

Everything here is a thin adapter between the harness's conventions and `itamed.benchmark`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datasets import Dataset
from itamed.benchmark.docs import task_docs
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.families import family_of, right_answer
from itamed.benchmark.rows import row_class
from itamed.benchmark.suite import CHOICES
from itamed.benchmark.verdict import Mode, Record, filtered, record, report
from lm_eval.api.filter import Filter


def documents(rows_of: str, *, mini: bool = False, **given: Any) -> dict[str, Dataset]:
    """Return a task's documents; users choose with the harness's `--metadata`.

    `{"fewshot_seed": 1}` takes other examples, `{"eval_split": "dev"}` evaluates the development
    rows, `{"eval_notes": 40}` a fixed sample of whole notes, `{"eval_wording": 1}` asks in other words. The harness
    mixes in model arguments and the metadata of the task's file.

    Raises:
        ItamedError: another name that begins like these: a sample or split would go unnoticed.
    """
    if unknown := [name for name in given if name.startswith(("eval_", "fewshot_")) and name not in CHOICES]:
        raise ItamedError(f"--metadata has no {unknown[0]}: there are {', '.join(CHOICES)}.")
    return task_docs(rows_of, mini=mini, **{name: given[name] for name in CHOICES if name in given})


def target(doc: Mapping[str, Any]) -> str:
    """Return the right answer as compact JSON on one line."""
    return right_answer(row_class(doc).from_dict(dict(doc)))


class _AnswerFilter(Filter):
    """Reads the first response to each document; see `verdict.filtered`."""

    mode: Mode

    def apply(self, resps: Iterable[Sequence[str]], docs: Iterable[Mapping[str, Any]]) -> list[str]:
        return [filtered(responses[0], doc, self.mode) for responses, doc in zip(resps, docs, strict=True)]


class Strict(_AnswerFilter):
    """Takes only answers whose form is perfect."""

    mode = "strict"


class Repaired(_AnswerFilter):
    """Takes what can be read of an answer: fences, surrounding text and a missing end are forgiven."""

    mode = "repaired"


def results(doc: Mapping[str, Any], passed: Sequence[str]) -> dict[str, Record]:
    """Return the record of one answer under the name of every metric: each aggregation needs it whole."""
    shown = [*family_of(row_class(doc)).shown, "valid", "truncated"]
    names = [name for metric in shown for name in (metric, f"{metric}_stderr")]
    return dict.fromkeys([*names, "report_stderr"], record(passed[0], doc))


class _Value:
    """Aggregates records into one field of one metric.

    The harness knows no standard error of a custom aggregation, but prints what it finds under the
    name "<metric>_stderr"; so that is a metric of its own, listed right after its metric.
    """

    def __init__(self, metric: str, field: str) -> None:
        self.metric, self.field = metric, field

    def __call__(self, records: Sequence[Record]) -> float:
        return report(tuple(records))["metrics"][self.metric][self.field]

    def __str__(self) -> str:
        """Give result files a stable name for the function."""
        return f"itamed {self.metric} {self.field}"


def report_stderr(records: Sequence[Record]) -> dict[str, Any]:
    """Return all metrics with their intervals: in result files only, tables hide names in _stderr."""
    return report(tuple(records))


def _pair(metric: str) -> tuple[_Value, _Value]:
    return _Value(metric, "value"), _Value(metric, "stderr")


score, score_stderr = _pair("score")
precision, precision_stderr = _pair("precision")
recall, recall_stderr = _pair("recall")
relaxed_f1, relaxed_f1_stderr = _pair("relaxed_f1")
official_f1, official_f1_stderr = _pair("official_f1")
valid, valid_stderr = _pair("valid")
truncated, truncated_stderr = _pair("truncated")
