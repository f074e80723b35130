"""The report at the end of an experiment: of all that is done, whatever failed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from itamed.benchmark.console import say_notice
from itamed.benchmark.report.outputs import Outputs
from itamed.benchmark.report.run import Run
from itamed.benchmark.report.series import series_of
from itamed.benchmark.report.show import show_runs

from .cells import Evaluation, Line, baseline_line

_FILES = {"html": "report.html", "markdown": "report.md", "latex": "tables.tex", "csv": "figures.csv"}


def show_results(evaluations: Sequence[Evaluation], baseline: str, root: Path) -> None:
    """Print what there is of the results, and write it in all formats; gains as soon as the baseline is there.

    Cells whose results are damaged are named and left out.

    Args:
        evaluations: all of the experiment.
        baseline: what the matrix calls it; empty: none.
        root: folder of the experiment.

    Raises:
        ItamedError: results cannot stand side by side, or a file cannot be written.
    """
    found: list[tuple[Line, Run]] = []
    for cell in evaluations:
        if run := cell.results():
            found.append((cell.line, run))
        elif damage := cell.damage():
            say_notice(f"Left out: {cell.name}, which the same command makes anew from its stored answers: {damage}")
    if not found:
        return
    runs = [run for _, run in found]
    line = baseline_line(evaluations, baseline) if baseline else None
    label = _label_of([run for each, run in found if each == line], runs)
    show_runs(runs, label, Outputs(**{kind: root / name for kind, name in _FILES.items()}, figures=root / "figures"))
    if line and not label:
        say_notice(
            f"The report shows no gains: the baseline, {line.label}, is not done. The same command goes on with it."
        )


def _label_of(line: Sequence[Run], runs: Sequence[Run]) -> str:
    """Return what a report on some runs calls those of a line, empty if there are none.

    Not by its name: a report knows more of how a run was asked than a matrix says, its reasoning, say.
    """
    return next((each.label for each in series_of(runs) if any(run is one for run in each.runs for one in line)), "")
