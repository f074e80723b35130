"""Scoring the test rows of all tasks, with intervals, must not be what an evaluation waits for."""

import json
import time

import pytest
from itamed.benchmark.data.load import load_rows
from itamed.benchmark.families import family_of
from itamed.benchmark.scoring.bootstrap import RESAMPLES
from itamed.benchmark.suite import suite
from itamed.benchmark.verdict import MODES, filtered, record, report

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("built_suite")]
SECONDS = 10.0


def answered(name):
    """Return a task's test documents with answers: right, right inside a fence, and those to another row."""
    rows = load_rows(name, ["test"])["test"]
    gold = [json.dumps(family_of(type(row)).gold(row), ensure_ascii=False) for row in rows]
    answers = [(gold[n], f"Ecco:\n```json\n{gold[n]}\n```", gold[n - 1])[n % 3] for n in range(len(rows))]
    labels = list(suite()[name].labels)
    return [(row.to_dict() | {"labels": labels}, answer) for row, answer in zip(rows, answers, strict=True)]


def test_scoring_all_tasks_with_intervals_is_fast():
    assert RESAMPLES == 2000
    tasks = {name: answered(name) for name in suite()}
    begin = time.process_time()
    for pairs in tasks.values():
        for mode in MODES:
            found = report(tuple(record(filtered(answer, doc, mode), doc) for doc, answer in pairs))
            assert found["rows"] == len(pairs)
            assert found["resamples"] == RESAMPLES
    assert time.process_time() - begin < SECONDS
    assert sum(map(len, tasks.values())) > 7000
