"""The adaptive proposal against exact curves, and the tail against quadrature."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit

from mmg_registry.core import Proposal
from mmg_registry.diffusion import adaptive_logistic, default_logistic, envelope, gaussian_tail
from mmg_registry.diffusion.proposals import FLOOR, HIGHEST, LOWEST, MARGIN, MIN_SCALE, gap_proposal, pilot

EDGES = np.linspace(LOWEST, HIGHEST, 65)
CENTRES = (EDGES[1:] + EDGES[:-1]) / 2


def curve(s2: np.ndarray, logsnr: np.ndarray | float) -> np.ndarray:
    """Exact conditional error of the noise for residual variances `s2`: a sum of shifted sigmoids."""
    return expit(np.add.outer(np.asarray(logsnr, dtype=float), np.log(s2))).sum(-1)


def crossing(s2: np.ndarray, share: float) -> float:
    return float(brentq(lambda a: curve(s2, a) - share * len(s2), -60, 60))


# --- The adaptive proposal ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("loc", "scale"), [(2.0, 3.0), (0.0, 2.0), (6.5, 4.0)])
def test_a_logistic_curve_is_recovered(loc: float, scale: float) -> None:
    q = adaptive_logistic(EDGES, 5 * expit((CENTRES - loc) / scale), dim_x=5)
    assert q is not None
    assert q.loc == pytest.approx(loc, abs=0.02)
    assert q.scale == pytest.approx(scale, rel=0.02)


@pytest.mark.parametrize("s2", [[1.0, 0.02, 0.001], [0.3, 0.003], [1e-3] * 4 + [0.5]], ids=str)
def test_crossings_of_an_exact_curve_are_found(s2: list[float]) -> None:
    variances = np.array(s2)
    q = adaptive_logistic(EDGES, curve(variances, CENTRES), dim_x=len(s2))
    half, quarter = crossing(variances, 0.5), crossing(variances, 0.25)
    assert q is not None
    assert q.loc == pytest.approx(half, abs=0.05)
    assert q.scale == pytest.approx(max((half - quarter) / math.log(3), MIN_SCALE), abs=0.1)


def test_noise_on_the_curve_is_smoothed_away() -> None:
    noise = 0.15 * np.random.default_rng(0).standard_normal(len(CENTRES))
    q = adaptive_logistic(EDGES, 5 * expit((CENTRES - 3.0) / 2.5) + noise, dim_x=5)
    assert q is not None
    assert q.loc == pytest.approx(3.0, abs=0.4)
    assert q.scale == pytest.approx(2.5, abs=0.7)


def test_window_is_four_scales_a_side_within_what_float32_resolves() -> None:
    inside = adaptive_logistic(EDGES, expit((CENTRES - 2.0) / 2.5), dim_x=1)
    beyond = adaptive_logistic(EDGES, expit((CENTRES - 8.0) / 6.0), dim_x=1)
    assert inside is not None
    assert beyond is not None
    assert (inside.low, inside.high) == pytest.approx((2.0 - 10.0, 2.0 + 10.0), abs=0.1)
    assert (beyond.low, beyond.high) == (LOWEST, HIGHEST)


def test_a_steep_curve_keeps_a_window_for_the_tails() -> None:
    q = adaptive_logistic(EDGES, 3 * expit((CENTRES - 1.0) / 0.4), dim_x=3)
    assert q is not None
    assert q.scale == MIN_SCALE


@pytest.mark.parametrize(
    "mmse",
    [
        np.zeros(64),  # never reaches a quarter
        np.full(64, 3.0),  # never below it
        3 * expit((CENTRES - 30.0) / 3.0),  # beyond the edges
        3 * expit((CENTRES + 13.0) / 1.0),  # before them
        np.where(CENTRES > 0, 1.0, 0.0),  # a quarter, and never a half
    ],
    ids=["zero", "full", "beyond", "before", "a third"],
)
def test_a_curve_without_both_crossings_has_no_proposal(mmse: np.ndarray) -> None:
    assert adaptive_logistic(EDGES, mmse, dim_x=3) is None


# --- The tail -------------------------------------------------------------------------------------------------------
def integrand(logsnr: float, s2: np.ndarray) -> float:
    return 0.5 * float(np.sum(expit(logsnr) - expit(logsnr + np.log(s2))))


@pytest.mark.parametrize("rho", [[0.5], [0.9, 0.1], [0.99999, 0.999, 0.3], [0.9999999]], ids=str)
@pytest.mark.parametrize("window", [(-10.0, 14.0), (-3.0, 2.0), (LOWEST, HIGHEST)], ids=str)
def test_tail_is_the_integral_outside(rho: list[float], window: tuple[float, float]) -> None:
    s2 = 1 - np.array(rho) ** 2
    below = quad(integrand, -60, window[0], args=(s2,))[0]
    above = quad(integrand, window[1], 60, args=(s2,), limit=200)[0]
    assert gaussian_tail(np.array(rho), *window) == pytest.approx(below + above, rel=1e-5, abs=1e-12)


def test_a_window_of_no_width_leaves_all_of_the_mi_outside() -> None:
    rho = np.array([0.8, 0.3])
    assert gaussian_tail(rho, 1.0, 1.0) == pytest.approx(-0.5 * np.log(1 - rho**2).sum())


def test_sign_and_zeros_of_correlations() -> None:
    assert gaussian_tail(np.zeros(3), -10.0, 14.0) == 0.0
    assert gaussian_tail(np.zeros(0), -10.0, 14.0) == 0.0
    assert gaussian_tail(np.array([-0.9]), -2.0, 2.0) == gaussian_tail(np.array([0.9]), -2.0, 2.0)


# --- The fixed ones -------------------------------------------------------------------------------------------------
def test_default_is_the_published_window() -> None:
    q = default_logistic()
    assert (q.loc, q.scale, q.low, q.high) == (2.0, 3.0, -10.0, 14.0)


def test_pilot_covers_every_window_that_may_follow() -> None:
    q = pilot()
    assert (q.low, q.high, q.scale) == (LOWEST, HIGHEST, 0.0)


# --- The one that follows the gap -----------------------------------------------------------------------------------
def masses(edges: np.ndarray, gap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres and densities of the proposal's bins."""
    q = gap_proposal(edges, gap)
    width = q.edges.diff().numpy()
    return (q.edges[1:] + q.edges[:-1]).numpy() / 2, q.cdf.diff().numpy() / width


