"""Proposals: exact weights, bins, refusals; the compiled draws against the reference's."""

from __future__ import annotations

import math

import pytest
import torch
from problems import default_proposal, uneven_proposal, wiener_problem
from scipy.special import expit

from mmg_registry.core import BIN_SUMS, Proposal, reference
from mmg_registry.core.proposal import ROW_VALUES

PROPOSALS = {
    "published": default_proposal(),
    "one-sided": Proposal.logistic(loc=6.0, scale=3.5, low=-8.0, high=20.0, n_bins=7),
    "uniform": Proposal.uniform(-10.0, 14.0, 12),
    "uneven": uneven_proposal(),
}
N = 4_000


def stratified(proposal: Proposal) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Log-SNR, weight and bin at the middles of N strata: sums over them are integrals by the midpoint rule."""
    u = (torch.arange(N, dtype=torch.float64) + 0.5) / N
    logsnr, weight, found = reference.draw_logsnr(proposal, u.float())
    return logsnr.double(), weight.double(), found


@pytest.mark.parametrize("proposal", PROPOSALS.values(), ids=PROPOSALS)
def test_mean_weight_is_the_width_of_the_window(proposal: Proposal) -> None:
    assert float(stratified(proposal)[1].mean()) == pytest.approx(proposal.window, rel=1e-3)


@pytest.mark.parametrize("proposal", PROPOSALS.values(), ids=PROPOSALS)
def test_weighted_mean_of_a_function_is_its_integral(proposal: Proposal) -> None:
    logsnr, weight, _ = stratified(proposal)
    bump = logsnr.sigmoid() * (-logsnr).sigmoid()  # the derivative of the sigmoid
    assert float((weight * bump).mean()) == pytest.approx(expit(proposal.high) - expit(proposal.low), rel=1e-3)


@pytest.mark.parametrize("proposal", PROPOSALS.values(), ids=PROPOSALS)
def test_draws_stay_in_the_window_and_in_their_bins(proposal: Proposal) -> None:
    logsnr, weight, found = stratified(proposal)
    edges = proposal.edges.double()
    assert bool((weight > 0).all())
    assert bool((logsnr >= edges[found] - 1e-4).all())
    assert bool((logsnr <= edges[found + 1] + 1e-4).all())


def test_logistic_weights_are_the_published_ones() -> None:
    """1 / q at the centre and at both ends: 4 scale tanh(2), and its product with cosh(2)^2 (clip 4)."""
    q = default_proposal()
    _, weight, _ = reference.draw_logsnr(q, torch.tensor([1e-6, 0.5, 1 - 1e-6]))
    centre = 4 * 3 * math.tanh(2)
    assert weight.tolist() == pytest.approx([centre * math.cosh(2) ** 2, centre, centre * math.cosh(2) ** 2], rel=1e-4)


def test_piecewise_masses_are_the_shares_of_the_draws() -> None:
    q = uneven_proposal()
    share = stratified(q)[2].bincount(minlength=5) / N
    torch.testing.assert_close(share, torch.tensor([1.0, 2.0, 5.0, 3.0, 0.5]) / 11.5, atol=1e-3, rtol=0)


@pytest.mark.parametrize("proposal", PROPOSALS.values(), ids=PROPOSALS)
def test_compiled_draws_are_the_references(proposal: Proposal) -> None:
    """Counts say which bins were drawn; with one column and exact denoisers the row values show the weights."""
    problem = wiener_problem(torch.tensor([0.7], dtype=torch.float64), 1, 1, 500, 0, proposal)
    (bins, rows), (bins_ref, rows_ref) = problem.gap(repeats=8), problem.reference_gap(repeats=8)
    count, mse = BIN_SUMS.index("count"), BIN_SUMS.index("mse")
    # a log-SNR on an edge may round into the neighbour
    assert (bins[:, count] - bins_ref[:, count]).abs().max() <= 2
    assert float(bins[:, mse].sum()) == pytest.approx(float(bins_ref[:, mse].sum()), rel=1e-5)
    torch.testing.assert_close(rows[:, :2], rows_ref[:, :2], rtol=1e-3, atol=1e-4)
    assert ROW_VALUES[:2] == ("direct", "orthogonal")


def test_compiled_mean_weight_is_the_width_of_the_window() -> None:
    """Where x is the noise's own prior, E|eps - eps_hat|^2 is known: the weighted sum is its integral."""
    rho = torch.zeros(1, dtype=torch.float64)
    for proposal in PROPOSALS.values():
        bins, _ = wiener_problem(rho, 1, 1, 20_000, 0, proposal).gap(repeats=4)
        integral = 2 * float(bins[:, BIN_SUMS.index("mse")].sum() / bins[:, 0].sum())
        ends = torch.nn.functional.softplus(torch.tensor([proposal.low, proposal.high], dtype=torch.float64))
        assert integral == pytest.approx(float(ends[1] - ends[0]), rel=0.02)


# --- Refusals -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("edges", "mass"),
    [
        ([0.0, 1.0, 1.0], [1.0, 1.0]),
        ([0.0, 2.0, 1.0], [1.0, 1.0]),
        ([0.0, 1.0, 2.0], [1.0, 0.0]),
        ([0.0, 1.0, 2.0], [1.0, -1.0]),
        ([0.0, 1.0, 2.0], [1.0]),
        ([0.0, 1.0, math.inf], [1.0, 1.0]),
        ([0.0, math.nan, 2.0], [1.0, 1.0]),
        ([0.0, 1.0, 2.0], [1.0, math.nan]),
        ([0.0, 1.0, 2.0], [1.0, math.inf]),
        ([0.0, 1.0, 2.0], [1.0, 1e-9]),  # would vanish in float32: its share of the integral would be lost
        ([1.0], []),
    ],
)
def test_piecewise_refuses_what_is_no_density(edges: list[float], mass: list[float]) -> None:
    with pytest.raises(ValueError, match="increasing edges"):
        Proposal.piecewise(torch.tensor(edges), torch.tensor(mass))


@pytest.mark.parametrize(
    ("loc", "scale", "low", "high"),
    [(2, 0, -10, 14), (2, -1, -10, 14), (2, 3, 14, -10), (2, 3, 5, 5), (math.nan, 3, -10, 14), (2, math.inf, -10, 14)],
)
def test_logistic_refuses_what_is_no_density(loc: float, scale: float, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="logistic proposal needs"):
        Proposal.logistic(loc, scale, low, high)


def test_logistic_refuses_a_window_that_float32_cannot_draw_from() -> None:
    with pytest.raises(ValueError, match="8 scales"):
        Proposal.logistic(loc=0.0, scale=0.5, low=-10.0, high=10.0)
