"""Pictures of many series: panels side by side, settings one below the other, a mark a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .marks import (
    Value,
    add_legend,
    draw_marks,
    logarithmic,
    mark,
    models_of,
    new_figure,
    plain,
    settings_of,
    style,
    wrapped,
)
from .series import Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MANY = 11
"""Models that marks tell apart well; more of them are named at the axis if there are fewer settings."""
_NAME = 26
"""Letters of a line of a name at the axis."""
_ROW = 0.085
"""Inches from mark to mark."""
_LINE = 1.7
"""Rows that a line of a name takes."""


class Panel(NamedTuple):
    """A title, and the value of each series, None where it has none."""

    title: str
    values: Sequence[Value | None]


class _Rows(NamedTuple):
    """Where series stand on the vertical axis, in rows: their places, numbers of their styles, and what is named."""

    places: list[float]
    styles: list[int]
    marks: list[str]
    names: list[tuple[float, str]]
    borders: list[float]


def panels(series: Sequence[Series], shown: Sequence[Panel], label: str, *, columns: int, logs: bool = False) -> Figure:
    """Return a figure of panels that share both axes, with a legend of what marks stand for.

    Where models are many and settings few, models stand at the axis, and marks are settings.

    Args:
        series: at least one.
        shown: at least one panel.
        label: of the axis of values, with its unit.
        columns: panels side by side, at most.
        logs: whether values stand on a logarithmic axis; else it shows 0.
    """
    # What has no value anywhere would take room.
    rows = _rows(series, [any(panel.values[number] for panel in shown) for number in range(len(series))])
    lines = -(-len(shown) // columns)
    # Of four panels none stands alone.
    columns = -(-len(shown) // lines)
    figure = new_figure(8 if columns < 4 else 10, lines * (0.4 + _ROW * rows.borders[-1]) + 0.6)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for axes, panel in zip(grid.flat, shown, strict=False):
        _draw(axes, panel, rows)
    for axes in grid.flat[len(shown) :]:
        axes.set_axis_off()
    for axes in grid.flat[max(0, len(shown) - columns) : len(shown)]:
        axes.tick_params(labelbottom=True)
    first = grid.flat[0]
    first.set_yticks([place for place, _ in rows.names], [name for _, name in rows.names])
    first.set_ylim(rows.borders[-1], 0)
    if logs:
        logarithmic(first)
    else:
        # Scores near zero are no reason for a scale of tenths of a point.
        reach = [value.at + value.above for panel in shown for value in panel.values if value]
        top = max(5, *reach)
        # Marks at the ends are shown whole.
        first.set_xlim(-0.03 * top, 1.03 * top)
    grid[-1, (len(shown) - 1) % columns // 2].set_xlabel(label)
    add_legend(figure, [(name, mark(style(number))) for number, name in enumerate(rows.marks)])
    return figure


def _rows(series: Sequence[Series], present: Sequence[bool]) -> _Rows:
    models, settings = models_of(series), settings_of(series)
    swapped = len(models) > _MANY and len(settings) < len(models)
    groups, marks = (models, settings) if swapped else (settings, models)
    named = [(each.named.model, each.setting) if swapped else (each.setting, each.named.model) for each in series]
    rows = _Rows([0.0] * len(series), [marks.index(mark) for _, mark in named], marks, [], [0.0])
    for group in groups:
        mine = sorted(
            (number for number, (name, _) in enumerate(named) if name == group and present[number]),
            key=lambda number: rows.styles[number],
        )
        if not mine:
            continue
        name = wrapped(group, _NAME)
        begin, height = rows.borders[-1], max(len(mine) + 0.8, _LINE * (1 + name.count("\n")))
        for place, number in enumerate(mine):
            rows.places[number] = begin + height / 2 + place - (len(mine) - 1) / 2
        rows.names.append((begin + height / 2, name))
        rows.borders.append(begin + height)
    return rows


def _draw(axes: Axes, panel: Panel, rows: _Rows) -> None:
    for number in range(len(rows.marks)):
        mine = zip(panel.values, rows.places, rows.styles, strict=True)
        places = [(place, value) for value, place, of in mine if value and of == number]
        draw_marks(axes, places, style(number) | {"markersize": 4.5}, horizontal=True)
    for border in rows.borders[1:-1]:
        axes.axhline(border, color="#dddddd", linewidth=0.6)
    axes.set_title(panel.title, fontsize=8.5)
    axes.tick_params(labelsize=8)
    axes.tick_params(axis="y", length=0)
    plain(axes, "x")
