"""Where log-SNRs are drawn."""

from __future__ import annotations

import torch

from mmg_plugins.mmg.parts.proposals import GapRefinement, TwoStageRefinement, fixed, following_gap, two_stage
from mmg_registry.core import BIN_SUMS, Proposal
from mmg_registry.diffusion import default_logistic
from mmg_registry.diffusion.proposals import pilot


def sums(centre: float) -> torch.Tensor:
    """Held-out sums under the pilot of a conditional error that rises, and a gap that peaks, at a log-SNR."""
    edges = pilot().edges.double()
    at = (edges[1:] + edges[:-1]) / 2
    bins = torch.zeros(len(at), len(BIN_SUMS), dtype=torch.float64)
    bins[:, BIN_SUMS.index("count")] = 1
    bins[:, BIN_SUMS.index("mse_given")] = pilot().window / 2 * torch.sigmoid((at - centre) / 3)
    bins[:, BIN_SUMS.index("orthogonal")] = torch.exp(-0.5 * (at - centre).square())
    return bins


def test_a_fixed_proposal_is_neither_refined_nor_replaced() -> None:
    draws = fixed()
    assert draws.refinement(3) is None
    assert draws.first().loc == default_logistic().loc
    assert draws.evaluated(pilot()).low == pilot().low


def test_the_second_stage_is_chosen_once() -> None:
    refine = two_stage().refinement(1)
    assert isinstance(refine, TwoStageRefinement)
    chosen = refine(sums(5.0), pilot())
    assert abs(chosen.loc - 5.0) < 0.5
    assert refine(sums(-3.0), pilot()) is chosen
    assert two_stage().refinement(1) is not refine


def test_a_curve_without_crossings_leaves_the_published_logistic() -> None:
    nothing = torch.zeros(pilot().n_bins, len(BIN_SUMS), dtype=torch.float64)
    chosen = TwoStageRefinement(1)(nothing, pilot())
    assert (chosen.loc, chosen.scale) == (default_logistic().loc, default_logistic().scale)


def test_the_gap_is_followed_every_time() -> None:
    refine = following_gap(0.3).refinement(1)
    assert refine == GapRefinement(0.3)
    found: list[Proposal] = [GapRefinement(0.3)(sums(centre), pilot()) for centre in (5.0, -3.0)]
    assert found[0].low < 5.0 < found[0].high
    assert found[1].low < -3.0 < found[1].high < found[0].low + found[0].window / 2
