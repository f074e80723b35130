"""What intervals and tests are worth by number of notes: the tables of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.progress import track

from ..console import err
from ..errors import ItamedError
from ..scoring.coverage import comparisons, coverage, coverage_of_mean, power_at_mde
from ..scoring.simulation import Corpus
from .sheet import Sheet
from .show import show_tables

_NOTES = (20, 30, 40, 60, 100, 250)
_SCORES = (0.05, 0.3, 0.5, 0.8, 0.95)
_UNEVEN, _QUESTIONS = (0.05, 0.3, 0.95), (0.05, 0.3)
_INTERVALS = (
    *(f"F1 {score:.0%}" for score in _SCORES),
    *(f"{score:.0%}, uneven" for score in _UNEVEN),
    *(f"{score:.0%}, questions" for score in _QUESTIONS),
    "mean of 3",
)
_TESTS = (
    *("5%", "50%", "50%, uneven", "50%, half alike", "questions, 4/5 alike"),
    *("gain held", "questions, 9/10 alike", "MDE", "power at MDE"),
)


def show_statistics(times: int, markdown: Path | None = None) -> None:
    """Print how often intervals hold the truth, and how often tests reject; write the same as Markdown.

    Args:
        times: number of made-up corpora a figure.
        markdown: where to write, if anywhere.

    Raises:
        ItamedError: too few corpora, or the file cannot be written.
    """
    if times < 100:
        raise ItamedError(f"{times} corpora tell nothing about 5 %: set --times to 100 at least.")
    error = 100 * (0.05 * 0.95 / times) ** 0.5
    note = f"{times} made-up corpora a figure, simulation error {error:.1f} where 95 or 5 are right"
    intervals = f"Intervals of 95 % that hold the true score, % ({note})"
    tests = f"Comparisons of equal models with p < 0.05, %; intervals that hold their gain; MDE and its power ({note})"
    show_tables([_table(intervals, _INTERVALS, _intervals, times), _table(tests, _TESTS, _tests, times)], markdown)


def _table(title: str, header: Sequence[str], row: Callable[[int, int], list[float]], times: int) -> Sheet:
    rows = [
        [str(notes), *(f"{100 * share:.1f}" for share in row(notes, times))]
        for notes in track(_NOTES, title.partition(",")[0], console=err(), transient=True)
    ]
    return Sheet(title, ["notes", *header], rows)


def _intervals(notes: int, times: int) -> list[float]:
    return [
        *(coverage(Corpus(notes), score, times) for score in _SCORES),
        *(coverage(_uneven(notes), score, times) for score in _UNEVEN),
        *(coverage(Corpus(notes, questions=True), score, times) for score in _QUESTIONS),
        coverage_of_mean(Corpus(notes), (0.2, 0.5, 0.7), times),
    ]


def _tests(notes: int, times: int) -> list[float]:
    equal = comparisons(Corpus(notes), (0.5, 0.5), times)
    others = [
        comparisons(_uneven(notes), (0.5, 0.5), times),
        comparisons(Corpus(notes, alike=0.5), (0.5, 0.5), times),
        comparisons(Corpus(notes, questions=True, alike=0.8), (0.5, 0.5), times),
    ]
    levels = [found.rejected for found in (comparisons(Corpus(notes), (0.05, 0.05), times), equal, *others)]
    few = comparisons(Corpus(notes, questions=True, alike=0.9), (0.3, 0.8), times)
    return [*levels, equal.covered, few.covered, equal.mde, power_at_mde(Corpus(notes), 0.5, times)]


def _uneven(notes: int) -> Corpus:
    """Return a corpus where a few long notes hold most items, and notes are very hard or very easy."""
    return Corpus(notes, items=10, shape=0.5, hardness=2)
