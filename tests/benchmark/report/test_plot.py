"""Pictures: readable with few and many series, drawn when asked for, in the formats of pages and papers."""

import itertools
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.report.costs import costs
from itamed.benchmark.report.label import Label
from itamed.benchmark.report.marks import settings_of, style
from itamed.benchmark.report.plot import Point, family_plot, method_plot, scatter_plot, task_plot
from itamed.benchmark.report.report import report
from itamed.benchmark.report.run import Run, TaskResult
from itamed.benchmark.report.series import series_of
from itamed.benchmark.report.settings import Settings
from itamed.benchmark.scoring.bootstrap import Estimate
from itamed.benchmark.suite import suite
from matplotlib.backends.backend_agg import FigureCanvasAgg
from typer.testing import CliRunner

SETTINGS = ["0-shot", "0-shot constrained", "4-shot", "4-shot constrained"]
PAPER = [(f"some-company/Model-{number}B-Instruct", training) for number in range(5) for training in ("CPT+FT", "")]


def run_of(model, training, method, number=1):
    """Return a run of all tasks that was never made, whose scores depend on its number alone."""
    shots, constrained = int(method[0]), method.endswith("constrained")
    tasks = []
    for place, (name, task) in enumerate(suite().items()):
        value = (7 * number + 11 * place) % 90 / 100
        estimate = Estimate(value, 0.02, max(0.0, value - 0.04), value + 0.05)
        scores = {mode: {"score": estimate} for mode in ("repaired", "strict")}
        tasks.append(TaskResult(task, name, shots, scores, 60, 60, 60))
    settings = Settings(
        backend="itamed-hf",
        constrained=constrained,
        parameters=10**9 * (1 + len(model) + number % 3),
        usage={"seconds": 60.0 * number},
        seconds_before=0.0,
    )
    path = Path(f"/nowhere/{model}-{training}-{method}-{number}")
    return Run(path, model, settings, tuple(tasks), Label(model, training), number)


def series_like(named, methods, count=None):
    pairs = itertools.islice(itertools.product(named, methods), count)
    return series_of([run_of(*name, method, number) for number, (name, method) in enumerate(pairs, 1)])


MATRICES = {
    "2": series_like([("One", "")], SETTINGS[:2]),
    "8": series_like(PAPER[:2], SETTINGS),
    "16": series_like(PAPER[:4], SETTINGS),
    "42": series_like([*PAPER, ("Other", "FT")], SETTINGS, 42),
    "42 models": series_like([(f"Model-{number}", "") for number in range(42)], SETTINGS[:1]),
    "long names": series_like([("x" * 120, ""), ("y y " * 30, "z" * 70)], SETTINGS[:2]),
}


@pytest.fixture(scope="module", params=["2", "8", "42", "42 models", "long names"])
def figures(request):
    """Return the figures of a report, one of a kind, drawn with no warning; their canvases know how large all is."""
    series = MATRICES[request.param]
    pictures = [family_plot(series, "id"), method_plot(series, "id")]
    pictures += [picture for _, picture in costs(series).figures[:2]]
    if request.param in ("8", "42"):  # Of tasks there are many panels, which take long.
        pictures.append(task_plot(series))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = [picture.draw() for picture in pictures if picture]
        for figure in drawn:
            FigureCanvasAgg(figure).draw()
    return drawn


def inside(inner, outer):
    return inner.x0 >= outer.x0 and inner.y0 >= outer.y0 and inner.x1 <= outer.x1 and inner.y1 <= outer.y1


def shown_axes(figure):
    return [axes for axes in figure.axes if axes.axison]


def test_legends_are_whole_and_cover_nothing(figures):
    for figure in figures:
        renderer = figure.canvas.get_renderer()
        plots = [axes.get_tightbbox(renderer) for axes in shown_axes(figure)]
        for legend in figure.legends:
            labels = [*legend.get_texts(), *legend.get_lines(), *legend.get_patches()]
            assert len(labels) >= 2
            assert all(inside(label.get_window_extent(renderer), figure.bbox) for label in labels)
            assert not any(box.overlaps(legend.get_window_extent(renderer)) for box in plots)


def test_plots_keep_room_for_every_mark(figures):
    for figure in figures:
        for axes in shown_axes(figure):
            box = axes.get_window_extent()
            assert box.width > 1.2 * figure.dpi
            assert inside(axes.get_tightbbox(figure.canvas.get_renderer()), figure.bbox.padded(1))
            if len(axes.containers) > 1 and len(shown_axes(figure)) > 1:
                places = sorted(
                    y for marks in axes.containers for y in axes.transData.transform(marks[0].get_xydata())[:, 1]
                )
                assert min(b - a for a, b in itertools.pairwise(places)) > 0.06 * figure.dpi, "marks lie on each other"


