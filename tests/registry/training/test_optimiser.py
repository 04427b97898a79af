"""AdamW against PyTorch's, and steps of descent."""

from __future__ import annotations

import math

import torch

from mmg_registry.training.optimiser import LONGEST_GRADIENT, AdamW, TorchDescent


def test_adam_is_that_of_pytorch() -> None:
    draw = torch.Generator().manual_seed(0)
    ours, theirs = ([torch.nn.Parameter(torch.ones(3, 2)), torch.nn.Parameter(torch.ones(()))] for _ in range(2))
    adam, reference = AdamW(ours, 0.1), torch.optim.AdamW(theirs, 1e-2, weight_decay=0.1)
    for _ in range(20):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape, generator=draw)
            other.grad = one.grad.clone()
        adam.step(1e-2)
        reference.step()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)
    adam.forget()
    assert ours[0].grad is None


def descent(scale: float = 1.0) -> tuple[torch.nn.Linear, TorchDescent]:
    """The steps of y = w x towards w = 3."""
    module = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(module.weight)
    x = torch.ones(8, 1)
    return module, TorchDescent(module, lambda x, y: scale * (module(x) - y).square().mean(), (x, 3 * x))


def test_a_step_is_taken_on_every_batch_at_its_rate() -> None:
    module, steps = descent()
    steps.run(torch.tensor([[0, 1], [2, 3]]), torch.tensor([0.1, 0.0]))
    assert steps.adam.steps == 2
    assert module.weight.item() > 0.09
    assert math.isclose(module.weight.item(), 0.1, rel_tol=1e-3)


def test_long_gradients_are_cut_and_endless_ones_passed_over() -> None:
    module, steps = descent(scale=1e6)
    steps.run(torch.tensor([[0]]), torch.tensor([0.1]))
    assert module.weight.grad is not None
    assert float(module.weight.grad.norm()) <= LONGEST_GRADIENT + 1e-5
    before = module.weight.item()
    steps.rows[0][0] = math.inf
    steps.run(torch.tensor([[0]]), torch.tensor([0.1]))
    assert (module.weight.item(), steps.adam.steps) == (before, 1)
