"""Markdown tables of several runs side by side, for documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..suite import ROLES, suite
from .means import Means
from .run import Run, TaskResult
from .table import FAMILY_NAMES, ROLE_NAMES, percent


def markdown(runs: Sequence[Run], all_means: Sequence[Means]) -> str:
    """Return three tables: family means, scores by task, and how well-formed the answers were."""
    labels = [run.label for run in runs]
    names = [name for name in suite() if any(result.task.name == name for run in runs for result in run.tasks)]
    results = [{result.task.name: result for result in run.tasks} for run in runs]
    scores = (["task", "notes", "gold items", *labels], [_scores(name, results) for name in names])
    forms = (["task", *labels], [_forms(name, results) for name in names])
    return "\n".join(
        [
            "Family means and their mean (repaired answers, %, 95 % interval over notes):\n",
            table(["run", "tasks", *FAMILY_NAMES.values()], _means(runs, all_means)),
            "Main score by task (repaired answers, %, 95 % interval over notes):\n",
            table(*scores),
            "Form of the answers: valid / repaired / truncated / unparseable, % of rows:\n",
            table(*forms),
        ]
    )


def _means(runs: Sequence[Run], all_means: Sequence[Means]) -> Iterable[list[str]]:
    for run, found in zip(runs, all_means, strict=True):
        for role in ROLES:
            scores = found.by_role[role]
            if scores:
                cells = [percent(scores[name]) if name in scores else "–" for name in FAMILY_NAMES]
                yield [run.label, ROLE_NAMES[role], *cells]


def _scores(name: str, results: Sequence[dict[str, TaskResult]]) -> list[str]:
    found = [result.get(name) for result in results]
    sizes = next([str(result.notes), str(result.gold)] for result in found if result)
    return [f"`{name}`", *sizes, *(percent(result.score) if result else "–" for result in found)]


def _forms(name: str, results: Sequence[dict[str, TaskResult]]) -> list[str]:
    cells = []
    for result in (by_name.get(name) for by_name in results):
        rates = result.estimates["repaired"] if result else {}
        kinds = ("valid", "repaired", "truncated", "unparseable")
        cells.append(" / ".join(f"{100 * rates[kind].value:.0f}" for kind in kinds) if result else "–")
    return [f"`{name}`", *cells]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
