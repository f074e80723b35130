"""What no honest run looks like: copied gold, another model's answers, speeds of no machine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from itamed.benchmark.decoding.answer import read_answer
from itamed.benchmark.suite import task_of
from itamed.benchmark.verdict import Record

from .bundle import MANIFEST, samples_name
from .findings import Finding, shown
from .manifest import Answer, Manifest
from .opened import Opened

ENOUGH = 20
"""Answers from which on a share says something."""
GOLD_SHARE, SAME_SHARE = 0.97, 0.9
MAX_TOKENS, MAX_OPERATIONS = 500_000, 2e16
"""Tokens written a second, and operations a second that they take (2 a parameter): more than a machine with
eight of the fastest accelerators does."""
_EXPLAIN = "explain in the pull request how this came about; the maintainers look at it"


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
            _EXPLAIN,
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
        yield Finding(MANIFEST, "cost", "the speed of a machine", found, _EXPLAIN, "warning")


def declared_findings(manifest: Manifest) -> Iterator[Finding]:
    """Tell what a reader of the scores must know of model and training data."""
    declaration = manifest.declaration
    if declaration is None:
        yield Finding(
            MANIFEST,
            "declaration",
            "what the model was trained on",
            "nothing: the leaderboard shows it as not declared",
            "say it with --declaration FILE",
            "warning",
        )
    elif declaration.test_rows == "trained on":
        remedy = "nothing: scores of a model that has read the test rows mean nothing"
        yield Finding(
            MANIFEST, "declaration.test_rows", "a model that has not read the test rows", "one that has", remedy
        )
    if manifest.model.revision is None:
        remedy = "name it with --model NAMESPACE/NAME@COMMIT, if it is on the Hub"
        yield Finding(MANIFEST, "model.revision", "a commit that others can load", "none", remedy, "warning")


def copy_findings(mine: Opened, others: Mapping[str, Opened]) -> Iterator[Finding]:
    """Tell of bundles with the same answers: the same submission, or another model's.

    Answers that come more than once in a task, such as letters and empty lists, say nothing.

    Args:
        mine: the bundle to look at.
        others: by the name of their file.
    """
    for file, other in others.items():
        same, common = _same(mine, other)
        if _settings(mine) == _settings(other) and _said(mine) == _said(other):
            yield Finding("", "", "a new submission", f"that of {shown(file)}", "nothing: it is there already")
        elif common >= ENOUGH and same / common >= SAME_SHARE and mine.manifest.model.name != other.manifest.model.name:
            yield Finding(
                "",
                "answers",
                "answers of its own",
                f"{same} of {common} telling ones as of {other.manifest.model.name} ({shown(file)})",
                _EXPLAIN,
                "error" if same == common else "warning",
            )


def _settings(bundle: Opened) -> tuple[object, ...]:
    manifest = bundle.manifest
    return manifest.model.name, manifest.model.revision, manifest.model.adapter, manifest.decoding.mode


def _same(mine: Opened, other: Opened) -> tuple[int, int]:
    """Return how many telling answers are the same, and how many rows both have answered tellingly."""
    same = common = 0
    for task in mine.answers.keys() & other.answers.keys():
        one, two = (_telling(bundle.answers[task]) for bundle in (mine, other))
        rows = one.keys() & two.keys()
        common += len(rows)
        same += sum(one[row] == two[row] for row in rows)
    return same, common


def _said(bundle: Opened) -> dict[str, dict[str, str]]:
    """Return what was answered by task and row, whatever is counted of it."""
    return {task: {each.id: _content(each.answer) for each in found} for task, found in bundle.answers.items()}


def _telling(answers: Sequence[Answer]) -> dict[str, str]:
    said = {answer.id: _content(answer.answer) for answer in answers}
    times = Counter(said.values())
    return {row: content for row, content in said.items() if times[content] == 1}


def _content(answer: str) -> str:
    """Return an answer without what makes no difference to its score: blanks, fences, the order of keys."""
    reading = read_answer(answer)
    if reading.status == "unparseable":
        return " ".join(answer.split())
    return json.dumps(reading.value, sort_keys=True)
