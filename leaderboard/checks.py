"""What is checked of a task: its fingerprint, its rows, how answers end, and every figure, from the raw answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from itamed.benchmark.docs import task_docs
from itamed.benchmark.sources.registry import source_of
from itamed.benchmark.suite import MINI_PREFIX, task_of
from itamed.benchmark.suite_fingerprint import PARTS, behaviour_fingerprint, rows_fingerprint
from itamed.benchmark.text import ngrams, words

from .bundle import MANIFEST, SCORES, TOLERANCE, samples_name
from .findings import Finding, shown
from .manifest import Answer, Fingerprint, Report, TaskScores
from .rescore import Docs, Rescored, finish_of

MAX_QUOTE = 30
"""Most words that an answer may copy of passages whose terms forbid copies."""
_STRETCH = 8
"""Words in a row that count as copied: names and findings are shorter."""
_MOST = 5


def fingerprint_findings(
    name: str, stated: Fingerprint, known: Mapping[str, str], *, reasoned: bool
) -> Iterator[Finding]:
    """Compare a task's fingerprint with that of the code and data here, and with the published one.

    Parts that came later are not asked of a bundle or a suite version from before; but answers that were reasoned by
    rules that nobody told are no answers to this suite.

    Args:
        name: the task.
        stated: by the bundle.
        known: by part, without "rows" where the maintainers have not built the data.
        reasoned: whether the answers were.
    """
    here = behaviour_fingerprint(task_of(name).name) | {"rows": rows_fingerprint(name)}
    mini = name.startswith(MINI_PREFIX)
    source = source_of(task_of(name).name).name
    for part in PARTS:
        place, theirs = f"suite.fingerprints.{name}.{part}", getattr(stated, part)
        unknown = part != "rows" and part not in known
        if unknown or (theirs is None and not reasoned):
            continue
        published = None if mini and part == "rows" else known.get(part)
        if published and here[part] != published:
            remedy = (
                f"build the data again: `itamed data build --source {source} --force`"
                if part == "rows"
                else "this itamed, or a package below it, is another or was changed: install the bundle's suite.version"
            )
            yield Finding("", place, f"{published} as published", f"{here[part]} on this machine", remedy)
        elif theirs != here[part]:
            remedy = f"the run had another {part} than this suite version: run the task with it again, and submit that"
            yield Finding(MANIFEST, place, here[part], theirs, remedy)
    if "rows" not in known and not mini:
        yield Finding(
            MANIFEST,
            f"suite.fingerprints.{name}.rows",
            "rows that the maintainers know",
            "no published list of them: the rows are those of this machine's build",
            "nothing; two builds of this source may differ, if its publisher has changed it",
            "warning",
        )


def row_findings(name: str, answers: Sequence[Answer], docs: Docs, *, sample: bool) -> Iterator[Finding]:
    """Compare the rows of a task that were answered with those that there are: all, or whole notes, in order."""
    file, order = samples_name(name), list(docs)
    given = [answer.id for answer in answers]
    if unknown := [row for row in given if row not in docs]:
        yield Finding(file, "id", f"rows of {name}", f"{len(unknown)} others, as {shown(unknown[0])}")
        return
    answered = set(given)
    missing = [row for row in order if row not in answered]
    if sample:
        notes = {docs[row]["doc_id"] for row in answered}
        missing = [row for row in missing if docs[row]["doc_id"] in notes]
    if missing:
        remedy = "run the task to its end, without --limit and eval_notes, and submit that"
        expected = "all rows of each note" if sample else f"answers to all {len(order)} rows"
        yield Finding(file, "id", expected, f"{len(missing)} missing, as {shown(missing[0])}", remedy)
    elif given != [row for row in order if row in answered]:
        yield Finding(file, "id", "rows in the order of the data", "another order")


def answer_findings(name: str, answers: Sequence[Answer], docs: Docs) -> Iterator[Finding]:
    """Check how answers are said to end, and that none copies a passage that may not be copied."""
    file = samples_name(name)
    wrong = [(answer, finish) for answer in answers if (finish := finish_of(answer.answer)) != answer.finish]
    for answer, finish in wrong[:_MOST]:
        yield Finding(file, f"row {shown(answer.id)} finish", finish, answer.finish)
    source = source_of(task_of(name).name)
    long = [] if source.redistribute else [each for each in answers if len(words(each.answer)) > MAX_QUOTE]
    if long and (copies := _copies(long, _passages(name, docs))):
        yield Finding(
            file,
            f"row {shown(copies[0].id)} answer",
            f"at most {MAX_QUOTE} words of passages of {source.title}, whose terms forbid copies",
            f"{len(copies)} answers that hold more",
            f"submit without the task: --leave-out {name}",
        )


def _passages(name: str, docs: Docs) -> set[tuple[str, ...]]:
    """Return all stretches of words of a task's texts, of the examples in its prompts, too."""
    shots = task_docs(task_of(name).name, mini=name.startswith(MINI_PREFIX))["fewshot"]
    texts = (" ".join([doc["text"], *doc.get("options", ())]) for doc in (*docs.values(), *shots))
    return set[tuple[str, ...]]().union(*(ngrams(text, _STRETCH) for text in texts))


def _copies(answers: Sequence[Answer], passages: Collection[tuple[str, ...]]) -> list[Answer]:
    """Return the answers that copy more than `MAX_QUOTE` words, in one piece or in many."""
    found = []
    for answer in answers:
        said, copied = words(answer.answer), set[int]()
        for at in range(len(said) - _STRETCH + 1):
            if tuple(said[at : at + _STRETCH]) in passages:
                copied.update(range(at, at + _STRETCH))
        if len(copied) > MAX_QUOTE:
            found.append(answer)
    return found


def score_findings(name: str, stated: TaskScores, found: Rescored) -> Iterator[Finding]:
    """Compare every stated figure with the one that the raw answers give; yields the first wrong one of a mode."""
    for mode, report in stated.modes.items():
        if wrong := list(_differences(report, found.reports[mode])):
            field, expected, given = wrong[0]
            more = f" ({len(wrong) - 1} more figures of the task differ)" if len(wrong) > 1 else ""
            place = f"tasks.{name}.modes.{mode}.{field}"
            yield Finding(SCORES, place, f"{expected} from the raw answers", f"{shown(given)}{more}")


def _differences(stated: Report, found: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for size in ("notes", "rows", "gold", "resamples"):
        if getattr(stated, size) != found[size]:
            yield size, found[size], getattr(stated, size)
    metrics = found["metrics"]
    if stated.metrics.keys() != metrics.keys():
        odd = sorted(stated.metrics.keys() ^ metrics.keys())
        yield "metrics", f"the {len(metrics)} metrics of the task", f"others, as {odd[0]}"
        return
    for metric, figures in metrics.items():
        for part, value in figures.items():
            given = getattr(stated.metrics[metric], part)
            if abs(given - value) > TOLERANCE:
                yield f"metrics.{metric}.{part}", value, given
