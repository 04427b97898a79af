"""Annealing with exact transitions: what the theory says, to Monte-Carlo precision."""

from __future__ import annotations

import pytest
import torch

from mmg_registry.annealing import ais as annealing
from mmg_registry.annealing.ais import Annealing, evidence
from mmg_registry.annealing.hmc import ExactMoves
from mmg_registry.annealing.path import path_of
from mmg_registry.annealing.schedule import linear
from mmg_registry.models.built_in import LinearGaussian, generator, linear_gaussian

PAIRS = 256


def exact(temperatures: int) -> tuple[LinearGaussian, torch.Tensor, torch.Tensor, Annealing]:
    model = linear_gaussian(latent=2, data=4, mi=1.5)
    x, z = model.sample(PAIRS, seed=0)
    path = path_of(model, x)
    betas = linear(temperatures).tolist()
    return model, x, z, Annealing(path, betas, ExactMoves(path.given, betas))


def symmetric_divergence(model: LinearGaussian, x: torch.Tensor) -> float:
    """KL(prior || posterior) + KL(posterior || prior), averaged over the rows of x."""
    mean, sd = model.posterior(x, 1.0)
    terms = 0.5 * (sd**2 + sd**-2 - 2 + mean**2 * (1 + sd**-2))
    return float(terms.sum(-1).mean())


@pytest.mark.parametrize("temperatures", [10, 40])
def test_both_gaps_together_are_the_symmetric_divergence_over_t(temperatures: int) -> None:
    model, x, _, ladder = exact(temperatures)
    draws = generator(0)
    forward = ladder.forward(200, draws).log_weights.mean(0)
    posterior = ladder.path.given.draw(1.0, 200, draws)
    gap = ladder.reverse(posterior, draws).log_weights.mean(0) - forward
    assert float(gap.mean()) == pytest.approx(symmetric_divergence(model, x) / temperatures, rel=0.05)


@pytest.mark.parametrize("method", ["sandwich", "single", "independent", "coupled"])
def test_every_method_holds_the_exact_evidence(method: annealing.Method) -> None:
    model, x, z, ladder = exact(30)
    found = evidence(ladder, z, 8, method, generator(1))
    truth = model.log_marginal(x)
    for side in (truth - found.low, found.high - truth):
        assert float(side.mean()) > -2 * float(side.std()) / PAIRS**0.5
    assert found.gap > 0


def test_several_chains_are_tighter_than_one_but_by_no_more_than_log_k() -> None:
    _, _, z, ladder = exact(10)
    single, many = (evidence(ladder, z, 16, method, generator(2)).gap for method in ("single", "sandwich"))
    assert many < single < many + 2 * torch.tensor(16.0).log()


def test_forward_weights_average_to_the_marginal() -> None:
    model, x, _, ladder = exact(20)
    found = annealing.low(ladder.forward(1000, generator(3)).log_weights)
    torch.testing.assert_close(found, model.log_marginal(x), atol=0.4, rtol=0)


def test_weights_beyond_the_range_of_exp_are_added_up() -> None:
    huge = torch.tensor([[2000.0], [2000.0]], dtype=torch.float64)
    assert float(annealing.high(huge)) == float(annealing.low(-huge)) * -1 == 2000.0
