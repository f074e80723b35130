"""Whether answers look as their manifest says that they were decoded."""

from __future__ import annotations

from collections.abc import Iterator

from itamed.benchmark.engines.encoder.settings import span_tasks
from itamed.benchmark.report.settings import STOCK
from itamed.benchmark.suite import task_of

from .bundle import MANIFEST, samples_name
from .findings import EXPLAIN, Finding
from .opened import Opened


def decoding_findings(bundle: Opened) -> Iterator[Finding]:
    """Warn of answers that no decoding of the stated mode or engine gives, and of text without a token."""
    mode, engine = bundle.manifest.decoding.mode, bundle.manifest.decoding.engine
    if (mode == "schema") != (engine == STOCK):
        found = f"{mode} of {engine}"
        yield Finding(MANIFEST, "decoding.mode", f"schema of {STOCK}, and of no other", found, EXPLAIN, "warning")
    taggable = span_tasks() if mode == "tagged" else ()
    for name in bundle.tasks:
        answers, file = bundle.answers[name], samples_name(name)
        if mode in ("constrained", "schema") and answers and all(each.finish == "loose" for each in answers):
            expected, found = f"answers of mode {mode}, one JSON value each", f"none among {len(answers)}"
            yield Finding(file, "answer", expected, found, EXPLAIN, "warning")
        if mode == "tagged" and task_of(name) not in taggable:
            expected, found = "tasks with spans, as in all of mode tagged", f"answers to {name}"
            yield Finding(MANIFEST, "decoding.mode", expected, found, EXPLAIN, "warning")
        if silent := sum(each.tokens_out == 0 and bool(each.answer.strip()) for each in answers):
            expected, found = "tokens of every answer that is not empty", f"0 in {silent} of {len(answers)}"
            yield Finding(file, "tokens_out", expected, found, EXPLAIN, "warning")