def test_panels_have_one_scale_whose_unit_is_named_and_each_name_once_a_line():
    figure = family_plot(MATRICES["42"], "id").draw()
    FigureCanvasAgg(figure).draw()
    assert [axes.get_title() for axes in figure.axes] == ["NER", "RE", "CRF", "QA", "ARG", "Mean"]
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()] == ["score, % (95 % interval over notes)"]
    named = [[tick.label1.get_visible() for tick in axes.yaxis.get_major_ticks()] for axes in figure.axes]
    assert [any(each) for each in named] == [True, False, False, True, False, False]
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == settings_of(MATRICES["42"])


def test_marks_of_many_series_are_models_or_where_there_are_more_settings():
    def told(name):
        (legend,) = family_plot(MATRICES[name], "id").draw().legends
        return [text.get_text() for text in legend.get_texts()]

    assert told("42") == [*dict.fromkeys(model for model, _ in PAPER), "Other"]
    assert told("42 models") == ["0-shot"]


def test_settings_are_in_the_order_of_a_readers_questions():
    trainings = ("CPT+FT", "Mine", "FT", "", "CPT")
    series = series_like([("M", training) for training in trainings], SETTINGS[::-1])
    expected = [
        f"{training} {method}".strip() for training in ("", "FT", "CPT", "CPT+FT", "Mine") for method in SETTINGS
    ]
    assert settings_of(series) == expected


def test_marks_differ_in_colour_and_in_grey():
    looks = [style(number) for number in range(24)]
    assert len({(look["marker"], look["markerfacecolor"] == "white") for look in looks}) == 24
    first = looks[:14]
    assert len({(look["color"], look["markerfacecolor"] == "white") for look in first}) == 14


def test_scatter_tells_models_by_colour_and_settings_by_shape_side_by_side():
    series = MATRICES["8"]
    score = Estimate(0.5, 0.1, 0.4, 0.6)
    places = [1.0] * 4 + [9.0] * 4
    axes = scatter_plot(series, [Point(*each, score) for each in enumerate(places)], "x").draw().axes[0]
    marks = [container[0] for container in axes.containers]
    by_model = [{mark.get_color() for mark in marks[begin : begin + 4]} for begin in (0, 4)]
    settings = [each.setting for each in series]
    assert len({(mark.get_marker(), setting) for mark, setting in zip(marks, settings, strict=True)}) == len(
        set(settings)
    )
    assert sum(map(len, by_model)) == len({each.named.model for each in series}) * 2 == 2
    assert len({mark.get_xdata()[0] for mark in marks}) == 8
    assert scatter_plot(series, [Point(number, 2.0, score) for number in range(8)], "x") is None


def test_the_picture_of_settings_is_left_to_that_of_families_where_series_are_many():
    assert method_plot(MATRICES["8"], "id") is not None
    assert method_plot(MATRICES["16"], "id") is None
    captions = [
        caption for part in report([run for each in MATRICES["16"] for run in each.runs]) for caption, _ in part.figures
    ]
    assert len(captions) == len(set(captions))
    assert "Family means, in-distribution." in captions


def test_pictures_do_not_change():
    for picture in (task_plot, lambda series: family_plot(series, "ood"), lambda series: method_plot(series, "id")):
        first, second = picture(MATRICES["2"]), picture(MATRICES["2"])
        assert ET.fromstring(first.svg).tag.endswith("svg")
        assert (first.svg, first.pdf) == (second.svg, second.pdf)
        assert first.pdf.startswith(b"%PDF") and b"/FontFile2" in first.pdf and b"/Type3" not in first.pdf


def test_nothing_is_drawn_for_the_terminal(folders, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("drawn")

    monkeypatch.setattr("matplotlib.figure.Figure.__init__", fail)
    given = ["report", str(folders["empty"]), str(folders["lookup"])]
    tables = ["--markdown", tmp_path / "a.md", "--latex", tmp_path / "a.tex", "--csv", tmp_path / "a.csv"]
    assert CliRunner().invoke(app, [*given, *map(str, tables)]).exit_code == 0
    for option in ("--html", "--figures"):
        assert isinstance(CliRunner().invoke(app, [*given, option, str(tmp_path / "b")]).exception, AssertionError)


def test_the_command_line_does_not_load_what_draws(folders):
    code = "import sys; from itamed.benchmark.cli import app; app(sys.argv[1:], standalone_mode=False)"
    code += "; assert 'matplotlib' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", code, "report", folders["empty"]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
