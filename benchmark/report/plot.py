"""The report's pictures: scores with their intervals, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..scoring.bootstrap import Estimate
from .marks import (
    Value,
    add_legend,
    draw_marks,
    logarithmic,
    mark,
    models_of,
    new_figure,
    percentage,
    plain,
    settings_of,
    style,
    swatch,
)
from .panels import Panel, panels
from .picture import Picture
from .series import Series, answered
from .sheet import FAMILY_NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FEW = 8
"""Series that marks of their own can tell apart; of more, models and settings are told apart."""
_SCORE = "score, % (95 % interval over notes)"
_SHIFT = 0.012
"""Part of an axis between marks of one place."""


class Point(NamedTuple):
    """A series at a place of an axis; `number` is its own among those of the report."""

    number: int
    x: float
    score: Estimate


def task_plot(series: Sequence[Series]) -> Picture:
    """Return one line a task, one mark a series, bars for the 95 % interval; of many series one panel a task."""
    return Picture(partial(_tasks if len(series) <= _FEW else _task_panels, series))


def _tasks(series: Sequence[Series]) -> Figure:
    names = answered(series)
    figure = new_figure(8, 1.2 + max(0.32, 0.1 + 0.06 * len(series)) * len(names))
    axes = figure.subplots()
    for number, each in enumerate(series):
        scores = {result.task.name: each.score(result) for result in each.tasks}
        places = [
            (place + _offset(number, len(series)), percentage(scores[name]))
            for place, name in enumerate(names)
            if name in scores
        ]
        draw_marks(axes, places, style(number), horizontal=True)
    axes.set_yticks(range(len(names)), list(map(_task_name, names)))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(_SCORE)
    axes.set_xlim(-2, 102)
    plain(axes, "x")
    return _with_series(figure, series)


def _task_panels(series: Sequence[Series]) -> Figure:
    names = answered(series)
    found = {name: [each.result(name) for each in series] for name in names}
    shown = [
        Panel(
            _task_name(name),
            [percentage(each.score(mine)) if mine else None for each, mine in zip(series, found[name], strict=True)],
        )
        for name in names
    ]
    return panels(series, shown, _SCORE, columns=4)


def _task_name(name: str) -> str:
    return name.removeprefix("itamed_")


def family_plot(series: Sequence[Series], role: str) -> Picture:
    """Return family means and their mean, one mark a series; of many series the picture of `method_plot`."""
    return Picture(partial(_families if len(series) <= _FEW else _family_panels, series, role))


def _families(series: Sequence[Series], role: str) -> Figure:
    figure = new_figure(8, 3.2)
    axes = figure.subplots()
    for number, each in enumerate(series):
        scores = each.means.by_role[role]
        places = [
            (place + _offset(number, len(series)), percentage(scores[name]))
            for place, name in enumerate(FAMILY_NAMES)
            if name in scores
        ]
        draw_marks(axes, places, style(number))
    axes.set_xticks(range(len(FAMILY_NAMES)), list(FAMILY_NAMES.values()))
    axes.set_ylabel("score, %")
    axes.set_ylim(-2, 102)
    plain(axes, "y")
    return _with_series(figure, series)


def method_plot(series: Sequence[Series], role: str) -> Picture | None:
    """Return a panel a family, all on one scale: settings one below the other, one mark a model.

    A setting is how a model was trained and asked ("FT 0-shot constrained"). None where there is one setting only, or
    so many series that `family_plot` is this picture.
    """
    if len(settings_of(series)) < 2 or len(series) > _FEW or not any(each.means.by_role[role] for each in series):
        return None
    return Picture(partial(_family_panels, series, role))


def _family_panels(series: Sequence[Series], role: str) -> Figure:
    means = [each.means.by_role[role] for each in series]
    shown = [
        Panel(title, [percentage(scores[name]) if name in scores else None for scores in means])
        for name, title in FAMILY_NAMES.items()
        if any(name in scores for scores in means)
    ]
    return panels(series, shown, _SCORE, columns=3)


def time_plot(series: Sequence[Series], seconds: Sequence[float | None]) -> Picture | None:
    """Return seconds by setting on a logarithmic axis, one mark a model; None without two known times."""
    known = [Value(each) if each else None for each in seconds]
    if sum(each is not None for each in known) < 2:
        return None
    return Picture(partial(panels, series, [Panel("", known)], "seconds a note", columns=1, logs=True))


def scatter_plot(series: Sequence[Series], points: Sequence[Point], label: str) -> Picture | None:
    """Return scores with intervals against a quantity on a logarithmic axis; None without two places on it.

    Colour and filling are the model's, which is numbered, too, as greys are alike; the shape is the setting's. Marks
    of one place are shifted.

    Args:
        series: all of the report: a model looks alike in all pictures.
        points: those that are drawn.
        label: of the quantity, with its unit.
    """
    return Picture(partial(_scatter, series, points, label)) if len({point.x for point in points}) > 1 else None


def _scatter(series: Sequence[Series], points: Sequence[Point], label: str) -> Figure:
    models, settings = models_of(series), settings_of(series)
    present = [series[point.number] for point in points]
    numbered = {name: number for number, name in enumerate(models_of(present), 1)}
    figure = new_figure(8, 3.6)
    axes = figure.subplots()
    lowest, highest = (end(point.x for point in points) for end in (min, max))
    for number, point in enumerate(points):
        same = [other for other, each in enumerate(points) if each.x == point.x]
        shift = (highest / lowest) ** (_SHIFT * (same.index(number) - (len(same) - 1) / 2))
        each = series[point.number]
        look = style(models.index(each.named.model), settings.index(each.setting))
        value = percentage(point.score)
        draw_marks(axes, [(point.x * shift, value)], look)
        if len(numbered) > 1:
            name = str(numbered[each.named.model])
            axes.annotate(name, (point.x * shift, value.at), (3, 2), textcoords="offset points", fontsize=6)
    logarithmic(axes)
    axes.set_xlabel(label)
    axes.set_ylabel("mean score, %")
    axes.set_ylim(bottom=0)
    plain(axes, "y")
    entries = [
        (f"{number}: {name}" if len(numbered) > 1 else name, swatch(style(models.index(name))))
        for name, number in numbered.items()
    ]
    shapes = [
        (name, mark(style(0, settings.index(name)) | {"color": "0.3", "markerfacecolor": "0.3"}))
        for name in settings_of(present)
    ]
    add_legend(figure, [*entries, *shapes])
    return figure


def _offset(number: int, count: int) -> float:
    """Spread several marks around their line."""
    return 0.0 if count == 1 else 0.6 * (number / (count - 1) - 0.5)


def _with_series(figure: Figure, series: Sequence[Series]) -> Figure:
    """Return a figure with a legend of its series, if there are several."""
    if len(series) > 1:
        add_legend(figure, [(each.label, mark(style(number))) for number, each in enumerate(series)])
    return figure
