"""Intervals: reproducible, over notes, and honest about what is undefined."""

import numpy as np
import pytest
from itamed.benchmark.scoring.bootstrap import (
    Drawn,
    Table,
    average,
    by_note,
    estimate,
    summarise,
    summarise_gain,
    weights,
)
from itamed.benchmark.scoring.ratios import prf, ratio, total


def accuracy(sums):
    return {"score": ratio(total(sums, "tp"), total(sums, "gold"))}


def f1(sums):
    return {"score": prf(sums)[2]}


def test_weights_draw_one_note_fewer_than_there_are():
    drawn = weights(37, 50)
    assert drawn.shape == (50, 37)
    assert (drawn.sum(axis=1) == 36).all()
    weights.cache_clear()
    assert np.array_equal(drawn, weights(37, 50)), "the same seed gives the same draws"
    assert weights(1, 2).tolist() == [[1], [1]]
    assert weights(0, 2).shape == (2, 0)


def test_the_standard_error_of_few_notes_is_not_too_small():
    shares = [0.0, 1.0, 1.0, 0.0, 1.0]
    found = estimate([{"tp": share, "gold": 1.0} for share in shares], accuracy, resamples=100_000)["score"]
    assert found.stderr == pytest.approx(np.std(shares, ddof=1) / 5**0.5, rel=0.01)


def test_standard_error_of_a_share_is_the_textbook_one():
    notes = [{"tp": float(i % 10 < 3), "gold": 1.0} for i in range(400)]
    found = estimate(notes, accuracy)["score"]
    assert found.value == pytest.approx(0.3)
    assert found.stderr == pytest.approx((0.3 * 0.7 / 400) ** 0.5, rel=0.1)
    assert found.low < 0.3 < found.high


def test_the_interval_of_a_share_leans_away_from_the_nearer_end():
    drawn = Drawn(0.1, np.random.default_rng(1).normal(0.1, 0.04, 5000), 30.0)
    found = summarise(drawn)
    # By hand: logit(0.1) = -2.197; 2.042 * 0.04 / 0.09 = 0.908; the odds exp(-3.105) and exp(-1.290).
    assert (found.low, found.high) == pytest.approx((0.0429, 0.216), abs=0.003)
    assert summarise(drawn._replace(freedom=5.0)).high > found.high
    mirrored = summarise(Drawn(0.9, 1 - drawn.draws, 30.0))
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low))


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_a_score_at_an_end_of_the_scale_is_no_certainty(right):
    found = estimate([{"tp": right, "gold": 1.0}] * 20, accuracy)["score"]
    assert (found.value, found.stderr) == (right, 0)
    # By hand: 0.5 / 21 = 0.0238, error (20 / 21) * 0.5 / 21 = 0.0227; 2.093 * 0.0227 / 0.0232 = 2.043; logit -3.714.
    # The exact bound of Clopper and Pearson is 0.168.
    expected = (0.842, 1.0) if right else (0.0, 0.158)
    assert (found.low, found.high) == pytest.approx(expected, abs=0.001)


def test_one_note_more_does_not_move_the_middle():
    drawn = Drawn(0.4, np.random.default_rng(1).normal(0.4, 0.05, 5000), 30.0)
    plain, found = summarise(drawn), summarise(drawn._replace(further=1 / 40))
    assert (found.value, found.stderr) == (plain.value, plain.stderr)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.002)
    assert found.low <= plain.low and found.high >= plain.high


def test_the_interval_of_a_gain_is_as_wide_on_both_sides():
    drawn = Drawn(0.1, np.random.default_rng(1).normal(0.1, 0.04, 5000), 30.0, 1 / 41)
    found = summarise_gain(drawn)
    assert (found.low, found.high) == pytest.approx((0.1 - 2.042 * found.stderr, 0.1 + 2.042 * found.stderr), abs=2e-3)
    assert summarise_gain(Drawn(0.9, drawn.draws * 10, 1.0)).high == 1, "no gain is larger"
    assert summarise_gain(Drawn(np.nan, np.full(3, np.nan), 1.0)).value == 0


@pytest.mark.parametrize("deciding", [1, 2, 4])
def test_a_gain_that_few_notes_decide_has_the_variance_of_two_more(deciding):
    drawn = weights(200, 20_000)[:, :deciding].sum(axis=1) / 199
    gain = Drawn(float(drawn.mean()), drawn, 199.0, 1 / 201)
    found = summarise_gain(gain)
    wider = (found.high - found.value) / (1.972 * found.stderr)
    assert wider == pytest.approx(((deciding + 2) / deciding) ** 0.5, rel=0.05)


def test_unequal_notes_tell_as_much_as_fewer_equal_ones():
    assert Table([{"gold": 3.0}] * 40).size() == pytest.approx((39, 1 / 41))
    assert Table([{"gold": 3.0}] * 20 + [{"gold": 0.0}] * 20).size() == pytest.approx((19, 1 / 21))
    assert Table([{"gold": 96.0}] + [{"gold": 1.0}] * 4).size() == (1, 1 / 6)
    assert Table([{"rows": 1.0}] * 9).size() == Table([{"gold": 0.0}] * 9).size() == (8, 0.1)
    assert Table([{"gold": 1.0}] * 9).size(np.arange(9) < 5.0) == (4, 1 / 6)
    assert Table([{"gold": 1.0, "gold:a": 1.0}] + [{"gold": 1.0}] * 8).size(count="gold:a") == (1, 0.5)


def test_a_mean_lacks_the_resamples_that_one_of_its_scores_lacks():
    one, other = Drawn(0.2, np.array([0.1, np.nan, 0.3]), 10.0, 0.1), Drawn(0.4, np.array([0.3, 0.4, 0.5]), 20.0, 0.3)
    value, draws, freedom, further = average([one, other])
    assert (value, freedom, further) == (pytest.approx(0.3), 15, pytest.approx(0.2))
    assert draws == pytest.approx([0.2, np.nan, 0.4], nan_ok=True)


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
    assert mixed.value == 0.5 and mixed.low < 0.2 and mixed.high > 0.8, "one note at one half is as unsure as any other"
