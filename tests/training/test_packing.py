"""Packs hold every example whole, what prompts share once, and lead each answer token to its place."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from itamed.training.encode import Encoded
from itamed.training.packing import packs

IDS = st.lists(st.integers(0, 2), min_size=1, max_size=12).map(np.array)
EXAMPLES = st.lists(st.builds(Encoded, st.just("task"), IDS, IDS, st.sampled_from([1.0, 0.25])), max_size=8)


@given(EXAMPLES, st.integers(1, 40))
def test_every_example_stands_there_whole(examples, room):
    found = []
    for pack in packs(examples, room, least=1):
        for segment in pack.segments:
            assert list(segment.path[len(segment.path) - segment.count :]) == list(
                range(segment.offset, segment.offset + segment.count)
            )
            assert pack.positions[segment.path].tolist() == list(range(len(segment.path)))
            found.append(tuple(pack.ids[segment.path]))
        assert len(pack.segments) == 1 or len(pack.ids) <= room
        assert pack.unshared == sum(len(segment.path) for segment in pack.segments)
    assert sorted(found) == sorted(tuple(np.concatenate([e.prompt, e.answer])) for e in examples)


@given(EXAMPLES)
def test_each_answer_token_is_predicted_from_the_one_before_it(examples):
    for pack in packs(examples, 1000, least=1):
        in_order = sorted(examples, key=lambda each: each.prompt.tolist())
        places, targets = [], []
        for example, segment in zip(in_order, pack.segments, strict=True):
            first = len(example.prompt) - 1
            places += segment.path[first : first + len(example.answer)].tolist()
            targets += example.answer.tolist()
        assert pack.predict.tolist() == places
        assert pack.weights.tolist() == [each.weight for each in in_order for _ in each.answer]
        assert pack.targets.tolist() == targets


def test_what_prompts_begin_with_stands_there_once():
    head = np.arange(50)
    examples = [Encoded("t", np.append(head, [n, n, n]), np.array([9, 9])) for n in (100, 101, 102)]
    (pack,) = packs(examples, 1000)
    assert len(pack.ids) == 50 + 3 * 5
    assert pack.unshared == 3 * 55
    assert len(list(packs(examples, 60))) == 2, "room counts tokens as they are fed"


def test_an_example_that_is_longer_than_the_room_has_a_pack_of_its_own():
    long = Encoded("t", np.arange(30), np.arange(5))
    short = Encoded("t", np.array([100]), np.array([5]))
    assert [len(pack.segments) for pack in packs([long, short], 10)] == [1, 1]


def test_a_short_beginning_is_not_shared():
    examples = [Encoded("t", np.append(np.arange(8), n), np.array([9])) for n in (100, 101)]
    (pack,) = packs(examples, 1000, least=9)
    assert len(pack.ids) == pack.unshared
    (pack,) = packs(examples, 1000, least=8)
    assert len(pack.ids) == pack.unshared - 8


def test_what_is_shared_does_not_make_packs_endless():
    examples = [Encoded("t", np.append(np.arange(90), n), np.array([9])) for n in range(100)]
    assert all(pack.unshared <= 4 * 100 for pack in packs(examples, 100))
