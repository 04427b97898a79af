"""Objectives of critics: each against its formula, and what the names promise."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mmg_plugins.critics import objectives as bounds
from mmg_plugins.critics.objectives import CorrectedPartition, Scores


def scores(seed: int = 0, n: int = 6, m: int = 4) -> Scores:
    draw = torch.Generator().manual_seed(seed)
    return Scores(torch.randn(n, generator=draw).double(), torch.randn(n, m, generator=draw).double())


def gradient(loss: object, given: Scores) -> Tensor:
    leaves = Scores(*(each.clone().requires_grad_() for each in given))
    loss(leaves).backward()  # type: ignore[operator]
    return torch.cat([leaves.joint.grad, leaves.marginal.grad.flatten()])


def test_each_objective_is_its_formula() -> None:
    s = scores()
    f, g = s
    sigmoid = torch.sigmoid
    formulas = {
        bounds.donsker_varadhan: f.mean() - g.exp().mean().log(),
        bounds.nwj: (1 + f).mean() - (1 + g).exp().mean() / math.e,
        bounds.jensen_shannon: 2 * (sigmoid(f).log().mean() + (1 - sigmoid(g)).log().mean()),
        bounds.hellinger: 2 - (-f / 2).exp().mean() - (g / 2).exp().mean(),
    }
    for objective, value in formulas.items():
        assert objective(s).mean().item() == pytest.approx(value.item())


def test_infonce_never_passes_its_cap() -> None:
    for seed in range(20):
        s = scores(seed)
        wild = Scores(100 * s.joint, 100 * s.marginal)
        assert bounds.infonce(wild).max().item() <= math.log(5) + 1e-12
    assert bounds.infonce(Scores(torch.tensor([1e4]), torch.zeros(1, 4))).item() == pytest.approx(math.log(5))


def test_smile_clamps_the_partition_and_nothing_else() -> None:
    s = Scores(torch.tensor([60.0, 1.0]), torch.tensor([[60.0], [-60.0]]))
    clamped = math.log((math.exp(5) + math.exp(-5)) / 2)
    assert bounds.smile(s, 5.0).mean().item() == pytest.approx(30.5 - clamped)
    inside = scores()
    assert torch.equal(bounds.smile(inside, 50.0), bounds.donsker_varadhan(inside))


def test_the_corrected_gradient_is_donsker_varadhans_where_average_and_batch_agree() -> None:
    s = scores()
    plain = gradient(lambda given: -bounds.donsker_varadhan(given).mean(), s)
    exact = gradient(lambda given: bounds.log_mean_exp(given.marginal) - given.joint.mean(), s)
    agreeing = CorrectedPartition(0.9, bounds.log_mean_exp(s.marginal))
    assert torch.allclose(gradient(agreeing.loss, s), exact)
    assert torch.allclose(gradient(CorrectedPartition(0.0, torch.tensor(3.0)).loss, s), exact)
    assert torch.allclose(plain, exact)


def test_the_corrected_gradient_divides_by_the_moving_average() -> None:
    s, other = scores(), scores(1)
    corrected = CorrectedPartition(0.9)
    corrected.loss(other)
    found = gradient(corrected.loss, s)[6:]
    average = 0.9 * other.marginal.exp().mean() + 0.1 * s.marginal.exp().mean()
    assert torch.allclose(found, (s.marginal.exp() / average / s.marginal.numel()).flatten())
