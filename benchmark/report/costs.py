"""What answers cost: parameters, seconds and tokens, as a table and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from ..suite import ROLES
from .plot import Point, scatter_plot, time_plot
from .series import Series
from .sheet import NONE, ROLE_NAMES, Section, Sheet

_TEXT = (
    "Seconds are of whole runs, loading the model included, on whatever machine ran them; a run that went on from "
    "stored answers has the time of these, too, or none if it is not known. A note that several tasks ask about counts "
    "once for each."
)


def costs(series: Sequence[Series]) -> Section:
    """Return size, time and tokens of each series, time by setting, and scores against size and time."""
    header = ["run", "parameters", "precision", "notes", "seconds a note", "tokens in a note", "tokens out a note"]
    sheet = Sheet("Size, time and tokens", header, [_row(each) for each in series])
    figures = [("Seconds a note by setting.", time_plot(series, [seconds_a_note(each) for each in series]))]
    for role in ROLES:
        scored = [(number, each) for number, each in enumerate(series) if "mean" in each.means.by_role[role]]
        for axis, quantity, unit in (
            (_parameters, "parameters", "parameters, millions"),
            (seconds_a_note, "seconds a note", "seconds a note"),
        ):
            points = [Point(at, x, each.means.by_role[role]["mean"]) for at, each in scored if (x := axis(each))]
            caption = f"Mean score, {ROLE_NAMES[role]}, against {quantity}."
            figures.append((caption, scatter_plot(series, points, unit)))
    return Section("Cost", _TEXT, [sheet], [(caption, picture) for caption, picture in figures if picture])


def seconds_a_note(series: Series) -> float | None:
    """Return the seconds that a note takes, the mean over seeds; None if they are not known."""
    known = [run.seconds / run.notes for run in series.runs if run.seconds]
    return mean(known) if known else None


def _parameters(series: Series) -> float | None:
    """Return the millions of parameters, None if they are not known."""
    count = series.runs[0].settings.parameters
    return count / 1e6 if count and count > 0 else None


def _row(each: Series) -> list[str]:
    run, seconds, parameters = each.runs[0], seconds_a_note(each), _parameters(each)
    size = f"{parameters:,.0f} M" if parameters else NONE
    time = f"{seconds:.2f}" if seconds else NONE
    return [each.label, size, run.settings.precision or NONE, str(run.notes), time, *_tokens(each)]


def _tokens(each: Series) -> list[str]:
    used = [(run.notes, list((run.settings.usage or {}).get("tasks", {}).values())) for run in each.runs]
    cells = []
    for side in ("tokens_in", "tokens_out"):
        # Without a tokenizer there are no counts.
        known = [
            sum(counts[side] for counts in tasks) / notes
            for notes, tasks in used
            if tasks and all(side in counts for counts in tasks)
        ]
        cells.append(f"{mean(known):,.0f}" if known else NONE)
    return cells
