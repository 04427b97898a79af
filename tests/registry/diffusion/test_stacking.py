"""A network and a mixture as one pair of denoisers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from mmg_registry.core import Network, Proposal
from mmg_registry.core.reference import gap_draws
from mmg_registry.diffusion import FusedDenoiser, MixtureDenoisers, NormalMixture, Stacked, as_saved, stacked

Q = Proposal.uniform(-6.0, 6.0, 8)
RHO = torch.tensor([0.8], dtype=torch.float64)
RIGHT, WRONG = (NormalMixture(np.zeros(1), np.zeros((1, 2)), np.array([[[1.0, r], [r, 1.0]]])) for r in (0.8, -0.8))


def pair(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    y = torch.randn(n, 1, generator=rng)
    return 0.8 * y + 0.6 * torch.randn(n, 1, generator=rng), y


def network(rho: Tensor) -> FusedDenoiser:
    """Return an untrained network, whose denoisers are the linear ones for the correlation `rho`."""
    return FusedDenoiser(Network(1, 1, 16, 1), *pair(100), rho, seed=0, threads=1)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_errors_are_the_weighted_means_of_both(weight: float) -> None:
    rows, other = pair(20), MixtureDenoisers(WRONG, 1)
    draws = gap_draws(Q, 0, 0, 1, torch.arange(20), 1)
    own, (marginal, given) = network(RHO).errors()(*rows, draws), other.errors(*rows, draws)
    found = Stacked(network(RHO), other, weight).errors()(*rows, draws)
    assert torch.allclose(found.marginal, (1 - weight) * own.marginal + weight * marginal, atol=1e-6)
    assert torch.allclose(found.given, (1 - weight) * own.given + weight * given, atol=1e-6)
    assert torch.equal(found.wiener_given, own.wiener_given)


def test_a_better_mixture_gets_all_the_weight() -> None:
    found = stacked(network(-RHO), MixtureDenoisers(RIGHT, 1), pair(100, seed=1), Q, seed=0)
    assert found is not None
    assert found.weight == pytest.approx(1.0, abs=0.02)


def test_a_mixture_that_does_worse_is_left_out() -> None:
    assert stacked(network(RHO), MixtureDenoisers(WRONG, 1), pair(100, seed=1), Q, seed=0) is None


def test_a_mixture_that_says_the_same_is_left_out() -> None:
    assert stacked(network(RHO), MixtureDenoisers(RIGHT, 1), pair(100, seed=1), Q, seed=0) is None


def test_the_weight_has_the_least_error_on_held_out_rows() -> None:
    rows = pair(200, seed=1)
    half = NormalMixture(np.zeros(1), np.zeros((1, 2)), np.array([[[1.0, 0.5], [0.5, 1.0]]]))
    start = torch.zeros(1, dtype=torch.float64)
    found = stacked(network(start), MixtureDenoisers(half, 1), rows, Q, seed=0)
    assert found is not None
    assert 0 < found.weight <= 1

    def loss(weight: float) -> float:
        of = Stacked(network(start), MixtureDenoisers(half, 1), weight)
        return of.gap(*rows, Q, repeats=100, seed=0)[1][:, 2:].sum(1).mean().item()

    assert loss(found.weight) <= min(loss(max(0.0, found.weight - 0.1)), loss(min(1.0, found.weight + 0.1))) + 1e-6


def test_a_snapshot_rebuilds_the_same_denoisers() -> None:
    made = Stacked(network(RHO), MixtureDenoisers(WRONG, 1), 0.4)
    again = as_saved(network(RHO), 1, made.snapshot())
    rows = pair(50)
    for found, expected in zip(
        again.gap(*rows, Q, repeats=2, seed=0), made.gap(*rows, Q, repeats=2, seed=0), strict=True
    ):
        assert torch.equal(found, expected)


def test_a_snapshot_of_a_network_alone_rebuilds_that() -> None:
    assert isinstance(as_saved(network(RHO), 1, network(RHO).snapshot()), FusedDenoiser)
