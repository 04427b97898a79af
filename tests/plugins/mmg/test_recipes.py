"""The default and the published recipe."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mmg_plugins.mmg.mmg import MMGOptions
from mmg_plugins.mmg.recipes import PaperPrepared, Term, default_recipe, paper_recipe
from mmg_registry.contracts import Run
from mmg_registry.diffusion import FusedDenoiser, ModuleDenoiser


def rows(n: int, dim_x: int = 2, dim_y: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, dim_x)) * 3 + 7
    return x, x[:, :dim_y] + rng.standard_normal((n, dim_y))


WHOLE = Term(0, 2)
RECIPES = {"default": default_recipe(MMGOptions()), "paper": paper_recipe()}
recipes = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


# --- What both promise --------------------------------------------------------------------------------------------
@recipes
def test_state_restores_the_same_coordinates(recipe) -> None:  # type: ignore[no-untyped-def]
    x, y = rows(500)
    prepared = recipe.prepare(x, y)
    restored = recipe.restore(*prepared.state())
    for found, expected in zip(restored.transform(x, y), prepared.transform(x, y), strict=True):
        assert torch.equal(found, expected)
    assert np.array_equal(restored.rho, prepared.rho)
    assert (restored.dim_x, restored.gaussian_mi) == (prepared.dim_x, prepared.gaussian_mi)
    assert restored.plan(None) == prepared.plan(None)


@recipes
def test_coordinates_are_float32_of_unit_scale(recipe) -> None:  # type: ignore[no-untyped-def]
    x, y = rows(2_000)
    for values, no_rows in zip(recipe.prepare(x, y).transform(x, y), recipe.prepare(x, y).no_rows(), strict=True):
        assert values.dtype == no_rows.dtype == torch.float32
        assert values.shape[1] == no_rows.shape[1]
        assert float(values.mean(0).abs().max()) < 0.1
        assert float((values.std(0) - 1).abs().max()) < 0.1


@recipes
def test_a_module_of_the_users_takes_the_place_of_the_network(recipe) -> None:  # type: ignore[no-untyped-def]
    x, y = rows(200)
    prepared = recipe.prepare(x, y)
    module = nn.Linear(2, 2)
    denoiser = prepared.denoiser(WHOLE, *prepared.transform(x, y), Run(), module)
    assert isinstance(denoiser, ModuleDenoiser)
    assert denoiser.module is module


@recipes
@pytest.mark.parametrize("steps", [20, 1_000])
def test_a_step_limit_reaches_the_schedule(recipe, steps: int) -> None:  # type: ignore[no-untyped-def]
    plan, schedule = recipe.prepare(*rows(300)).plan(steps)
    assert schedule.max_steps == steps
    assert plan.warmup < steps


# --- The default --------------------------------------------------------------------------------------------------
def test_default_uses_the_fused_network_in_canonical_coordinates() -> None:
    x, y = rows(1_000)
    prepared = RECIPES["default"].prepare(x, y)
    zx, zy = prepared.transform(x, y)
    denoiser = prepared.denoiser(WHOLE, zx, zy, Run(), None)
    assert isinstance(denoiser, FusedDenoiser)
    cross = (zx.double().T @ zy.double()) / len(zx)
    assert float(cross[0, 0].abs()) == pytest.approx(float(prepared.rho[0]), abs=0.02)
    assert prepared.gaussian_mi == pytest.approx(-0.5 * np.log(1 - prepared.rho**2).sum())


def test_options_reach_the_network_and_the_optimiser() -> None:
    options = MMGOptions(width=20, depth=3, batch=64, lr=1e-4, tolerance=0.1)
    prepared = default_recipe(options).prepare(*rows(300))
    plan, schedule = prepared.plan(None)
    assert (plan.batch, plan.lr, schedule.tolerance) == (64, 1e-4, 0.1)
    denoiser = prepared.denoiser(WHOLE, *prepared.transform(*rows(300)), Run(), None)
    assert (denoiser.network.width, denoiser.network.depth) == (20, 3)
    assert prepared.network_words["width"] == 20


def test_terms_of_the_chain_rule_cover_all_columns_and_keep_partners_together() -> None:
    x, y = torch.arange(8.0).view(2, 4), torch.arange(6.0).view(2, 3) + 100
    rho = np.array([0.9, 0.8, 0.1])
    first, rest = Term(0, 2), Term(2, 4)
    assert all(torch.equal(a, b) for a, b in zip(first.rows(x, y), (x, y), strict=True))
    rest_x, rest_y = rest.rows(x, y)
    assert torch.equal(rest_x, x[:, 2:])
    assert torch.equal(rest_y[:, 0], y[:, 2])  # the partner of the third column of x
    assert (first.rho(rho).tolist(), rest.rho(rho).tolist()) == ([0.9, 0.8], [0.1])


def test_a_term_conditions_on_the_columns_after_it() -> None:
    x, y = rows(300, dim_x=4, dim_y=2)
    prepared = RECIPES["default"].prepare(x, y)
    data = prepared.transform(x, y)
    first, rest = (prepared.denoiser(term, *data, Run(), None).network for term in (Term(0, 1), Term(1, 4)))
    assert (first.dim_x, first.noised, first.context) == (4, 1, 3)
    assert (rest.dim_x, rest.noised, rest.context) == (3, 3, 0)


def test_few_rows_are_looked_at_more_often() -> None:
    few, many = (RECIPES["default"].prepare(*rows(n)).plan(None)[1] for n in (400, 60_000))
    assert few.check_every < many.check_every


# --- The published one --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("dim_x", "lr", "batch", "epochs"), [(1, 1e-3, 128, 500), (5, 1e-3, 128, 500), (6, 2e-3, 256, 750)]
)
def test_published_optimiser(dim_x: int, lr: float, batch: int, epochs: int) -> None:
    plan, schedule = PaperPrepared(np.zeros(dim_x + 1), np.ones(dim_x + 1), dim_x, n_rows=1_000).plan(None)
    assert (plan.lr, plan.batch, plan.weight_decay, plan.beta2) == (lr, batch, 1e-5, 0.999)
    assert schedule.max_steps == epochs * -(-1_000 // batch)
    assert schedule.min_steps == schedule.max_steps  # it never stops early


def test_published_denoiser_is_the_same_for_the_same_seed() -> None:
    prepared = RECIPES["paper"].prepare(*rows(200))
    data = prepared.transform(*rows(200))
    first, again, other = (prepared.denoiser(WHOLE, *data, Run(seed=seed), None).snapshot() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_making_a_denoiser_leaves_torchs_generator_alone() -> None:
    prepared = RECIPES["paper"].prepare(*rows(200))
    data = prepared.transform(*rows(200))
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    prepared.denoiser(WHOLE, *data, Run(seed=1), None)
    assert torch.equal(torch.rand(3), expected)
