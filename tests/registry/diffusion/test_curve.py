"""From sums to integrals, errors and curve."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mmg_registry.core import BIN_SUMS, Network, Problem, Proposal, mmse_gap
from mmg_registry.diffusion import default_logistic, summarise
from mmg_registry.diffusion.curve import make_curve

PROPOSAL = Proposal.piecewise(torch.tensor([-2.0, 0.0, 3.0]), torch.tensor([1.0, 1.0]))


def bins_of(draws: dict[int, list[tuple[float, float, float, float]]]) -> Tensor:
    """Sums over (direct, orthogonal, mse, mse_given) of the draws in each bin."""
    bins = torch.zeros(2, len(BIN_SUMS), dtype=torch.float64)
    for i, values in draws.items():
        for direct, orthogonal, mse, given in values:
            cross = direct - orthogonal
            squares = [v for pair in (direct, orthogonal, cross) for v in (pair, pair**2)]
            bins[i] += torch.tensor([1, *squares, mse, given, 0, 0], dtype=torch.float64)
    return bins


DRAWS = {0: [(1.0, 0.5, 3.0, 2.0), (3.0, 1.5, 5.0, 2.0)], 1: [(0.6, 0.9, 6.0, 5.4)]}


def test_curve_by_hand() -> None:
    curve = make_curve(bins_of(DRAWS), PROPOSAL, n_draws=3)
    assert curve.edges == [-2.0, 0.0, 3.0]
    assert curve.count == [2, 1]
    assert curve.direct == pytest.approx([4 / 6, 0.6 / 9])
    assert curve.orthogonal == pytest.approx([2 / 6, 0.9 / 9])
    assert curve.cross == pytest.approx([2 / 6, -0.3 / 9])
    assert curve.direct_se == pytest.approx([math.sqrt(2) / 6, 0.0])
    assert curve.mmse == pytest.approx([2 * 8 / 6, 2 * 6 / 9])
    assert curve.mmse_cond == pytest.approx([2 * 4 / 6, 2 * 5.4 / 9])


def test_an_empty_bin_is_zero_and_not_nan() -> None:
    curve = make_curve(bins_of({0: DRAWS[0]}), PROPOSAL, n_draws=2)
    assert curve.direct[1] == 0.0
    assert curve.direct_se[1] == 0.0
    assert curve.count[1] == 0


def test_summary_by_hand() -> None:
    rows = torch.tensor([[1.0, 0.4, 0.0, 0.0], [3.0, 0.8, 0.0, 0.0]], dtype=torch.float64)
    gap = summarise(bins_of(DRAWS), rows, PROPOSAL, repeats=1)
    assert (gap.direct, gap.orthogonal, gap.cross) == pytest.approx((2.0, 0.6, 1.4))
    assert gap.direct_se == pytest.approx(1.0)
    assert gap.orthogonal_se == pytest.approx(0.2)
    assert gap.cross_se == pytest.approx(0.8)
    assert gap.rows.tolist() == [[1.0, 0.4], [3.0, 0.8]]


def test_one_row_has_no_error_that_could_be_trusted() -> None:
    gap = summarise(bins_of(DRAWS), torch.ones(1, 4, dtype=torch.float64), PROPOSAL, repeats=3)
    assert gap.direct == 1.0
    assert (gap.direct_se, gap.orthogonal_se, gap.cross_se) == (math.inf, math.inf, math.inf)


def test_curve_integrates_to_the_estimate() -> None:
    network, q = Network(2, 2, 8, 1), default_logistic()
    weights = network.init(0) + 0.1 * torch.randn(network.n_parameters, generator=torch.Generator().manual_seed(0))
    data = torch.randn(300, 2, generator=torch.Generator().manual_seed(1))
    rho = torch.zeros(2, dtype=torch.float64)
    gap = summarise(*mmse_gap(Problem(network, data, data.flip(0), rho, q, seed=0), weights, repeats=5), q, 5)
    widths = q.edges.double().diff()
    for name in ("direct", "orthogonal", "cross"):
        integral = float((torch.tensor(getattr(gap.curve, name), dtype=torch.float64) * widths).sum())
        assert integral == pytest.approx(getattr(gap, name), rel=1e-9)
    assert gap.direct == pytest.approx(gap.orthogonal + gap.cross, rel=1e-12)
    difference = torch.tensor(gap.curve.mmse) - torch.tensor(gap.curve.mmse_cond)
    torch.testing.assert_close(difference / 2, torch.tensor(gap.curve.direct), rtol=1e-5, atol=1e-6)
