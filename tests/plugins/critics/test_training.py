"""The joint critic in the compiled core, held to the same network in torch: scores, gradients, steps, trainings."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mmg_plugins.critics import networks as critic_networks
from mmg_plugins.critics.critics import MINE, InfoNCE
from mmg_plugins.critics.networks import CriticShape, Joint, Separable
from mmg_plugins.critics.objectives import OBJECTIVES
from mmg_plugins.critics.training import CoreDescent, TrainableCritic
from mmg_registry.contracts import Run
from mmg_registry.core import build_info, compiled
from mmg_registry.core.critic import CriticPlan, CriticProblem, CriticState, critic_grad, critic_table, train_critic
from mmg_registry.training import Trainable
from mmg_registry.training.optimiser import LONGEST_GRADIENT, WEIGHT_DECAY, TorchDescent

ISAS = build_info()["isas_available"]
pytestmark = pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")
isas = pytest.mark.parametrize("isa", ISAS)
objectives = pytest.mark.parametrize("objective", OBJECTIVES)
# dim_x, dim_y, width, depth, embedding, group: none, some and all of them a whole number of vectors
SHAPES = [(1, 1, 16, 1, 7, 10), (7, 3, 40, 3, 33, 5), (2, 20, 64, 2, 64, 8), (40, 40, 32, 8, 16, 97)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
Problem = tuple[Joint, Tensor, Tensor]


def problem(shape: tuple[int, ...] = SHAPES[2], temperature: float = 1.0, rows: int = 300) -> Problem:
    dim_x, dim_y, width, depth, embedding, group = shape
    draw = torch.Generator().manual_seed(0)
    rho = 0.9 * torch.rand(min(dim_x, dim_y), generator=draw)
    made = Joint(CriticShape((dim_x, dim_y), [width] * depth, embedding, group), rho, temperature, draw)
    with torch.no_grad():
        for weights in made.parameters():
            weights += 0.1 * torch.randn(weights.shape, generator=draw)
    x, y = torch.randn(rows, dim_x, generator=draw), torch.randn(rows, dim_y, generator=draw)
    y[:, : len(rho)] += x[:, : len(rho)]
    return made, x, y


def trainable(made: Any, objective: str = "infonce") -> TrainableCritic:
    return TrainableCritic(made, objective, OBJECTIVES[objective], smoothing=0.9)


def autograd(made: Joint, objective: str, x: Tensor, y: Tensor) -> Tensor:
    """The gradient in canonical order."""
    held = copy.deepcopy(made)
    trainable(held, objective).loss(x, y).backward()
    for weights in held.parameters():
        assert weights.grad is not None
        weights.data = weights.grad
    return held.flat()


def in_core(made: Joint, x: Tensor, y: Tensor) -> CriticProblem:
    """A critic and rows, as the compiled core takes them."""
    return CriticProblem(made.network, made.gaussian_part, x, y)


def nan() -> Tensor:
    return torch.full((1,), math.nan, dtype=torch.float64)


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def test_parameters_go_out_and_back() -> None:
    made, *_ = problem()
    before = made.flat()
    assert len(before) == made.network.n_parameters == sum(each.numel() for each in made.parameters())
    made.take(before + 1)
    assert torch.equal(made.flat(), before + 1)


@isas
@shapes
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_scores_are_those_in_torch(shape: tuple[int, ...], temperature: float, isa: str) -> None:
    made, x, y = problem(shape, temperature)
    made.constant += 0.5
    for size in (1, 9, 70):
        groups = len(x) // size
        of_x, of_y = (each[: groups * size].view(groups, size, -1) for each in (x, y))
        found = critic_table(in_core(made, x, y), made.flat(), size, isa=isa)
        torch.testing.assert_close(found, made.table(of_x, of_y).detach(), rtol=1e-4, atol=1e-4)


def test_scores_without_a_gradient_come_from_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    made, x, y = problem()
    called = []
    monkeypatch.setattr(critic_networks, "critic_table", lambda *args: called.append(args) or critic_table(*args))
    with_gradient = made.table(x[None], y[None])
    assert with_gradient.requires_grad
    assert not called
    with torch.no_grad():
        torch.testing.assert_close(made.table(x[None], y[None]), with_gradient, rtol=1e-4, atol=1e-4)
    assert len(called) == 1


@isas
@shapes
@objectives
def test_gradients_are_those_of_torch(objective: str, shape: tuple[int, ...], isa: str) -> None:
    made, x, y = problem(shape, 0.7)
    picked = torch.randint(len(x), (1, 97), generator=torch.Generator().manual_seed(1))
    groups = max(1, 97 // made.group)
    plan = CriticPlan(objective, 97 // groups, groups, smoothing=0.9)
    found = critic_grad(in_core(made, x, y), made.flat(), plan, picked, nan(), isa=isa)
    assert relative(found, autograd(made, objective, x[picked[0]], y[picked[0]])) < 1e-5


@isas
@objectives
def test_steps_are_those_in_torch(objective: str, isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMG_ISA", isa)
    made, x, y = problem()
    other = copy.deepcopy(made)
    draw = torch.Generator().manual_seed(1)
    start = made.flat()
    descents = CoreDescent(trainable(made, objective), (x, y)), Trainable.descent(trainable(other, objective), (x, y))
    for rate in (1e-3, 2e-3):
        picked = torch.stack([torch.randperm(len(x), generator=draw)[:64] for _ in range(5)])
        for descent in descents:
            descent.run(picked, torch.full((5,), rate))
    assert relative(made.flat() - start, other.flat() - start) < 2e-3  # steps of single weights divide small numbers


def test_the_average_of_the_partition_is_kept_between_calls() -> None:
    made, x, y = problem()
    torch_side = trainable(copy.deepcopy(made), "donsker-varadhan")
    core_side = CoreDescent(trainable(made, "donsker-varadhan"), (x, y))
    picked = torch.arange(64)[None]
    for _ in range(3):
        core_side.run(picked, torch.zeros(1))
        torch_side.loss(x[:64], y[:64])
    assert torch_side.partition.log_average is not None
    assert float(core_side.state.log_average) == pytest.approx(float(torch_side.partition.log_average), abs=1e-5)
    plan = CriticPlan("nwj", 8, 8, smoothing=0.9)
    train_critic(in_core(made, x, y), core_side.state, plan, picked, torch.zeros(1))
    assert int(core_side.state.steps) == 4


def test_no_step_is_done_on_a_gradient_that_is_not_finite() -> None:
    made, x, y = problem()
    x[3, 0] = math.inf
    state = CriticState.fresh(made.flat())
    before = state.weights.clone()
    plan = CriticPlan("jensen-shannon", 8, 8, longest=LONGEST_GRADIENT, weight_decay=WEIGHT_DECAY)
    picked = torch.stack([torch.arange(64), torch.arange(64, 128)])
    done = train_critic(in_core(made, x, y), state, plan, picked[:1], torch.full((1,), 1e-3))
    assert (done, int(state.steps)) == (1, 0)
    assert torch.equal(state.weights, before)
    train_critic(in_core(made, x, y), state, plan, picked, torch.full((2,), 1e-3))
    assert int(state.steps) == 1
    assert bool(state.weights.isfinite().all())
    assert not torch.equal(state.weights, before)


@pytest.mark.parametrize("kind", [Joint, Separable])
def test_a_separable_critic_trains_in_torch(kind: type[Separable]) -> None:
    made = kind(CriticShape((2, 1), [8], 3, 8), torch.tensor([0.7]), 1.0, torch.Generator().manual_seed(0))
    descent = trainable(made).descent((torch.zeros(9, 2), torch.zeros(9, 1)))
    assert isinstance(descent, CoreDescent if kind is Joint else TorchDescent)


@pytest.mark.parametrize("cls", [MINE, InfoNCE])
def test_estimates_are_the_same_without_the_core(cls: type[MINE], monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4_000, 1))
    y = np.abs(x) + 0.3 * rng.standard_normal((4_000, 1))

    def run() -> float:
        made = cls(run=Run(seed=0, threads=1), width=16, steps=300, batch=128)
        return made.fit(x[:3_000], y[:3_000]).estimate(x[3_000:], y[3_000:]).mi

    with_core = run()
    monkeypatch.setattr(critic_networks, "compiled", lambda: None)
    monkeypatch.setattr(critic_networks, "critic_table", None)
    assert with_core == pytest.approx(run(), abs=0.03)
    assert with_core > 0.4


def test_weights_are_the_modules_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    made, x, y = problem()
    descent = CoreDescent(trainable(made), (x, y))

    def interrupted(*args: Any) -> int:
        train_critic(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr("mmg_plugins.critics.training.train_critic", interrupted)
    before = made.flat()
    with pytest.raises(KeyboardInterrupt):
        descent.run(torch.arange(64)[None], torch.full((1,), 1e-3))
    assert torch.equal(made.flat(), descent.state.weights)
    assert not torch.equal(made.flat(), before)