def test_mass_follows_the_root_of_the_gap_above_a_uniform_floor() -> None:
    gap = np.exp(-0.5 * ((CENTRES - 3.0) / 3.0) ** 2)
    centres, density = masses(EDGES, gap)
    root = np.exp(-0.25 * ((centres - 3.0) / 3.0) ** 2)
    expected = (1 - FLOOR) * root / root.mean() + FLOOR
    assert density / density.mean() == pytest.approx(expected, rel=0.02)


def test_window_holds_nearly_all_of_the_gap_and_a_margin() -> None:
    q = gap_proposal(EDGES, np.where(np.abs(CENTRES - 1.0) < 2.0, 1.0, 0.0))
    assert q.low == pytest.approx(-1.0 - MARGIN, abs=1.0)
    assert q.high == pytest.approx(3.0 + MARGIN, abs=1.0)


def test_window_stays_inside_the_pilot() -> None:
    q = gap_proposal(EDGES, np.ones(64))
    assert (q.low, q.high) == (LOWEST, HIGHEST)


@pytest.mark.parametrize("gap", [np.zeros(64), -np.ones(64)], ids=["none", "negative"])
def test_no_gap_at_all_leaves_a_uniform_proposal(gap: np.ndarray) -> None:
    q = gap_proposal(EDGES, gap)
    assert np.ptp(q.cdf.diff().numpy()) < 1e-6
    assert q.low < 0 < q.high


def test_an_envelope_has_draws_wherever_one_of_its_parts_has() -> None:
    parts = [
        Proposal.piecewise(torch.tensor([-3.0, -1.0, 2.0]), torch.tensor([1.0, 4.0])),
        Proposal.uniform(1.0, 5.0, 4),
    ]
    both = envelope(parts)
    assert (both.low, both.high) == (-3.0, 5.0)
    for q in parts:
        inside = [float(both.cdf[list(both.edges).index(edge)]) for edge in q.edges]
        assert inside[-1] - inside[0] >= 0.5  # half of the mass at least
    assert envelope(parts[:1]) is parts[0]


def test_an_adaptive_window_holds_the_gap_wherever_the_curve_crosses() -> None:
    edges = np.linspace(LOWEST, HIGHEST, 65)
    centres = (edges[1:] + edges[:-1]) / 2
    curve, low_gap = expit((centres - 10.0) / 2.0), np.exp(-0.5 * (centres + 2.0) ** 2)
    narrow, wide = adaptive_logistic(edges, curve, 1), adaptive_logistic(edges, curve, 1, low_gap)
    assert narrow is not None
    assert wide is not None
    assert narrow.low > 1.0
    assert wide.low < -4.0
    assert wide.loc == narrow.loc
