"""The parts of a report on scores, as tables and pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..suite import ROLES
from .plot import family_plot, task_plot
from .run import TaskResult
from .sample import notes_text, sample_text
from .series import Series, answered
from .sheet import FAMILY_NAMES, NONE, ROLE_NAMES, Section, Sheet, filled, percent

_INCOMPLETE = "†"
_FORMS = ("valid", "repaired", "truncated", "unparseable")


def families(series: Sequence[Series]) -> Section:
    """Return family means and their mean, the suite's headline figures, a table a role."""
    text = "The mean of a family is over its tasks, the last column over families (repaired answers, %)."
    roles = [(each, role) for each in series for role in ROLES if each.has(role)]
    if any("mean" in each.means.by_role[role] and not each.means.complete[role] for each, role in roles):
        text += f" {_INCOMPLETE} Over the families present only."
    if any(each.lacks(role, "mean", each.asked) for each, role in roles):
        text += (
            f" {NONE} where a run has not answered all tasks that others here have: a mean over fewer is another "
            "quantity. Its tasks are below."
        )
    for sample in dict.fromkeys(filter(None, (sample_text(run) for each in series for run in each.runs))):
        text += f" Runs are on a sample of notes: {sample}."
    header = ["run", *FAMILY_NAMES.values()]
    sheets = [
        Sheet(
            f"Family means and their mean, {ROLE_NAMES[role]} (repaired answers, %, 95 % interval over notes)",
            header,
            [_family_row(each, role) for each in series if each.has(role)],
        )
        for role in ROLES
    ]
    figures = [
        (f"Family means, {ROLE_NAMES[role]}.", family_plot(series, role))
        for role in ROLES
        if any(each.means.by_role[role] for each in series)
    ]
    return Section("Families", text, filled(sheets), figures)


def _family_row(each: Series, role: str) -> list[str]:
    scores = each.means.by_role[role]
    cells = [percent(scores[name]) if name in scores else NONE for name in FAMILY_NAMES]
    cells[-1] += "" if each.means.complete[role] or "mean" not in scores else f" {_INCOMPLETE}"
    return [each.label, *cells]


def tasks(series: Sequence[Series]) -> Section:
    """Return the main score of each task, series side by side."""
    rows = [_scores(name, series) for name in answered(series)]
    sheet = Sheet(
        "Main score by task (repaired answers, %, 95 % interval over notes)",
        ["task", "notes", "gold items", *(each.label for each in series)],
        rows,
        keys=3,
    )
    return Section("Tasks", "", [sheet], [("Main score of every task (repaired answers).", task_plot(series))])


def _scores(name: str, series: Sequence[Series]) -> list[str]:
    found = [(each, each.result(name)) for each in series]
    sizes = next([notes_text(each.runs[0], result), str(result.gold)] for each, result in found if result)
    return [f"`{name}`", *sizes, *(percent(each.score(result)) if result else NONE for each, result in found)]


def types(series: Sequence[Series]) -> Section:
    """Return F1 by type, of the tasks that have several; nothing where none has."""
    rows = []
    for name in answered(series):
        kinds = dict.fromkeys(kind for each in series if (result := each.result(name)) for kind in _kinds(each, result))
        if len(kinds) > 1:
            gold = _gold(name, series)
            rows += [
                [f"`{name}`", kind, str(gold.get(kind, NONE)), *(_type_score(each, name, kind) for each in series)]
                for kind in kinds
            ]
    if not rows:
        return Section("Types")
    header = ["task", "type", "gold items", *(each.label for each in series)]
    text = f"Gold items are those of the notes that were asked, {NONE} where answers were not kept."
    if any(len(each.runs) > 1 for each in series):
        text += " Means over seeds have no interval here."
    title = "F1 by type (repaired answers, %, 95 % interval over notes)"
    return Section("Types", text, [Sheet(title, header, rows, keys=3)], folded=True)


def _gold(name: str, series: Sequence[Series]) -> dict[str, int]:
    """Return how many gold items of each type the notes of a task have; nothing where no run has kept its answers."""
    kept = (
        run.records(result.name, "repaired") for each in series if (result := each.result(name)) for run in each.runs
    )
    found: Counter[str] = Counter()
    for _, _, counts in next(filter(None, kept), ()):
        found.update({key.partition(":")[2]: int(count) for key, count in counts if key.startswith("gold:")})
    return dict(found)


def _type_score(each: Series, name: str, kind: str) -> str:
    result, metric = each.result(name), f"f1:{kind}"
    return percent(each.estimate(result, metric)) if result and each.metric(result, metric) is not None else NONE


def _kinds(series: Series, result: TaskResult) -> list[str]:
    return [metric[3:] for metric in series.metrics(result) if metric.startswith("f1:")]


def _metric(series: Series, name: str, metric: str) -> str:
    result = series.result(name)
    value = series.metric(result, metric) if result else None
    return NONE if value is None else f"{100 * value:.1f}"


def forms(series: Sequence[Series]) -> Section:
    """Return how well-formed the answers were."""
    rows = [[f"`{name}`", *(_rates(each, name) for each in series)] for name in answered(series)]
    title = "Form of the answers: valid / repaired / truncated / unparseable, % of rows"
    return Section("Answers", "", [Sheet(title, ["task", *(each.label for each in series)], rows, keys=1)], folded=True)


def _rates(series: Series, name: str) -> str:
    result = series.result(name)
    return " / ".join(f"{100 * (series.metric(result, kind) or 0):.0f}" for kind in _FORMS) if result else NONE


def details(each: Series) -> Section:
    """Return one line a task of one series: both ways of scoring, answer forms, sizes."""
    header = ["task", "repaired", "strict", "precision", "recall", "valid", "mended", "cut off", "notes", "gold items"]
    rows = []
    for result in each.tasks:
        parts = [_metric(each, result.task.name, name) for name in ("precision", "recall")]
        rates = [f"{100 * (each.metric(result, name) or 0.0):.0f} %" for name in ("valid", "repaired", "truncated")]
        scores = [percent(each.score(result, mode)) for mode in ("repaired", "strict")]
        rows.append([result.name, *scores, *parts, *rates, notes_text(each.runs[0], result), str(result.gold)])
    return Section(
        each.label, "", [Sheet(f"{each.label}: score in %, 95 % interval over notes", header, rows)], folded=True
    )
