"""By simulation: 95 % intervals hold the truth in 95 % of cases, tests keep their level and find what they say.

Bounds are what is asked for; beside each figure stands the standard error that the number of made-up corpora leaves.
"""

import numpy as np
import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.scoring.bootstrap import Drawn, Table, gain_of, summarise_gain
from itamed.benchmark.scoring.coverage import comparisons, coverage, coverage_of_mean, power_at_mde
from itamed.benchmark.scoring.ratios import prf
from itamed.benchmark.scoring.simulation import Corpus
from typer.testing import CliRunner

TIMES = 1500  # Standard errors: 0.6 % of a share of 95 or 5 %.


@pytest.mark.parametrize("score", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("questions", [False, True])
def test_true_scores_are_those_of_very_many_notes(score, questions):
    (notes,) = Corpus(100_000, questions=questions).answered(np.random.default_rng(1), [score])
    assert prf(Table(notes).sums(np.ones((1, len(notes)))))[2][0] == pytest.approx(score, abs=0.005)


def test_items_of_a_note_are_correlated_and_models_find_the_same_notes_hard():
    one, other = Corpus(20_000).answered(np.random.default_rng(1), [0.5, 0.6])
    shares = [[n["tp"] / n["gold"] for n in notes if n["gold"] >= 10] for notes in (one, other)]
    assert np.var(shares[0]) > 2 * 0.25 / 10, "more than if items were independent"
    assert np.corrcoef(shares)[0, 1] > 0.5
    assert [n["gold"] for n in one] == [n["gold"] for n in other]
    assert 0.1 < np.mean([n["gold"] == 0 for n in one]) < 0.2


@pytest.mark.parametrize(("notes", "score"), [(30, 0.3), (40, 0.5), (100, 0.7)])
def test_intervals_hold_the_true_score(notes, score):
    assert 0.93 <= coverage(Corpus(notes), score, TIMES) <= 0.97


@pytest.mark.parametrize(
    ("corpus", "score"),
    [
        (Corpus(40, items=10, shape=0.5, hardness=2), 0.05),
        (Corpus(40, items=10, shape=0.5, hardness=2), 0.95),
        (Corpus(20, questions=True), 0.05),
    ],
)
def test_intervals_near_the_ends_hold_the_true_score(corpus, score):
    """Few notes decide there, or none is right: log odds alone hold it in 89, 87 and 62 of 100 cases."""
    # Standard error: 0.8 %. Questions have few possible scores, so that some intervals must hold it more often.
    assert 0.93 <= coverage(corpus, score, 800) <= 0.995


def test_the_interval_of_a_mean_over_shared_notes_holds_it():
    assert 0.93 <= coverage_of_mean(Corpus(40), (0.2, 0.5, 0.7), 1000) <= 0.97


def test_equal_models_are_told_apart_in_five_cases_of_a_hundred():
    found = comparisons(Corpus(40), (0.5, 0.5), TIMES)
    assert 0.03 <= found.rejected <= 0.06
    assert 0.93 <= found.covered <= 0.97


def test_equal_models_with_mostly_equal_answers_are_not_told_apart_more_often():
    """The share of bootstrap draws of the other sign, for a p-value, rejects 9 to 10 % here."""
    # Standard error: 0.9 %.
    assert comparisons(Corpus(60, alike=0.8), (0.5, 0.5), 500).rejected <= 0.06


@pytest.mark.parametrize(
    ("corpus", "scores"),
    [
        (Corpus(40, questions=True, alike=0.9), (0.3, 0.8)),
        (Corpus(40, questions=True, alike=0.9), (0.9, 0.92)),
        (Corpus(20, questions=True), (0.9, 0.95)),
        (Corpus(20), (0.01, 0.03)),
    ],
)
def test_intervals_hold_a_gain_that_few_notes_decide(corpus, scores):
    """The variance of the draws alone holds it in 87, 46, 91 and 91 of 100 cases."""
    # Standard error: 1 %. Where mostly no note differs, nearly every interval holds it.
    assert comparisons(corpus, scores, 500).covered >= 0.93


def test_where_a_few_long_notes_decide_intervals_of_gains_are_still_a_little_short():
    """The variance of the draws alone holds it in 81 of 100 cases."""
    assert 0.86 <= comparisons(Corpus(40, alike=0.9), (0.2, 0.7), 500).covered <= 0.93


def test_runs_that_never_differ_may_still_do_so_elsewhere():
    same = Drawn(0.5, np.full(2000, 0.5), 39.0, 1 / 41)
    low, high = (getattr(summarise_gain(gain_of(same, same)), end) for end in ("low", "high"))
    assert -low == high == pytest.approx(2.02 * 2**0.5 / 41, abs=1e-3), "0 of 40 notes: 7 % at most (3 / 40)"


def test_a_true_gain_of_the_minimum_detectable_effect_is_found_in_four_of_five_cases():
    # Standard error: 1.4 %.
    assert 0.75 <= power_at_mde(Corpus(60), 0.5, 800) <= 0.85
    assert comparisons(Corpus(60), (0.4, 0.65), 100).rejected > 0.95, "and a larger one nearly always"


def test_the_command_prints_the_tables(tmp_path, monkeypatch):
    monkeypatch.setattr("itamed.benchmark.report.statistics._NOTES", (20,))
    done = CliRunner().invoke(app, ["statistics", "--times", "100", "--markdown", str(tmp_path / "statistics.md")])
    assert done.exit_code == 0, done.output
    rows = [line.split(" | ") for line in (tmp_path / "statistics.md").read_text().splitlines() if "| 20 |" in line]
    assert [len(row) for row in rows] == [12, 10]
    assert all(80 < float(cell.strip(" |")) <= 100 for cell in rows[0][1:])
    assert "100 made-up corpora" in done.output
