"""The parts of a report on scores, as tables and pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..suite import ROLES
from .gains import corrected_gains, gains
from .pairing import Difference
from .plot import family_plot, task_plot
from .run import TaskResult
from .series import Series, alike, answered
from .sheet import FAMILY_NAMES, NONE, ROLE_NAMES, Section, Sheet, chance_text, detectable_text, filled, percent, signed

_FORMS = ("valid", "repaired", "truncated", "unparseable")


def families(series: Sequence[Series]) -> Section:
    """Return family means and their mean, the suite's headline figures."""
    rows = [row for each in series for row in _family_rows(each)]
    text = "The mean of a family is over its tasks, the last column over families (repaired answers, %)."
    roles = [(each, role) for each in series for role in ROLES if each.has(role)]
    if any("mean" in each.means.by_role[role] and not each.means.complete[role] for each, role in roles):
        text += " * Over the families present only."
    if any(each.lacks(role, "mean", each.asked) for each, role in roles):
        text += (
            f" {NONE} where a run has not answered all tasks that others here have: a mean over fewer is another "
            "quantity. Its tasks are below."
        )
    title = "Family means and their mean (repaired answers, %, 95 % interval over notes)"
    figures = [
        (f"Family means, {ROLE_NAMES[role]}.", family_plot(series, role))
        for role in ROLES
        if any(each.means.by_role[role] for each in series)
    ]
    return Section("Families", text, [Sheet(title, ["run", "tasks", *FAMILY_NAMES.values()], rows)], figures)


def _family_rows(each: Series) -> Iterator[list[str]]:
    for role in filter(each.has, ROLES):
        scores = each.means.by_role[role]
        cells = [percent(scores[name]) if name in scores else NONE for name in FAMILY_NAMES]
        cells[-1] += "" if each.means.complete[role] or "mean" not in scores else " *"
        yield [each.label, ROLE_NAMES[role], *cells]


_GAIN = ("gain", "p", "detectable")
_PAIRED = (
    "paired note by note; p from random swaps of two runs' answers (with several seeds from Student's test), corrected "
    "(Holm) for all means of the table, and apart from them for all families; detectable is the least true gain that "
    "four of five such comparisons would find."
)


def gained(series: Sequence[Series], baseline: Series) -> Section:
    """Return what means and families gain on a baseline."""
    found = gains(baseline, [each for each in series if each is not baseline])
    by_role = [
        (role, _rank(name), [label, ROLE_NAMES[role], FAMILY_NAMES[name], *_gain_cells(gain)])
        for label, by_key in found.items()
        for (role, name), gain in by_key.items()
    ]
    rows = [cells for _, _, cells in sorted(by_role, key=lambda row: (ROLES.index(row[0]), row[1]))]
    sheet = Sheet(f"Gain on {baseline.label} (points)", ["run", "tasks", "family", *_GAIN], rows)
    text = f"Gains are {_PAIRED}"
    if silent := [each.label for each in series if each is not baseline and not found[each.label]]:
        text += f" None of {', '.join(silent)}: no family with the same tasks, or answers that were not kept."
    return Section("Gains", text, [sheet])


def _rank(family: str) -> int:
    """Return the place of a family's lines: the mean is the first question, families the second."""
    return 0 if family == "mean" else 1 + list(FAMILY_NAMES).index(family)


def _gain_cells(gain: Difference) -> list[str]:
    return [signed(gain.gain), chance_text(gain.p), detectable_text(gain.mde)]


def grammars(series: Sequence[Series]) -> Section:
    """Return what grammars gain: runs free and constrained that are alike else."""
    found = pairs(series)
    by_label = corrected_gains({pair[0].label: pair for pair in found})
    rows = [row for free, held in found for row in _pair_rows(free, held, by_label[free.label])]
    header = ["run", "tasks", "free", "constrained", *_GAIN, "valid free", "valid constrained"]
    text = f"Runs of one model asked alike, without and with a grammar for each document; gains are {_PAIRED}"
    return Section("Free and constrained", text, filled([Sheet("What grammars gain (means, %)", header, rows)]))


def pairs(series: Sequence[Series]) -> list[tuple[Series, Series]]:
    """Return (free, constrained) of the series that differ in nothing else, each once."""
    found: dict[str, tuple[Series, Series]] = {}
    for free in series:
        for held in series:
            same = free.named == held.named and len(free.runs) == len(held.runs) and _engine(free) == _engine(held)
            if same and f"{free.method} constrained" == held.method:
                found.setdefault(free.label, (free, held))
    return list(found.values())


def _engine(series: Series) -> tuple[str, ...]:
    return alike(series.runs[0], method=False)


def _pair_rows(free: Series, held: Series, gained: Mapping[tuple[str, str], Difference]) -> Iterator[list[str]]:
    for role in ROLES:
        if gain := gained.get((role, "mean")):
            valid = [f"{100 * _valid(each, role):.0f} %" for each in (free, held)]
            scores = [percent(gain.first), percent(gain.second)]
            yield [free.label, ROLE_NAMES[role], *scores, *_gain_cells(gain), *valid]


def _valid(series: Series, role: str) -> float:
    """Return the share of valid answers, by rows."""
    mine = [result for result in series.tasks if result.task.role == role]
    return sum((series.metric(r, "valid") or 0.0) * r.rows for r in mine) / sum(result.rows for result in mine)


def tasks(series: Sequence[Series]) -> Section:
    """Return the main score of each task, series side by side."""
    rows = [_scores(name, series) for name in answered(series)]
    sheet = Sheet(
        "Main score by task (repaired answers, %, 95 % interval over notes)",
        ["task", "notes", "gold items", *(each.label for each in series)],
        rows,
    )
    return Section("Tasks", "", [sheet], [("Main score of every task (repaired answers).", task_plot(series))])


def _scores(name: str, series: Sequence[Series]) -> list[str]:
    found = [(each, each.result(name)) for each in series]
    sizes = next([str(result.notes), str(result.gold)] for _, result in found if result)
    return [f"`{name}`", *sizes, *(percent(each.score(result)) if result else NONE for each, result in found)]


def types(series: Sequence[Series]) -> Section:
    """Return F1 by type, of the tasks that have several."""
    rows = []
    for name in answered(series):
        results = filter(None, (each.result(name) for each in series))
        kinds = dict.fromkeys(kind for result in results for kind in _kinds(result))
        if len(kinds) > 1:
            rows += [[f"`{name}`", kind, *(_metric(each, name, f"f1:{kind}") for each in series)] for kind in kinds]
    header = ["task", "type", *(each.label for each in series)]
    return Section("Types", "", filled([Sheet("F1 by type (repaired answers, %)", header, rows)]), folded=True)


def _kinds(result: TaskResult) -> list[str]:
    return [metric[3:] for metric in result.estimates["repaired"] if metric.startswith("f1:")]


def _metric(series: Series, name: str, metric: str) -> str:
    result = series.result(name)
    value = series.metric(result, metric) if result else None
    return NONE if value is None else f"{100 * value:.1f}"


def forms(series: Sequence[Series]) -> Section:
    """Return how well-formed the answers were."""
    rows = [[f"`{name}`", *(_rates(each, name) for each in series)] for name in answered(series)]
    title = "Form of the answers: valid / repaired / truncated / unparseable, % of rows"
    return Section("Answers", "", [Sheet(title, ["task", *(each.label for each in series)], rows)], folded=True)


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
        rows.append([result.name, *scores, *parts, *rates, str(result.notes), str(result.gold)])
    return Section(
        each.label, "", [Sheet(f"{each.label}: score in %, 95 % interval over notes", header, rows)], folded=True
    )
