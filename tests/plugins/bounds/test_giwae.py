"""GIWAE and what it reduces to, on the same draws."""

from __future__ import annotations

import math

import pytest
import torch
from bad_models import Encoded, Plain

import mmg_registry as mmg
from mmg_plugins.bounds.ais import IWAE
from mmg_plugins.bounds.giwae import contrast, log_ratio, on_chains
from mmg_registry.annealing.ais import high_independent
from mmg_registry.annealing.path import path_of
from mmg_registry.errors import OptionError
from mmg_registry.models.built_in import generator, linear_gaussian

K = 16


def giwae_terms(ratio, scores):
    """The bound of each pair from log q(z_1|x) / p(z_1) `(n,)` and T(x, z_k) `(K, n)`, the pair's own first."""
    return ratio + contrast(scores[0], torch.logsumexp(scores[1:], 0), len(scores))


def setting(start: str):
    model = Encoded()
    x, z = model.sample(50, seed=0)
    path = path_of(model, x, start)
    return model, x, z, torch.cat([z[None], path.start(K - 1, generator(1))])


def test_one_sample_is_the_bound_of_barber_and_agakov() -> None:
    model, x, z, _ = setting("encoder")
    barber_agakov = model.log_q(z, x) - model.log_prior(z)
    scores = on_chains(model.log_likelihood, x, z[None])
    torch.testing.assert_close(giwae_terms(log_ratio(model, x, z, "encoder"), scores), barber_agakov)
    constant = torch.zeros(K, len(x))
    torch.testing.assert_close(giwae_terms(barber_agakov, constant), barber_agakov)


def test_the_prior_as_proposal_is_infonce() -> None:
    model, x, z, candidates = setting("prior")
    table = torch.stack([model.log_likelihood(x, row) for row in candidates], 1)
    infonce = math.log(K) - torch.nn.functional.cross_entropy(
        table, torch.zeros(len(x), dtype=torch.long), reduction="none"
    )
    found = giwae_terms(log_ratio(model, x, z, "prior"), on_chains(model.log_likelihood, x, candidates))
    torch.testing.assert_close(found, infonce)


@pytest.mark.parametrize("start", ["prior", "encoder"])
def test_the_optimal_critic_is_iwae(start: str) -> None:
    model, x, z, candidates = setting(start)
    path = path_of(model, x, start)
    weights = path.log_ratio(candidates)
    iwae = model.log_likelihood(x, z) - high_independent(weights[:1], weights[1:])
    found = giwae_terms(log_ratio(model, x, z, start), weights)
    torch.testing.assert_close(found, iwae.double(), atol=1e-5, rtol=1e-5)  # the model is in float32


def test_the_contrastive_part_is_at_most_log_k() -> None:
    scores = 100 * torch.randn(K, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float(giwae_terms(0.0, scores).max()) <= math.log(K) + 1e-6


def test_at_equal_k_giwae_is_above_infonce_and_barber_agakov() -> None:
    bounds = {
        name: mmg.bound(Encoded, plugin, n=400, chains=K, **options).lower
        for name, plugin, options in (
            ("giwae", "giwae", {"start": "encoder"}),
            ("barber-agakov", "giwae", {"start": "encoder", "critic": "constant"}),
            ("infonce", "structured-infonce", {}),
        )
    }
    assert max(bounds, key=bounds.__getitem__) == "giwae"


def test_infonce_stops_at_log_k_where_there_is_more() -> None:
    model = linear_gaussian(latent=2, data=10, mi=12.0)
    found = mmg.bound(model, "structured-infonce", chains=K)
    assert found.lower <= math.log(K) + 1e-9
    assert found.kind == "lower"


def test_a_learned_critic_needs_no_likelihood() -> None:
    class Marginal:
        log_prior, sample = Plain.log_prior, Plain.sample

    learned = mmg.bound(Marginal, "giwae", n=500, chains=K, critic="learned", steps=150, width=32)
    known = mmg.bound(Plain, "giwae", n=500, chains=K)
    assert 0.7 * known.lower < learned.lower < known.lower + 0.05
    with pytest.raises(OptionError, match="no log_likelihood"):
        mmg.bound(Marginal, "giwae")


def test_iwae_through_the_plugin_is_at_least_as_high_as_giwae() -> None:
    model = Encoded()
    x, z = model.sample(200, seed=5)
    sandwich = IWAE(run=mmg.Run(seed=0), chains=K, start="encoder").bound(model, x, z)
    assert sandwich.lower == pytest.approx(
        mmg.bound(model, "giwae", x=x, z=z, chains=K, start="encoder").lower, abs=0.05
    )
