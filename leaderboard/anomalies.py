"""What no honest run looks like: copied gold, speeds of no machine; copies of others see `copies`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from itamed.benchmark.report.settings import RULES
from itamed.benchmark.suite import suite, task_of
from itamed.benchmark.verdict import Record

from .bundle import MANIFEST, samples_name
from .findings import EXPLAIN, Finding, shown
from .known import known
from .manifest import Declaration, Manifest

ENOUGH = 20
"""Answers from which on a share says something."""
GOLD_SHARE = 0.97
MAX_TOKENS, MAX_OPERATIONS = 500_000, 2e16
"""Tokens written a second, and operations a second that they take (2 a parameter): more than a machine with
eight of the fastest accelerators does."""


def gold_findings(name: str, records: Iterable[Record]) -> Iterator[Finding]:
    """Tell of a task whose rows are right to the last item: annotations have mistakes, which no model makes too.

    Questions are only warned of, as a letter may well be right, and so are few rows. Rows with nothing to
    find say nothing.

    Args:
        name: the task.
        records: of its answers, see `verdict.record`.
    """
    counts = [counts for _, _, pairs in records if (counts := dict(pairs)).get("gold")]
    right = sum(row.get("tp", 0.0) == row["gold"] == row.get("pred", row["gold"]) for row in counts)
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


def speed_findings(manifest: Manifest) -> Iterator[Finding]:
    """Tell of more tokens a second than any machine writes."""
    cost, parameters = manifest.cost, manifest.model.parameters or 0
    rate = (cost.tokens_out or 0) / cost.seconds
    if cost.resumed:
        return
    if rate > MAX_TOKENS or 2 * parameters * rate > MAX_OPERATIONS:
        found = f"{cost.tokens_out} tokens in {cost.seconds:g} s"
        yield Finding(MANIFEST, "cost", "the speed of a machine", found, EXPLAIN, "warning")


def declared_findings(manifest: Manifest) -> Iterator[Finding]:
    """Tell what a reader of the scores must know of model and training data; a rule of itamed's has neither."""
    declaration = manifest.declaration
    if declaration is None and _is_rule(manifest):
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


def _is_rule(manifest: Manifest) -> bool:
    if manifest.decoding.engine != RULES or manifest.model.adapter:
        return False
    # Not above: it loads the harness. The engine alone is anybody's word for a model of another name.
    from itamed.benchmark.baselines import RULES as BY_NAME

    return manifest.model.name in BY_NAME


def _trained_on(declaration: Declaration, version: str) -> Iterator[Finding]:
    """Tell of training data that leave scores without a meaning: shown for what they are, and not ranked."""
    if declaration.test_rows == "trained on":
        remedy = "nothing; the leaderboard shows the scores with that, and ranks them nowhere"
        expected = "a model that has not read the test rows"
        yield Finding(MANIFEST, "declaration.test_rows", expected, "one that has", remedy, "warning")
    names = {name for task in suite().values() for name in (task.name, task.mini_name)} | known().get(
        version, {}
    ).keys()
    if unknown := sorted(set(declaration.tasks) - names):
        remedy = "name tasks of the suite, and other data under corpora"
        yield Finding(MANIFEST, "declaration.tasks", "tasks of the suite", shown(unknown), remedy)
    if ood := trained_ood(declaration):
        remedy = "nothing; the leaderboard shows the scores, and gives no rank on out-of-distribution tasks"
        found = f"rows of {', '.join(ood)}"
        yield Finding(
            MANIFEST, "declaration.tasks", "no training on out-of-distribution tasks", found, remedy, "warning"
        )


def trained_ood(declaration: Declaration | None) -> list[str]:
    """Return the out-of-distribution tasks that a model was trained on, as is said: nothing of them may be."""
    named = declaration.tasks if declaration else ()
    return [
        name for task in suite().values() if task.role == "ood" for name in named if name in (task.name, task.mini_name)
    ]
