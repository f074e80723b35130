"""Gains against those of random swaps: what they are by hand, and what they say of known gains."""

import numpy as np
import pytest
from itamed.benchmark.scoring.bootstrap import Drawn
from itamed.benchmark.scoring.paired import chance, detectable, swapped, swaps

ONE = [{"tp": 1.0, "gold": 2.0}, {"tp": 0.0, "gold": 1.0}]
OTHER = [{"tp": 2.0, "gold": 2.0}, {"tp": 1.0, "gold": 1.0, "pred": 3.0}]


def test_runs_change_places_for_some_notes():
    first, second = swapped(ONE, OTHER, np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))
    assert {name: sums.tolist() for name, sums in first.items()} == {
        "tp": [1, 2, 3],
        "gold": [3, 3, 3],
        "pred": [0, 0, 3],
    }
    assert {name: sums.tolist() for name, sums in second.items()} == {
        "tp": [3, 2, 1],
        "gold": [3, 3, 3],
        "pred": [3, 3, 0],
    }


def test_swaps_are_fair_and_reproducible():
    places = swaps(30, 1000)
    assert set(np.unique(places)) == {0, 1}
    assert places.mean() == pytest.approx(0.5, abs=0.02)
    assert np.array_equal(places, swaps(30, 1000))


def test_chances_of_known_gains():
    assert chance(0.5, np.zeros(999)) == 1 / 1000
    assert chance(0.0, np.zeros(9)) == 1
    assert chance(-0.5, np.array([0.1] * 95 + [0.5, -0.5 + 1e-12, -0.6, 0.7])) == 5 / 100
    assert chance(0.5, np.array([np.nan, 1.0, -1.0])) == 3 / 4, "undefined gains are none"


def test_few_notes_that_differ_are_no_proof():
    """Four of four for one run: the sign test has p = 2 / 16, however many notes are alike."""
    first, second = np.zeros(40), np.repeat([1.0, 0.0], [4, 36])
    places = swaps(40, 20_000)
    before, after = (sums["tp"] for sums in swapped([{"tp": n} for n in first], [{"tp": n} for n in second], places))
    assert chance(4.0, after - before) == pytest.approx(2 / 16, abs=0.01)


def test_what_can_be_found_is_2_8_standard_errors_or_more_with_few_notes():
    draws = np.array([-0.1, 0.1])
    assert detectable(Drawn(0.0, draws, 1e6)) == pytest.approx(0.2802, abs=0.0001)
    assert detectable(Drawn(0.0, draws, 10.0)) == pytest.approx(0.1 * (2.228 + 0.879), abs=0.0001)
    assert np.isnan(detectable(Drawn(0.0, np.zeros(2), 10.0)))
