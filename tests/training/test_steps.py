"""Which examples a run takes: by weights and a most of steps, and without holding a corpus in memory."""

import numpy as np
from itamed.training.encode import Encoded
from itamed.training.steps import Steps


class OnDisk(list):
    """Examples that can be read in turn alone, as those of a large corpus should be."""

    def __getitem__(self, number):
        raise AssertionError(f"example {number} was read by itself")


def test_what_is_passed_is_read_in_turn_each_once():
    examples = OnDisk(Encoded("ab"[number % 2], np.arange(3), np.arange(number)) for number in range(40))
    given = {"batch": 4, "room": 100}
    steps = Steps(examples, {"a": 2.0, "b": 0.25}, epochs=2, **given)
    passed = [len(example.answer) for example in steps.passed()]
    assert passed == sorted(set(passed)), "none twice"
    tasks = ["ab"[number % 2] for number in passed]
    assert tasks.count("a") == 20 and 5 <= tasks.count("b") <= 10
    few = list(Steps(examples, {}, most=2, **given).passed())
    assert len(few) == 8
    assert not list(Steps(examples, {"a": 0, "b": 0}, **given).passed())
