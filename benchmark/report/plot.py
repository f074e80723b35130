"""The report's pictures: scores with their intervals, told apart in grey and by the colour-blind."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..scoring.bootstrap import Estimate
from .series import Series, answered
from .sheet import FAMILY_NAMES

# Okabe and Ito's palette: told apart by the colour-blind; markers repeat the distinction in grey.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "osD^vPX*<>p"
"""More of them than colours: many series are told apart by both."""


class Point(NamedTuple):
    """A series at a place of an axis."""

    series: Series
    x: float
    score: Estimate


def task_plot(series: Sequence[Series]) -> str:
    """Return an SVG: one line a task, one mark a series, bars for the 95 % interval."""
    names = answered(series)
    figure = Figure(figsize=(8, 1.2 + 0.32 * len(names)), layout="constrained")
    axes = figure.subplots()
    for number, each in enumerate(series):
        points = {result.task.name: each.score(result) for result in each.tasks}
        places = [(i + _offset(number, len(series)), points[name]) for i, name in enumerate(names) if name in points]
        _marks(axes, places, number, each.label, horizontal=True)
    axes.set_yticks(range(len(names)), [name.removeprefix("itamed_") for name in names])
    axes.invert_yaxis()
    axes.set_xlabel("score, % (95 % interval over notes)")
    axes.set_xlim(-2, 102)
    return _svg(figure, axes, len(series), "x")


def family_plot(series: Sequence[Series], role: str) -> str:
    """Return an SVG: family means and their mean, one mark a series."""
    names = list(FAMILY_NAMES)
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    for number, each in enumerate(series):
        scores = each.means.by_role[role]
        places = [(i + _offset(number, len(series)), scores[name]) for i, name in enumerate(names) if name in scores]
        _marks(axes, places, number, each.label, horizontal=False)
    axes.set_xticks(range(len(names)), list(FAMILY_NAMES.values()))
    axes.set_ylabel("score, %")
    axes.set_ylim(-2, 102)
    return _svg(figure, axes, len(series), "y")


def method_plot(series: Sequence[Series], role: str) -> str:
    """Return an SVG with a panel a family: settings from left to right, one mark a model.

    A setting is how a model was trained and asked ("FT 0-shot constrained"). Empty where there is one setting only.
    """
    settings, models = _settings(series), _models(series)
    families = [name for name in FAMILY_NAMES if any(name in each.means.by_role[role] for each in series)]
    if len(settings) < 2 or not families:
        return ""
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True)
    for axes in panels.flat[len(families) :]:
        axes.set_axis_off()
    for axes, family in zip(panels.flat, families, strict=False):
        for number, model in enumerate(models):
            mine = [each for each in series if each.named.model == model and family in each.means.by_role[role]]
            places = [
                (settings.index(each.setting) + _offset(number, len(models)), each.means.by_role[role][family])
                for each in mine
            ]
            _marks(axes, places, number, model, horizontal=False)
        axes.set_title(FAMILY_NAMES[family], fontsize=10)
        _setting_axis(axes, settings, rotation=35, fontsize=8)
        axes.tick_params(labelbottom=True)
        # Scores near zero are no reason for a scale of tenths of a point.
        axes.set_ylim(0, max(5, axes.get_ylim()[1]))
        _plain(axes, "y")
    if len(models) > 1:
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return _text(figure)


def time_plot(times: Sequence[tuple[Series, float | None]]) -> str:
    """Return an SVG: seconds by setting on a logarithmic axis, one mark a model; empty without two known times."""
    known = [(each, seconds) for each, seconds in times if seconds]
    settings, models = _settings([each for each, _ in known]), _models([each for each, _ in known])
    if len(known) < 2:
        return ""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    for number, model in enumerate(models):
        mine = [(each, seconds) for each, seconds in known if each.named.model == model]
        at = [settings.index(each.setting) + _offset(number, len(models)) for each, _ in mine]
        axes.plot(at, [seconds for _, seconds in mine], label=_plain_text(model), **_style(number))
    _setting_axis(axes, settings, rotation=20)
    axes.set_yscale("log")
    axes.set_ylabel("seconds a note")
    return _svg(figure, axes, len(models), "y")


def scatter_plot(points: Sequence[Point], label: str) -> str:
    """Return an SVG: scores with intervals against a quantity on a logarithmic axis, one mark a series."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    for number, point in enumerate(points):
        _marks(axes, [(point.x, point.score)], number, point.series.label, horizontal=False)
    axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel("mean score, %")
    axes.set_ylim(bottom=0)
    return _svg(figure, axes, len(points), "y")


def _settings(series: Sequence[Series]) -> list[str]:
    """Return the settings in the order of a reader's questions: untrained first, then few shots, then grammars."""
    order = {each.setting: (each.named.training, len(each.method.split()), each.method) for each in series}
    return sorted(order, key=lambda setting: order[setting])


def _setting_axis(axes: Axes, settings: Sequence[str], **style: Any) -> None:
    """Name the settings below the plot, with room at both ends: few of them would else stand at its edges."""
    axes.set_xticks(range(len(settings)), list(map(_plain_text, settings)), ha="right", **style)
    axes.set_xlim(-0.5, len(settings) - 0.5)


def _models(series: Sequence[Series]) -> list[str]:
    return list(dict.fromkeys(each.named.model for each in series))


def _offset(number: int, count: int) -> float:
    """Spread several marks around their line."""
    return 0.0 if count == 1 else 0.5 * (number / (count - 1) - 0.5)


def _style(number: int) -> dict[str, Any]:
    colour, marker = _COLOURS[number % len(_COLOURS)], _MARKERS[number % len(_MARKERS)]
    return {"color": colour, "marker": marker, "linestyle": "none", "markersize": 5}


def _plain_text(label: str) -> str:
    """Return a label as it is: matplotlib reads dollars as formulas, and hides what begins with a line."""
    return label.replace("$", r"\$").replace("_", "\N{ZERO WIDTH SPACE}_", 1 if label.startswith("_") else 0)


def _marks(axes: Axes, places: Sequence[tuple[float, Estimate]], number: int, label: str, *, horizontal: bool) -> None:
    at = [place for place, _ in places]
    values = [100 * estimate.value for _, estimate in places]
    below = [100 * max(0.0, e.value - e.low) for _, e in places]
    above = [100 * max(0.0, e.high - e.value) for _, e in places]
    style = _style(number) | {"label": _plain_text(label), "capsize": 2, "elinewidth": 1.2}
    if horizontal:
        axes.errorbar(values, at, xerr=[below, above], **style)
    else:
        axes.errorbar(at, values, yerr=[below, above], **style)


def _plain(axes: Axes, grid: Literal["x", "y"]) -> None:
    axes.grid(axis=grid, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _svg(figure: Figure, axes: Axes, marks: int, grid: Literal["x", "y"]) -> str:
    _plain(axes, grid)
    if marks > 1:
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return _text(figure)


def _text(figure: Figure) -> str:
    text = drawn(figure)
    return text[text.index("<svg") :]


def drawn(figure: Figure) -> str:
    """Return a figure as the text of an SVG file."""
    buffer = io.StringIO()
    # Fixed ids and no date: the same results give the same file.
    with mpl.rc_context({"svg.hashsalt": "itamed", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
