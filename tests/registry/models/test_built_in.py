"""Built-in models: closed forms against autograd, torch.distributions and sampling."""

from __future__ import annotations

import math

import pytest
import torch

from mmg_registry.errors import OptionError
from mmg_registry.models.built_in import BUILT_IN, LinearGaussian, MixtureChannel, built_in, linear_gaussian

SMALL = {
    "linear-gaussian": {"latent": 3, "data": 6, "mi": 4.0},
    "gaussian-channel": {"dim": 2, "mi": 3.0},
    "gaussian-mixture": {"dim": 2},
}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_gradients_by_hand_are_those_of_autograd(name: str) -> None:
    model = built_in(name, **SMALL[name])
    x, z = model.sample(7, seed=1)
    leaf = z.clone().requires_grad_(True)
    for density, (value, gradient) in (
        (model.log_prior(leaf), model.condition(x).prior(z[None])),
        (model.log_likelihood(x, leaf), model.condition(x).likelihood(z[None])),
    ):
        torch.testing.assert_close(value[0], density.detach())
        torch.testing.assert_close(gradient[0], torch.autograd.grad(density.sum(), leaf)[0])


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_the_mean_log_density_ratio_is_the_true_mi(name: str) -> None:
    model = built_in(name, **SMALL[name])
    x, z = model.sample(40_000, seed=2)
    terms = model.log_likelihood(x, z) - model.log_marginal(x)
    assert abs(float(terms.mean()) - model.true_mi) < 5 * float(terms.std()) / 200


def test_the_linear_marginal_is_that_of_the_big_covariance() -> None:
    model = linear_gaussian(latent=2, data=5, mi=3.0)
    x, z = model.sample(6, seed=0)
    covariance = model.weight @ model.weight.mT + torch.eye(5).double()
    known = torch.distributions.MultivariateNormal(model.offset, covariance).log_prob(x)
    torch.testing.assert_close(model.log_marginal(x), known)
    bayes = model.log_prior(z) + model.log_likelihood(x, z) - model.log_q(z, x)
    torch.testing.assert_close(bayes, known)


@pytest.mark.parametrize(("latent", "mi", "spread"), [(100, 200.0, 0.5), (10, 200.0, 0.5), (2, 64.0, 0.0)])
def test_many_nats_are_not_rounded_away(latent: int, mi: float, spread: float) -> None:
    model = linear_gaussian(latent=latent, data=784, mi=mi, spread=spread)
    assert model.true_mi == pytest.approx(mi, rel=1e-9)
    x, z = model.sample(2000, seed=1)
    terms = model.log_likelihood(x, z) - model.log_marginal(x)
    assert abs(float(terms.mean()) - mi) < 4 * float(terms.std()) / 2000**0.5


def test_beyond_what_float64_holds_the_noise_is_rounded_away() -> None:
    """Why there is a limit: two columns of 40 nats each, whose pairs tell something else than the model."""
    weight = math.exp(40) * torch.eye(2, dtype=torch.float64)
    model = LinearGaussian(weight, torch.ones(2, dtype=torch.float64), 1.0)
    x, z = model.sample(2000, seed=1)
    noise = x - model.offset - z @ weight.mT
    assert abs(float(noise.square().mean()) - 1) > 0.3


@pytest.mark.parametrize("settings", [{"latent": 2, "mi": 200.0}, {"latent": 2, "mi": 64.0}, {"latent": 1, "mi": 33}])
def test_more_than_float64_holds_is_refused_with_the_reason(settings: dict) -> None:
    with pytest.raises(OptionError, match="a float64 column holds no more than 32 nats; take more columns"):
        linear_gaussian(**settings)


def test_the_mixture_tends_to_its_limits() -> None:
    wide = MixtureChannel(dim=1, mode=50.0, sd=1e-3, noise=1.0)
    assert wide.true_mi == pytest.approx(math.log(2), abs=1e-4)  # one bit: which hump


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("nothing", {}, "There is no model 'nothing'"),
        ("linear-gaussian", {"latent": 0}, "'latent' is 0"),
        ("linear-gaussian", {"mi": -1.0}, "'mi' is -1.0"),
        ("linear-gaussian", {"latent": 2, "mi": 100.0}, "at most 42.67, for a float64 column"),
        ("linear-gaussian", {"spread": 1.0}, "'spread' is 1.0"),
        ("gaussian-channel", {"dim": 2, "mi": 65.0}, "at most 64, for a float64 column"),
        ("linear-gaussian", {"size": 2}, "the model 'linear-gaussian' has latent"),
        ("linear-gaussian", {"latent": "two"}, "a whole number"),
        ("gaussian-mixture", {"noise": 0}, "'noise' is 0"),
    ],
)
def test_settings_out_of_range_are_refused(name: str, settings: dict, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        built_in(name, **settings)
