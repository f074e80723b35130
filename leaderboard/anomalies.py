"""What no honest run looks like: copied gold, training on tests; copies of others see `copies`, speeds `speed`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from itamed.benchmark.report.settings import RULES
from itamed.benchmark.suite import own_name, suite, task_of
from itamed.benchmark.verdict import Record

from .bundle import MANIFEST, samples_name
from .findings import EXPLAIN, Finding, shown
from .known import tasks_of
from .manifest import Declaration, Manifest

ENOUGH = 20
"""Answers from which on a share says something."""
GOLD_SHARE = 0.97
SEVERAL_SHARE = 0.5
"""Of rows with two items or more. A model that misses and invents one item in ten has this share all right; the best of
all measured runs, a rule at F1 79 %, has 38 %."""


def gold_findings(name: str, records: Iterable[Record]) -> Iterator[Finding]:
    """Tell of a task whose rows are right to the last item: annotations have mistakes, which no model makes too.

    Questions are only warned of, as a letter may well be right, and so are few rows. Rows with nothing to find say
    nothing. Where fewer rows are right, as of somebody who left out a part of the gold, those with several items tell:
    a single one is found by simple rules.

    Args:
        name: the task.
        records: of its answers, see `verdict.record`.
    """
    counts = [counts for _, _, pairs in records if (counts := dict(pairs)).get("gold")]
    several = [row for row in counts if row["gold"] > 1]
    right, right_several = _right(counts), _right(several)
    if counts and right / len(counts) >= GOLD_SHARE:
        certain = len(counts) >= ENOUGH and task_of(name).family != "qa"
        yield Finding(
            samples_name(name),
            "answer",
            "answers of a model",
            f"the gold, to the last item, in {right} of {len(counts)} rows",
            EXPLAIN,
            "error" if certain else "warning",
        )
    elif len(several) >= ENOUGH and right_several / len(several) >= SEVERAL_SHARE:
        found = f"the gold, to the last item, in {right_several} of {len(several)} rows of several items"
        yield Finding(samples_name(name), "answer", "answers of a model", found, EXPLAIN, "warning")


def _right(counts: Sequence[Mapping[str, float]]) -> int:
    return sum(row.get("tp", 0.0) == row["gold"] == row.get("pred", row["gold"]) for row in counts)


def declared_findings(manifest: Manifest) -> Iterator[Finding]:
    """Tell what a reader of the scores must know of model and training data; a rule of itamed's has neither."""
    declaration = manifest.declaration
    if manifest.decoding.engine == RULES:
        return
    if declaration is None:
        yield Finding(
            MANIFEST,
            "declaration",
            "what the model was trained on",
            "nothing: the leaderboard shows it as not declared",
            "say it with --declaration FILE",
            "warning",
        )
    else:
        yield from _trained_on(declaration, manifest.suite.version)
    model = manifest.model
    for place, option, weights in (("model", "--model", model), ("model.adapter", "--adapter", model.adapter)):
        if weights and weights.revision is None:
            remedy = f"name it with {option} NAMESPACE/NAME@COMMIT, if it is on the Hub"
            yield Finding(MANIFEST, f"{place}.revision", "a commit that others can load", "none", remedy, "warning")


def _trained_on(declaration: Declaration, version: str) -> Iterator[Finding]:
    """Tell of training data that leave scores without a meaning: shown for what they are, and not ranked."""
    if declaration.test_rows == "trained on":
        remedy = "nothing; the leaderboard shows the scores with that, and ranks them nowhere"
        expected = "a model that has not read the test rows"
        yield Finding(MANIFEST, "declaration.test_rows", expected, "one that has", remedy, "warning")
    names = suite().keys() | tasks_of(version).keys()
    if unknown := sorted(name for name in set(declaration.tasks) if own_name(name) not in names):
        remedy = "name tasks of the suite, and other data under corpora"
        yield Finding(MANIFEST, "declaration.tasks", "tasks of the suite", shown(unknown), remedy)
    if ood := trained_ood(declaration, version):
        remedy = "nothing; the leaderboard shows the scores, and gives no rank on out-of-distribution tasks"
        found = f"rows of {', '.join(ood)}"
        yield Finding(
            MANIFEST, "declaration.tasks", "no training on out-of-distribution tasks", found, remedy, "warning"
        )


def trained_ood(declaration: Declaration | None, version: str) -> list[str]:
    """Return the out-of-distribution tasks that a model was trained on, as is said: nothing of them may be.

    Args:
        declaration: of the model.
        version: of the suite that it answered: a task may have had another role than today.

    Raises:
        ItamedError: the version is not known here.
    """
    if not declaration or not declaration.tasks:
        return []
    ood = [name for name, task in tasks_of(version).items() if task.role == "ood"]
    return [named for name in ood for named in declaration.tasks if own_name(named) == name]
