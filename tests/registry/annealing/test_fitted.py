"""The start that a pilot fits: its density, its draws, and what it is good for."""

from __future__ import annotations

import bad_models
import numpy as np
import pytest
import torch

import mmg_registry as mmg
from mmg_registry.annealing import fitted
from mmg_registry.annealing.fitted import FittedPath, fitted_path
from mmg_registry.annealing.path import ModelPath, path_of
from mmg_registry.annealing.schedule import Pilot
from mmg_registry.models.built_in import MixtureChannel, generator, linear_gaussian

MODEL = linear_gaussian(latent=3, data=8, mi=9.0)


def made(by_hand: bool) -> FittedPath:
    x, _ = MODEL.sample(4, seed=0)
    target = path_of(MODEL, x) if by_hand else ModelPath(MODEL, x)
    root = torch.tensor([[0.3, 0.0, 0.0], [0.1, 0.2, 0.0], [-0.1, 0.1, 0.4]], dtype=torch.float64)
    return FittedPath(target, torch.arange(12.0, dtype=torch.float64).view(4, 3) / 10, root)


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_path_goes_from_the_normal_density_to_the_joint_one(by_hand: bool) -> None:
    path = made(by_hand)
    z = path.start(5, generator(0)).requires_grad_(True)
    normal = torch.distributions.MultivariateNormal(path.mean, scale_tril=path.root).log_prob(z)
    flat, x = z.reshape(-1, 3), path.x.repeat(5, 1)
    joint = (MODEL.log_prior(flat) + MODEL.log_likelihood(x, flat)).view(5, 4)
    torch.testing.assert_close(path.log_ratio(z.detach()), (joint - normal).detach())
    value = 0.7 * normal + 0.3 * joint
    found = path.tempered(z.detach(), 0.3)
    torch.testing.assert_close(found.value, value.detach())
    torch.testing.assert_close(found.gradient, torch.autograd.grad(value.sum(), z)[0])


def test_draws_have_the_density() -> None:
    path = made(by_hand=True)
    z = path.start(50_000, generator(0))
    torch.testing.assert_close(z.mean(0), path.mean, atol=0.01, rtol=0)
    covariance = np.cov(z[:, 1].numpy().T)
    torch.testing.assert_close(torch.from_numpy(covariance), path.root @ path.root.mT, atol=0.01, rtol=0)


def test_the_fit_is_the_posterior_where_that_is_normal() -> None:
    x, _ = MODEL.sample(64, seed=0)
    base = path_of(MODEL, x)
    path = fitted_path(base, Pilot(base, "adaptive-kl", "dense", 10, 0.75).run(generator(0)), 10, generator(1))
    mean, sd = MODEL.posterior(x, 1.0)
    whitened = (path.root.mT @ MODEL.axes / sd).mT  # its columns' squares sum to 1 in each direction
    torch.testing.assert_close(whitened.square().sum(1), torch.ones(3).double(), atol=0.1, rtol=0)
    assert float(((path.mean @ MODEL.axes - mean) / sd).square().mean()) < 0.02


def test_a_fit_that_was_kept_gives_the_same_bits() -> None:
    model = linear_gaussian(latent=5, data=8, mi=9.0)
    x, _ = model.sample(32, seed=0)
    base = path_of(model, x)
    path = fitted_path(base, Pilot(base, "adaptive-kl", "dense", 10, 0.75).run(generator(0)), 10, generator(1))
    kept = FittedPath(base, **{name: each.clone().contiguous() for name, each in path.state().items()})
    assert {name: each.stride() for name, each in path.state().items()} == {
        name: each.stride() for name, each in kept.state().items()
    }
    z = path.start(16, generator(2))
    assert torch.equal(z, kept.start(16, generator(2)))
    assert torch.equal(path.log_ratio(z), kept.log_ratio(z))


@pytest.mark.parametrize("model", [bad_models.Plain, MixtureChannel(dim=2, mode=2.0, sd=0.5, noise=1.5)])
def test_it_is_no_wider_than_from_the_prior_where_the_posterior_is_not_normal(model) -> None:
    options = {"temperatures": 20, "chains": 4, "n": 100, "decay": False, "seed": 0}
    far, near = (mmg.bound(model, start=start, **options) for start in ("prior", "fitted"))
    assert -0.01 < near.width < far.width
    assert near.ci[0] < far.upper
    assert near.ci[1] > far.lower


def test_few_draws_of_many_columns_make_a_diagonal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitted, "FEWEST_MOVES", 1)
    monkeypatch.setattr(fitted, "BUDGET", 1)  # so that the pilot's chains move once
    model = linear_gaussian(latent=40, data=50, mi=4.0)
    x, _ = model.sample(2, seed=0)
    base = path_of(model, x)
    path = fitted_path(base, Pilot(base, "adaptive-kl", "diagonal", 10, 0.75).run(generator(0)), 10, generator(1))
    assert torch.equal(path.root, torch.diag(path.root.diagonal()))
    assert bool((path.root.diagonal() > 0).all())
