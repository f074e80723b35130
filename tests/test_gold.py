"""Every row of every task and split: its own gold answer is valid as it stands and scores 1.0."""

import json

import pytest
from itamed.benchmark.data.load import load_rows
from itamed.benchmark.families import family_of
from itamed.benchmark.suite import suite
from itamed.benchmark.verdict import filtered, record, report

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("built_suite")]


def faults(row, labels):
    """Yield what keeps a row's gold answer from being perfect."""
    doc = row.to_dict() | {"labels": labels}
    answer = json.dumps(family_of(type(row)).gold(row), ensure_ascii=False)
    passed = filtered(answer, doc, "strict")
    if json.loads(passed)["status"] != "valid":
        yield f"{row.id} is {json.loads(passed)['status']}: {answer:.200}"
    judged = record(passed, doc)
    counts = dict(judged[2])
    # Without anything to find the score is undefined: there, nothing must be predicted.
    score = report((judged,), resamples=1)["metrics"]["score"]["value"] if counts["gold"] else 1.0
    if score != 1.0 or counts.get("pred", counts["gold"]) != counts["gold"]:
        yield f"{row.id} scores {score}: {counts}"


@pytest.mark.parametrize("task", suite())
def test_the_gold_answer_of_every_row_is_perfect(task):
    labels = list(suite()[task].labels)
    rows = [row for held in load_rows(task).values() for row in held]
    assert any(not family_of(type(row)).is_empty(row) for row in rows)
    assert [fault for row in rows for fault in faults(row, labels)] == []
