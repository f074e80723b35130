"""Intervals: reproducible, over notes, and honest about what is undefined."""

import numpy as np
import pytest
from itamed.benchmark.scoring.bootstrap import by_note, estimate, weights
from itamed.benchmark.scoring.ratios import prf, ratio, total


def accuracy(sums):
    return {"score": ratio(total(sums, "tp"), total(sums, "gold"))}


def f1(sums):
    return {"score": prf(sums)[2]}


def test_weights_draw_as_many_notes_as_there_are():
    drawn = weights(37, 50)
    assert drawn.shape == (50, 37)
    assert (drawn.sum(axis=1) == 37).all()
    assert np.array_equal(drawn, weights(37, 50)), "the same seed gives the same draws"


def test_standard_error_of_a_share_is_the_textbook_one():
    notes = [{"tp": float(i % 10 < 3), "gold": 1.0} for i in range(400)]
    found = estimate(notes, accuracy)["score"]
    assert found.value == pytest.approx(0.3)
    assert found.stderr == pytest.approx((0.3 * 0.7 / 400) ** 0.5, rel=0.1)
    assert found.low < 0.3 < found.high


def test_rows_of_one_note_are_resampled_together():
    rows = [(f"n{i // 10}", {"tp": float(i // 10 % 2), "gold": 1.0}) for i in range(200)]
    clustered = estimate(by_note(rows).values(), accuracy)["score"]
    naive = estimate([counts for _, counts in rows], accuracy)["score"]
    assert clustered.value == naive.value
    assert clustered.stderr > 2.5 * naive.stderr


def test_nothing_to_find_and_nothing_found_is_no_perfect_score():
    empty = {"tp": 0.0, "pred": 0.0, "gold": 0.0}
    found = estimate([empty, empty], f1)["score"]
    assert (found.value, found.stderr) == (0.0, 0.0)
    # Resamples that drew only empty notes are undefined and must not pull the interval to 0 or 1.
    mixed = estimate([empty, {"tp": 1.0, "pred": 2.0, "gold": 2.0}], f1)["score"]
    assert (mixed.low, mixed.high) == (0.5, 0.5)
