"""The report's picture: scores of tasks and families with their intervals, readable in grey."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..scoring.bootstrap import Estimate
from .means import Means
from .run import Run
from .table import FAMILY_NAMES

# Okabe and Ito's palette: told apart by the colour-blind; markers repeat the distinction in grey.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "osD^vPX"


def task_plot(runs: Sequence[Run]) -> str:
    """Return an SVG: one line a task, one mark a run, bars for the 95 % interval."""
    names = list(dict.fromkeys(result.task.name for run in runs for result in run.tasks))
    figure = Figure(figsize=(8, 1.2 + 0.32 * len(names)), layout="constrained")
    axes = figure.subplots()
    for number, run in enumerate(runs):
        points = {result.task.name: result.score for result in run.tasks}
        places = [(i + _offset(number, len(runs)), points[name]) for i, name in enumerate(names) if name in points]
        _marks(axes, places, number, run.label, horizontal=True)
    axes.set_yticks(range(len(names)), [name.removeprefix("itamed_") for name in names])
    axes.invert_yaxis()
    axes.set_xlabel("score, % (95 % interval over notes)")
    axes.set_xlim(-2, 102)
    return _svg(figure, axes, len(runs), "x")


def family_plot(runs: Sequence[Run], all_means: Sequence[Means], role: str) -> str:
    """Return an SVG: family means and their mean, one mark a run."""
    names = list(FAMILY_NAMES)
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    for number, (run, found) in enumerate(zip(runs, all_means, strict=True)):
        scores = found.by_role[role]
        places = [(i + _offset(number, len(runs)), scores[name]) for i, name in enumerate(names) if name in scores]
        _marks(axes, places, number, run.label, horizontal=False)
    axes.set_xticks(range(len(names)), list(FAMILY_NAMES.values()))
    axes.set_ylabel("score, %")
    axes.set_ylim(-2, 102)
    return _svg(figure, axes, len(runs), "y")


def _offset(number: int, runs: int) -> float:
    """Spread the marks of several runs around their line."""
    return 0.0 if runs == 1 else 0.5 * (number / (runs - 1) - 0.5)


def _marks(axes: Axes, places: Sequence[tuple[float, Estimate]], number: int, label: str, *, horizontal: bool) -> None:
    at = [place for place, _ in places]
    values = [100 * estimate.value for _, estimate in places]
    below = [100 * max(0.0, e.value - e.low) for _, e in places]
    above = [100 * max(0.0, e.high - e.value) for _, e in places]
    style: dict[str, Any] = {"color": _COLOURS[number % 7], "marker": _MARKERS[number % 7], "label": label}
    style |= {"linestyle": "none", "markersize": 5, "capsize": 2, "elinewidth": 1.2}
    if horizontal:
        axes.errorbar(values, at, xerr=[below, above], **style)
    else:
        axes.errorbar(at, values, yerr=[below, above], **style)


def _svg(figure: Figure, axes: Axes, runs: int, grid: Literal["x", "y"]) -> str:
    axes.grid(axis=grid, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if runs > 1:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)
    text = drawn(figure)
    return text[text.index("<svg") :]


def drawn(figure: Figure) -> str:
    """Return a figure as the text of an SVG file."""
    buffer = io.StringIO()
    # Fixed ids and no date: the same results give the same file.
    with mpl.rc_context({"svg.hashsalt": "itamed", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
