"""The loss in parts is torch's own, and so are its gradients."""

import pytest
import torch
from itamed.training import loss
from itamed.training.loss import cross_entropy


@pytest.mark.parametrize("at_once", [1, 100, 10**6])
def test_loss_and_gradients_are_those_of_torch(at_once, monkeypatch):
    monkeypatch.setattr(loss, "_AT_ONCE", at_once)
    torch.manual_seed(0)
    hidden = torch.randn(7, 5, requires_grad=True)
    weight = torch.randn(11, 5, requires_grad=True)
    targets = torch.randint(11, (7,))
    mine = cross_entropy(hidden, weight, targets)
    theirs = torch.nn.functional.cross_entropy(hidden @ weight.T, targets, reduction="sum")
    torch.testing.assert_close(mine, theirs)
    for got, wanted in zip(
        torch.autograd.grad(3 * mine, (hidden, weight)), torch.autograd.grad(3 * theirs, (hidden, weight)), strict=True
    ):
        torch.testing.assert_close(got, wanted)


def test_no_gradient_is_computed_where_none_is_asked_for(monkeypatch):
    hidden, weight = torch.randn(3, 5, requires_grad=True), torch.randn(11, 5, requires_grad=True)
    saved = []
    real = loss._CrossEntropy.forward
    monkeypatch.setattr(
        loss._CrossEntropy,
        "forward",
        staticmethod(lambda ctx, *args: saved.append(ctx.needs_input_grad) or real(ctx, *args)),
    )
    with torch.no_grad():
        cross_entropy(hidden, weight, torch.tensor([1, 2, 3]))
    assert saved == [(False, False, False)]


def test_a_frozen_output_layer_gets_no_gradient():
    hidden, weight = torch.randn(3, 5, requires_grad=True), torch.randn(11, 5)
    cross_entropy(hidden, weight, torch.tensor([1, 2, 3])).backward()
    assert hidden.grad is not None and weight.grad is None
