"""What a slot holds is always what its tokens say, and a prompt gets the longest prefix there is."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.engines.hf.slots import Slots, common
from itamed.benchmark.text import stable_hash

IDS = st.lists(st.integers(0, 2), min_size=1, max_size=8)


def expected_keys(ids):
    """Return a number for each place that says which tokens lead to it."""
    return [float(stable_hash(str(list(ids[: size + 1]))) % 1000) for size in range(len(ids))]


def read(slots, slot, layer=0):
    """Return what a slot holds in a layer: (places) numbers."""
    keys, values = slots.layer(layer, torch.empty(1, 2, 1, 3), torch.empty(1, 2, 1, 5))
    assert keys.shape == (slots.count, slots.length, 2, 3)
    assert values.shape == (slots.count, slots.length, 2, 5)
    found = keys[slot, :, 0, 0].tolist()
    assert (keys[slot] == keys[slot, :, :1, :1]).all()
    assert (values[slot] == -keys[slot, :, :1, :1]).all()
    return found


def feed(slots, slot, prompt, upto):
    """Write what a model would for the first `upto` tokens of a prompt, in two layers."""
    for layer in range(2):
        keys, values = slots.layer(layer, torch.empty(1, 2, 1, 3), torch.empty(1, 2, 1, 5))
        for place, number in enumerate(expected_keys(prompt[:upto])):
            keys[slot, place], values[slot, place] = number, -number
    slots.ids[slot] = prompt[:upto]


@given(st.integers(1, 4), st.lists(st.tuples(IDS, st.integers(0, 8), st.booleans()), max_size=12))
def test_a_taken_slot_holds_the_longest_known_prefix(count, steps):
    slots, busy = Slots(count, 8), {}
    for ids, upto, release in steps:
        prompt = np.array(ids)
        if not slots.free:
            slots.free.append(busy.popitem()[0])
        best = max(common(held, prompt[:-1]) for held in slots.ids)
        assert slots.shared(prompt) == best
        slot, known = slots.take(prompt)
        assert known == best < len(prompt)
        assert slot not in slots.free
        assert slot not in busy
        assert slots.ids[slot].tolist() == ids[:known]
        # Prompts may come in parts: a sequence in progress lends what it has so far.
        feed(slots, slot, prompt, max(known, min(upto, len(ids))))
        busy[slot] = prompt
        for other in range(count):
            for layer in range(2):
                held = slots.ids[other]
                assert read(slots, other, layer)[: len(held)] == expected_keys(held)
        if release:
            del busy[slot]
            slots.free.append(slot)


def test_the_slot_that_loses_least_is_taken():
    slots = Slots(3, 8)
    for ids in ([1, 2, 3, 4, 5], [1, 2, 3], [6]):
        prompt = np.array(ids)
        slot, _ = slots.take(prompt)
        feed(slots, slot, prompt, len(ids))
    slots.free = [0, 1, 2]
    assert slots.take(np.array([1, 2, 9, 9])) == (1, 2), "of two with the same prefix the shorter one"
    slots.free = [0, 1, 2]
    assert slots.take(np.array([7, 7])) == (2, 0), "without a prefix the shortest one"


def test_the_last_token_is_never_known():
    slots, prompt = Slots(2, 4), np.array([4, 5, 6])
    slot, _ = slots.take(prompt)
    feed(slots, slot, prompt, 3)
    assert slots.shared(prompt) == 2
    assert slots.take(prompt)[1] == 2


@given(IDS | st.just([]), IDS | st.just([]))
def test_common_prefix(one, other):
    size = common(np.array(one, np.int64), np.array(other, np.int64))
    assert one[:size] == other[:size]
    assert size == min(len(one), len(other)) or one[size] != other[size]


def test_what_was_never_written_is_zero():
    """A masked place is multiplied by nothing: were it not a number, the product would not be one either."""
    slots = Slots(2, 3)
    keys, values = slots.layer(0, torch.full((1, 1, 1, 2), torch.nan), torch.full((1, 1, 1, 2), torch.nan))
    assert not keys.any()
    assert not values.any()
    assert slots.layer(0, keys[None, 0], values[None, 0])[0] is keys
