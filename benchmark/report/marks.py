"""How series are told apart in pictures, in grey and by the colour-blind, and the legend that says so."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..scoring.bootstrap import Estimate
from .series import Series

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, without the yellow that is too light on white; the first ones differ in grey, too.
_COLOURS = ("#0072B2", "#E69F00", "#000000", "#CC79A7", "#009E73", "#56B4E9", "#D55E00")
_MARKERS = "osD^vPX*<>pd"
_TRAININGS = ("", "FT", "CPT", "CPT+FT")
"""From the least training to the most; those with other names follow."""
_LEGEND_COLUMNS = 4
_LEGEND_FONT = 9
_WRAPPED = 80
"""Letters of a line of a legend: more would not fit beside each other."""


class Value(NamedTuple):
    """A number to be drawn, and how far its interval reaches below and above it."""

    at: float
    below: float = 0.0
    above: float = 0.0


def percentage(score: Estimate) -> Value:
    """Return a score in per cent; one without an interval has none."""
    # In this order what is no number becomes 0.
    below, above = max(0.0, score.value - score.low), max(0.0, score.high - score.value)
    return Value(100 * score.value, 100 * below, 100 * above)


def settings_of(series: Sequence[Series]) -> list[str]:
    """Return the settings in a reader's order: by training, then by shots, each free before constrained."""
    ranks = {each.setting: _rank(each) for each in series}
    return sorted(ranks, key=lambda setting: ranks[setting])


def _rank(series: Series) -> tuple[Any, ...]:
    training, run = series.named.training, series.runs[0]
    known = _TRAININGS.index(training) if training in _TRAININGS else len(_TRAININGS)
    shots = sorted({result.shots for result in run.tasks})
    # A tagger, which is not asked at all, follows.
    return known, training, run.method == "tagger", shots, bool(run.settings.constrained)


def models_of(series: Sequence[Series]) -> list[str]:
    """Return the models in the order of their first series."""
    return list(dict.fromkeys(each.named.model for each in series))


def style(number: int, marker: int | None = None) -> dict[str, Any]:
    """Return how a mark looks.

    Up to 14 numbers differ in colour and filling, up to 24 in shape and filling, which is what is left in grey.

    Args:
        number: of the series or the model.
        marker: number of the shape, where it says something else.
    """
    colour, shapes = _COLOURS[number % len(_COLOURS)], len(_MARKERS)
    hollow = len(_COLOURS) <= number % (2 * shapes) < len(_COLOURS) + shapes
    shape = _MARKERS[(number if marker is None else marker) % shapes]
    face = "white" if hollow else colour
    return {"color": colour, "marker": shape, "markerfacecolor": face, "linestyle": "none", "markersize": 5}


def plain_text(label: str) -> str:
    """Return a label as it is: matplotlib reads dollars as formulas, and hides what begins with a line."""
    return label.replace("$", r"\$").replace("_", "\N{ZERO WIDTH SPACE}_", 1 if label.startswith("_") else 0)


def wrapped(label: str, width: int) -> str:
    """Return a label as it is, in lines of so many letters."""
    return plain_text(textwrap.fill(label, width))


def draw_marks(
    axes: Axes, places: Sequence[tuple[float, Value]], style: dict[str, Any], *, horizontal: bool = False
) -> None:
    """Draw values with their intervals at places of the other axis."""
    at, values = [place for place, _ in places], [value.at for _, value in places]
    reach = [[value.below for _, value in places], [value.above for _, value in places]]
    style = style | {"capsize": 2, "elinewidth": 1}
    if horizontal:
        axes.errorbar(values, at, xerr=reach, **style)
    else:
        axes.errorbar(at, values, yerr=reach, **style)


def plain(axes: Axes, grid: Literal["x", "y"]) -> None:
    """Leave of a plot's frame and grid what helps to read values."""
    axes.grid(axis=grid, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def logarithmic(axes: Axes) -> None:
    """Make the horizontal axis logarithmic, with plain numbers at it, whatever the range."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_xscale("log")
    # Where it has none of these, the locator takes evenly spaced ones.
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; a legend will add to it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def mark(look: dict[str, Any]) -> Artist:
    """Return what stands in a legend for marks of a style."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **look)


def swatch(look: dict[str, Any]) -> Artist:
    """Return what stands in a legend for a style's colour and filling, whatever the marks' shape."""
    from matplotlib.patches import Patch

    return Patch(edgecolor=look["color"], facecolor=look["markerfacecolor"])


def add_legend(figure: Figure, entries: Sequence[tuple[str, Artist]]) -> None:
    """Put a legend below a figure, which grows by as much: in as many columns as there is room for.

    Args:
        figure: the figure, with all else.
        entries: labels with their marks.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    labels = [wrapped(label, _WRAPPED) for label, _ in entries]
    handles = [handle for _, handle in entries]
    for columns in range(min(_LEGEND_COLUMNS, len(entries)), 0, -1):
        legend = figure.legend(
            handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=_LEGEND_FONT
        )
        box = legend.get_window_extent(renderer)
        if box.width <= figure.bbox.width or columns == 1:
            break
        legend.remove()
    figure.set_figheight(figure.get_figheight() + box.height / figure.dpi)
