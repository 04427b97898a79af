"""Log-density ratios of single rows, from denoisers that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from mmg_registry.core import Proposal
from mmg_registry.core.reference import Draws, Errors, denoiser_errors
from mmg_registry.diffusion import (
    MixtureDenoisers,
    NormalMixture,
    RowDraws,
    averaged,
    beyond_linear,
    direct,
    integrated_rows,
    linear_ratio,
)
from mmg_registry.diffusion.row_ratios import REPEATS

RHO = np.array([0.8, 0.5])
WIDE = Proposal.uniform(-12.0, 20.0)
MIXTURE = NormalMixture(
    np.log([0.3, 0.7]),
    np.array([[-1.0, 0.5], [0.8, -0.4]]),
    np.array([[[0.5, 0.35], [0.35, 0.6]], [[0.4, -0.2], [-0.2, 0.7]]]),
)


def rows(n: int, dim: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    return torch.randn(n, dim, generator=draw), torch.randn(n, dim, generator=draw)


def test_over_all_log_snrs_it_is_the_density_ratio_of_a_gaussian_pair() -> None:
    x, y = (side.numpy().astype(np.float64) for side in rows(50))
    given = norm.logpdf(x, RHO * y, np.sqrt(1 - RHO**2)) - norm.logpdf(x)
    np.testing.assert_allclose(linear_ratio(x, y, RHO), given.sum(1), atol=1e-9)


def test_over_a_window_it_is_the_integral_of_both_linear_errors() -> None:
    x, y, rho, low, high = 0.7, -1.1, 0.6, -2.0, 3.0
    s2, d2 = 1 - rho**2, (x - rho * y) ** 2

    def gap(logsnr: float) -> float:
        g = math.exp(logsnr)
        return 0.5 * g * ((g + x**2) / (1 + g) ** 2 - (g * s2**2 + d2) / (g * s2 + 1) ** 2)

    found = linear_ratio(np.array([[x]]), np.array([[y]]), np.array([rho]), (low, high))
    assert found[0] == pytest.approx(quad(gap, low, high)[0], abs=1e-9)


def linear_errors(x: torch.Tensor, y: torch.Tensor, draws: Draws) -> Errors:
    nothing = lambda z, logsnr, y: (torch.zeros_like(z), torch.zeros_like(z))  # noqa: E731
    return denoiser_errors(nothing, x, y, torch.from_numpy(RHO), draws)


def test_draws_of_the_linear_denoisers_give_their_closed_form() -> None:
    x, y = rows(40)
    value, error = averaged(
        [integrated_rows(linear_errors, direct, (x, y), 2, RowDraws(WIDE, 3, 2_048), i) for i in range(REPEATS)]
    )
    off = value - linear_ratio(x.numpy(), y.numpy(), RHO, (WIDE.low, WIDE.high))
    assert float(np.sqrt(np.mean(off**2))) < 0.05
    assert 0.5 < float(np.sqrt(np.mean(off**2) / np.mean(error**2))) < 2
    nothing = integrated_rows(linear_errors, beyond_linear, (x, y), 2, RowDraws(WIDE, 3), 0)
    np.testing.assert_array_equal(nothing, 0.0)


def test_exact_denoisers_of_a_mixture_give_its_log_density_ratio() -> None:
    x, y = rows(40, 1)
    denoisers = MixtureDenoisers(MIXTURE, 1)

    def errors_of(x: torch.Tensor, y: torch.Tensor, draws: Draws) -> Errors:
        marginal, given = denoisers.errors(x, y, draws)
        return Errors(marginal, given, marginal, given)

    plan = RowDraws(WIDE, 0, 1_024)
    value, error = averaged([integrated_rows(errors_of, direct, (x, y), 1, plan, i) for i in range(REPEATS)])
    truth = MIXTURE.log_ratio(x.double().numpy(), y.double().numpy())
    assert float(np.abs(value - truth).max()) < 0.1
    assert float(np.sqrt(np.mean((value - truth) ** 2))) < 1.5 * float(np.sqrt(np.mean(error**2)))


def test_a_row_has_draws_of_its_own_by_its_number_and_repeat() -> None:
    plan = RowDraws(WIDE, 7, 64)
    both, second = plan.of(0, torch.tensor([0, 1]), 3), plan.of(0, torch.tensor([1]), 3)
    assert torch.equal(both.eps[plan.points :], second.eps)
    assert not torch.equal(both.eps[: plan.points], second.eps)
    assert not torch.equal(plan.of(1, torch.tensor([1]), 3).logsnr, second.logsnr)
    assert plan.points == 16
