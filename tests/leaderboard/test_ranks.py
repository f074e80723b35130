"""Ranks as ranges: from draws whose truth is known."""

import numpy as np
from itamed.leaderboard.board.ranks import rank


def noise(entries, size, seed=0):
    return np.random.default_rng(seed).normal(0, size, (entries, 2000))


def ranks(values, draws, freedom=200.0):
    return rank(values, np.asarray(values)[:, None] + draws, freedom)


def test_far_apart_is_a_rank_each_and_near_is_a_range():
    found = ranks([0.2, 0.8, 0.5, 0.501], noise(4, 0.01))
    assert found == [(4, 4, 3), (1, 1, 1), (2, 3, 2), (2, 3, 2)]


def test_a_common_move_tells_nothing_and_hides_nothing():
    """Two models that every resample moves alike are told apart, though their own intervals overlap."""
    common = noise(1, 0.1)
    assert ranks([0.5, 0.52], common + noise(2, 0.002))[1][:2] == (1, 1)
    assert ranks([0.5, 0.52], noise(2, 0.1))[1][:2] == (1, 2)


def test_equal_answers_are_one_group_whatever_rounding_says():
    draws = np.repeat(noise(1, 0.05), 3, axis=0).astype(np.float32)
    assert {each[:2] for each in ranks([0.4, 0.4, 0.4], draws)} == {(1, 3)}


def test_one_alone_is_the_first():
    assert ranks([0.4], noise(1, 0.05)) == [(1, 1, 1)]


def test_groups_are_those_of_their_best():
    """Neighbours that are never surely apart do not make one group of a long row."""
    values = [0.50, 0.48, 0.46, 0.44, 0.42]
    found = ranks(values, noise(5, 0.0075))
    assert [each.group for each in found] == [1, 1, 2, 2, 3]


def test_ranges_hold_the_true_rank_in_95_of_100():
    """Forty equal models: without the correction for their number, hardly a draw would leave them all untouched."""
    whole = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        values = 0.5 + generator.normal(0, 0.02, 40)
        found = ranks(list(values), noise(40, 0.02, seed + 1000))
        whole += found[0][:2] == (1, 40)
    assert whole >= 35
