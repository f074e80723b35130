"""The loss in parts is torch's own, and so are its gradients."""

import pytest
import torch
from itamed.training import loss
from itamed.training.loss import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode


@pytest.mark.parametrize("at_once", [1, 100, 10**6])
def test_loss_and_gradients_are_those_of_torch(at_once, monkeypatch):
    monkeypatch.setitem(loss._AT_ONCE, "cpu", at_once)
    torch.manual_seed(0)
    hidden = torch.randn(7, 5, requires_grad=True)
    weight = torch.randn(11, 5, requires_grad=True)
    targets, shares = torch.randint(11, (7,)), torch.rand(7)
    mine = cross_entropy(hidden, weight, targets, shares)
    theirs = (torch.nn.functional.cross_entropy(hidden @ weight.T, targets, reduction="none") * shares).sum()
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
        cross_entropy(hidden, weight, torch.tensor([1, 2, 3]), torch.ones(3))
    assert saved == [(False, False, False, False)]


def test_a_frozen_output_layer_gets_no_gradient():
    hidden, weight = torch.randn(3, 5, requires_grad=True), torch.randn(11, 5)
    cross_entropy(hidden, weight, torch.tensor([1, 2, 3]), torch.ones(3)).backward()
    assert hidden.grad is not None and weight.grad is None


class Casts(TorchDispatchMode):
    """Counts how often something of a size is given another number format."""

    def __init__(self, size):
        super().__init__()
        self.size, self.count = size, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        self.count += (
            func is torch.ops.aten._to_copy.default and found.shape == self.size and found.dtype != args[0].dtype
        )
        return found


def test_under_autocast_the_output_matrix_is_cast_once(monkeypatch):
    """By itself autocast would do it anew for every part."""
    monkeypatch.setitem(loss._AT_ONCE, "cpu", 1)
    torch.manual_seed(0)
    hidden, weight = torch.randn(7, 5, requires_grad=True), torch.randn(11, 5, requires_grad=True)
    targets, shares = torch.randint(11, (7,)), torch.ones(7)
    with torch.autocast("cpu", dtype=torch.bfloat16), Casts(weight.shape) as casts:
        mine = cross_entropy(hidden, weight, targets, shares)
    assert casts.count == 1
    rounded = [each.detach().to(torch.bfloat16).float().requires_grad_() for each in (hidden, weight)]
    theirs = torch.nn.functional.cross_entropy(rounded[0] @ rounded[1].T, targets, reduction="sum")
    torch.testing.assert_close(mine, theirs, rtol=1e-2, atol=0)
    got, wanted = torch.autograd.grad(mine, (hidden, weight)), torch.autograd.grad(theirs, rounded)
    for one, other in zip(got, wanted, strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=5e-2, atol=2e-2)
