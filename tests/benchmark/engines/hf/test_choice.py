"""The choice among candidates is the arg max of the whole masked output layer."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.engines.hf import choice
from itamed.benchmark.engines.hf.choice import choose

MANY = 6
"""Sets that are larger than this count as wide here."""
PART = 7
"""Rows of the output layer in one product here."""


@pytest.fixture(autouse=True, scope="module")
def narrow():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "MANY", MANY)
        patch.setattr(choice, "_PART", {"cpu": PART})
        yield


def layer(weights, bias=None):
    """Return an output layer with these weights."""
    head = torch.nn.Linear(weights.shape[1], weights.shape[0], bias=bias is not None)
    with torch.no_grad():
        head.weight.copy_(weights)
        if bias is not None:
            head.bias.copy_(bias)
    return head


def masked_best(hidden, head, allowed):
    """Return the lowest id of the largest logits among the allowed."""
    found = []
    for state, ids in zip(head(hidden), allowed, strict=True):
        inside = range(len(state)) if ids is None else ids.tolist()
        found.append(max(inside, key=lambda token: (float(state[token]), -token)))
    return found


@st.composite
def cases(draw):
    """Draw small integers: sums are exact, and ties are common."""
    rows, width, places = draw(st.integers(1, 20)), draw(st.integers(1, 4)), draw(st.integers(1, 6))
    numbers = st.integers(-2, 2)
    matrix = lambda *shape: torch.tensor(  # noqa: E731
        draw(st.lists(numbers, min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))), dtype=torch.float32
    ).reshape(shape)
    head = layer(matrix(rows, width), matrix(rows) if draw(st.booleans()) else None)
    ids = st.sets(st.integers(0, rows - 1), min_size=1).map(lambda found: np.array(sorted(found)))
    allowed = draw(st.lists(st.none() | ids, min_size=places, max_size=places))
    return matrix(places, width), head, allowed


@given(cases())
@torch.inference_mode()
def test_the_choice_is_the_arg_max_of_the_masked_layer(case):
    hidden, head, allowed = case
    assert choose(hidden, head, allowed) == masked_best(hidden, head, allowed)


@torch.inference_mode()
def test_the_whole_layer_is_computed_only_where_many_may_come_next(monkeypatch):
    head = layer(torch.randn(30, 4))
    whole, among_all = [], choice._among_all
    monkeypatch.setattr(
        choice, "_among_all", lambda hidden, *rest: whole.append(len(hidden)) or among_all(hidden, *rest)
    )
    few, many = np.arange(MANY), np.arange(MANY + 1)
    choose(torch.randn(3, 4), head, [few, few, few])
    assert whole == []
    choose(torch.randn(4, 4), head, [few, many, few, None])
    assert whole == [2]


@torch.inference_mode()
def test_a_single_candidate_is_chosen_however_unlikely():
    head = layer(torch.tensor([[1.0], [-1e9], [2.0]]))
    assert choose(torch.ones(1, 1), head, [np.array([1])]) == [1]


@pytest.mark.parametrize("size", [2, MANY + 2])
@torch.inference_mode()
def test_overflow_does_not_lead_out_of_the_grammar(size):
    """Half precision may overflow in a model that was not made for it."""
    head = layer(torch.ones(20, 1))
    allowed = np.arange(5, 5 + size)
    assert choose(torch.full((1, 1), torch.nan), head, [allowed])[0] in allowed
    assert choose(torch.full((1, 1), torch.inf), head, [allowed])[0] in allowed


def test_no_places_need_no_choice():
    assert choose(torch.empty(0, 3), layer(torch.ones(4, 3)), []) == []
