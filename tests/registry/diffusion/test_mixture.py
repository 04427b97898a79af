"""Mixtures of normal densities: their fit, their log-density ratio, and their denoisers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmg_registry.arrays import F64
from mmg_registry.core import Proposal
from mmg_registry.core.reference import Draws, Errors, gap_draws, gap_of_errors
from mmg_registry.diffusion import MixtureDenoisers, NormalMixture, fit_mixture
from mmg_registry.diffusion.mixture import maximised

CENTRES = np.array([[-4.0, -4.0], [4.0, -4.0], [0.0, 5.0]])
RHO = 0.8
PAIR = NormalMixture(np.zeros(1), np.zeros((1, 2)), np.array([[[1.0, RHO], [RHO, 1.0]]]))


def clusters(n: int, seed: int = 0) -> F64:
    rng = np.random.default_rng(seed)
    return np.asarray(CENTRES[rng.integers(0, 3, n)] + rng.standard_normal((n, 2)))


def split(rows: F64) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = (torch.from_numpy(side.astype(np.float32)) for side in (rows[:, :1], rows[:, 1:]))
    return x, y


# --- The density --------------------------------------------------------------------------------------------------
def test_the_log_density_is_that_of_the_normal_law() -> None:
    rows = np.array([[0.3, -0.4], [0.0, 0.0]])
    left = 1 - RHO**2
    square = (rows[:, 0] ** 2 - 2 * RHO * rows[:, 0] * rows[:, 1] + rows[:, 1] ** 2) / left
    assert PAIR.log_density(rows) == pytest.approx(-square / 2 - 0.5 * math.log(left) - math.log(2 * math.pi))


def test_the_log_ratio_averages_to_the_information() -> None:
    rows = np.random.default_rng(0).multivariate_normal([0, 0], PAIR.covariance[0], 40_000)
    assert PAIR.log_ratio(rows[:, :1], rows[:, 1:]).mean() == pytest.approx(-0.5 * math.log(1 - RHO**2), abs=0.02)


def test_arrays_rebuild_the_same_mixture() -> None:
    fitted, rows = fit_mixture(clusters(200), seed=0), clusters(50, seed=1)
    assert np.array_equal(NormalMixture.of_arrays(fitted.arrays()).log_density(rows), fitted.log_density(rows))


# --- The fit ------------------------------------------------------------------------------------------------------
def test_a_fit_finds_the_components_that_rows_were_drawn_from() -> None:
    found = fit_mixture(clusters(600), seed=0)
    nearest = np.linalg.norm(found.mean[:, None] - CENTRES, axis=2).min(0)
    assert len(found.log_share) == 3
    assert nearest.max() < 0.3
    assert np.exp(found.log_share).sum() == pytest.approx(1.0)


def test_of_many_rows_some_choose_the_number_and_all_are_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmg_registry.diffusion.mixture.CHOOSING_ROWS", 400)
    rows = clusters(1_000)
    found = fit_mixture(rows, seed=0)
    assert len(found.log_share) in (3, 4)  # of a hundred rows left out
    assert np.exp(found.log_share) @ found.mean == pytest.approx(rows.mean(0), abs=0.01)  # of all rows, not of some


def test_one_component_is_enough_for_normal_rows() -> None:
    assert len(fit_mixture(np.random.default_rng(0).standard_normal((400, 3)), seed=0).log_share) == 1


def test_own_covariances_are_chosen_where_components_differ() -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate(
        [rng.standard_normal((300, 2)) * width + centre for width, centre in ((0.2, 3.0), (1.5, -3.0))]
    )
    spread = np.sort(fit_mixture(rows, seed=0).covariance[:, 0, 0])
    assert spread[0] < 0.1
    assert spread[-1] > 1.0


def test_a_column_that_stands_twice_has_a_density() -> None:
    x = np.random.default_rng(0).standard_normal((100, 1))
    assert np.isfinite(fit_mixture(np.concatenate([x, x], axis=1), seed=0).log_density(np.zeros((1, 2)))).all()


def test_the_same_seed_fits_the_same_mixture() -> None:
    one, two = (maximised(clusters(300), 4, math.inf, seed=3) for _ in range(2))
    assert np.array_equal(one.mean, two.mean)
    assert np.array_equal(one.covariance, two.covariance)


# --- The denoisers ------------------------------------------------------------------------------------------------
def test_denoisers_of_one_component_are_the_linear_ones() -> None:
    x, y = split(np.random.default_rng(0).multivariate_normal([0, 0], PAIR.covariance[0], 50))
    draws = gap_draws(Proposal.uniform(-6.0, 6.0, 4), 0, 0, 1, torch.arange(50), 1)
    marginal, given = MixtureDenoisers(PAIR, 1).errors(x, y, draws)
    a, b = draws.logsnr.sigmoid().sqrt()[:, None], (-draws.logsnr).sigmoid().sqrt()[:, None]
    s2 = 1 - RHO**2
    assert marginal.numpy() == pytest.approx((draws.eps - b * (a * x + b * draws.eps)).numpy(), abs=1e-5)
    residue = a * (x - RHO * y) + b * draws.eps
    assert given.numpy() == pytest.approx((draws.eps - b * residue / (a**2 * s2 + b**2)).numpy(), abs=1e-5)


def test_the_gap_between_the_denoisers_is_the_information_of_the_mixture() -> None:
    mixture = NormalMixture(np.full(3, -math.log(3)), CENTRES, np.repeat(np.eye(2)[None], 3, 0))
    x, y = split(clusters(4_000))
    of = MixtureDenoisers(mixture, 1)

    def errors(x: torch.Tensor, y: torch.Tensor, draws: Draws) -> Errors:
        marginal, given = of.errors(x, y, draws)
        return Errors(marginal, given, marginal, given)

    rows = gap_of_errors(errors, x, y, Proposal.uniform(-10.0, 10.0, 32), seed=0, repeats=16)[1].mean(0)
    truth = mixture.log_ratio(x.double().numpy(), y.double().numpy()).mean()
    assert rows[0].item() == pytest.approx(truth, abs=0.02)
    assert rows[1].item() == pytest.approx(truth, abs=0.02)
