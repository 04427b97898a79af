"""The critic's ops: sizes, refusals, interruption; their numbers are held to torch in test_critic_training.py."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from events import interrupt

from mmg_registry.core import compiled
from mmg_registry.core import critic as ops
from mmg_registry.core.critic import CriticNetwork, CriticPlan, CriticProblem, CriticState, GaussianPart

needs_core = pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")
NETWORK = CriticNetwork(3, 2, width=8, depth=2, embedding=4, units=4)
PLAN = CriticPlan("infonce", 4, 2)


def part(columns: int = 2, temperature: float = 1.0) -> GaussianPart:
    return GaussianPart(*(torch.zeros(columns) for _ in range(4)), 0.0, temperature)


def given(**changed: Any) -> dict[str, Any]:
    """Arguments of `train_critic`, some of a problem's parts changed."""
    weights = torch.randn(NETWORK.n_parameters, generator=torch.Generator().manual_seed(0))
    parts = {"network": NETWORK, "part": part(), "x": torch.zeros(10, 3), "y": torch.zeros(10, 2)}
    problem = CriticProblem(**{name: changed.pop(name, part) for name, part in parts.items()})
    arguments = {
        "problem": problem, "state": CriticState.fresh(weights), "plan": PLAN, "picked": torch.arange(8)[None],
        "rates": torch.zeros(1),
    }  # fmt: skip
    return {**arguments, **changed}


def test_sizes_add_up() -> None:
    for network in (NETWORK, CriticNetwork(1, 5, 16, 1, 7, 3)):
        views = network.views(torch.arange(float(network.n_parameters)))
        assert [tuple(view.shape) for view in views.values()] == [shape for _, shape in network.parameters()]
        assert views["b_last"].item() == network.n_parameters - 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"objective": "mine"}, "'objective' must be one of donsker-varadhan"),
        ({"size": 1}, "'size' must lie between 2"),
        ({"groups": 0}, "'groups' must lie between 1"),
        ({"size": 2**15, "groups": 3}, "'groups' must lie between 1 and 1"),
        ({"smoothing": 1.0}, "smoothing, beta1 and beta2 in"),
        ({"longest": 0.0}, "longest > 0"),
        ({"weight_decay": math.nan}, "finite weight_decay"),
    ],
)
def test_plans_that_cannot_train_are_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(PLAN, **changed)


@needs_core
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"x": torch.zeros(10, 4)}, "'x' must be a contiguous"),
        ({"x": torch.zeros(10, 3).double()}, "torch.float64"),
        ({"y": torch.zeros(9, 2)}, "'y' must be"),
        ({"y": torch.zeros(2, 10).T}, "non-contiguous"),
        ({"part": part(3)}, "'cross' must be"),
        ({"part": part(temperature=0.0)}, "'temperature' must be positive"),
        ({"picked": torch.full((1, 8), 10)}, "numbers of rows, from 0 to 9"),
        ({"picked": torch.full((1, 8), -1)}, "numbers of rows"),
        ({"picked": torch.zeros(1, 8)}, "'picked' must be"),
        ({"picked": torch.arange(7)[None]}, "'groups \\* size' must lie between 2 and 7"),
        ({"rates": torch.zeros(2)}, "'rates' must be"),
        ({"network": replace(NETWORK, depth=9)}, "'depth' must lie between 1 and 8"),
        ({"network": replace(NETWORK, units=0)}, "'units' must lie between 1"),
        ({"network": replace(NETWORK, width=9)}, "'weights' must be"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], words: str) -> None:
    arguments = given(**changed)
    with pytest.raises(ValueError, match=words):
        ops.train_critic(*arguments.values())


@needs_core
def test_state_that_shares_memory_is_refused() -> None:
    fresh = given()["state"]
    with pytest.raises(ValueError, match="memory of its own"):
        ops.train_critic(*given(state=replace(fresh, m=fresh.v)).values())


@needs_core
def test_a_table_needs_a_group() -> None:
    weights, rows = given()["state"].weights, (torch.zeros(10, 3), torch.zeros(10, 2))
    with pytest.raises(ValueError, match="'size' must lie between 1 and 10"):
        ops.critic_table(CriticProblem(NETWORK, part(), *rows), weights, 11)
    assert ops.critic_table(CriticProblem(NETWORK, part(), *rows), weights, 4).shape == (2, 4, 4)


@needs_core
def test_largest_depth_is_the_compiled_one() -> None:
    core: Any = compiled()
    assert core.MAX_CRITIC_DEPTH == ops.MAX_DEPTH


def test_without_the_compiled_module_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmg_registry.core.checks.compiled", lambda: None)
    with pytest.raises(RuntimeError, match="mmg doctor"):
        ops.train_critic(*given().values())


@needs_core
def test_ctrl_c_ends_the_training_between_steps() -> None:
    arguments = given(picked=torch.arange(8).expand(1_000_000, 8).contiguous(), rates=torch.full((1_000_000,), 1e-4))
    interrupt(lambda: ops.train_critic(*arguments.values()))
    state = arguments["state"]
    assert 0 < int(state.steps) < 1_000_000
    assert bool(state.weights.isfinite().all())
    assert float(state.m.abs().max()) > 0


@needs_core
def test_ctrl_c_ends_a_long_step_without_a_trace_and_a_long_table() -> None:
    """Of 8,000 rows with each other, which take half an hour in a network with so many units for a pair."""
    rows, network = 8_000, replace(NETWORK, units=512)
    parts = {"network": network, "x": torch.randn(rows, 3), "y": torch.randn(rows, 2)}
    state = CriticState.fresh(0.01 * torch.randn(network.n_parameters))
    step = {"plan": CriticPlan("donsker-varadhan", rows, 1), "picked": torch.arange(rows)[None], "rates": torch.ones(1)}
    arguments = given(state=state, **parts, **step)
    before = state.weights.clone()
    for long in (
        lambda: ops.train_critic(*arguments.values()),
        lambda: ops.critic_table(arguments["problem"], state.weights, rows),
    ):
        interrupt(long)
    assert torch.equal(state.weights, before)
    assert (int(state.steps), math.isnan(float(state.log_average))) == (0, True)
