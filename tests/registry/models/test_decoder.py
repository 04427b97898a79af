"""Decoders: densities that are normalised, gradients by hand, and chains that go through both the same way."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mmg_registry.annealing.path import EncoderPath, HandwrittenEncoderPath, HandwrittenPath, ModelPath, path_of
from mmg_registry.bounds.contract import Encoder, Handwritten
from mmg_registry.bounds.run import bound
from mmg_registry.models.built_in import standard_normal
from mmg_registry.models.decoder import Decoder, EncodedDecoder, mlp


def decoder(data: int = 12, hidden: tuple[int, ...] = (7, 5), scale: float = 0.3) -> EncodedDecoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        mean, code = mlp([2, *hidden, data]), mlp([data, 6, 4])
    return EncodedDecoder(mean, code, scale).to(torch.float64)  # type: ignore[return-value]


def at_chains(model: Decoder, chains: int = 3, n: int = 4) -> tuple[Tensor, Tensor]:
    x, _ = model.sample(n, seed=0)
    return x, model.sample_prior(chains * n, seed=5).view(chains, n, -1)


def test_the_likelihood_is_the_normal_density_around_the_network() -> None:
    model = decoder()
    x, z = model.sample(6, seed=0)
    wanted = torch.distributions.Normal(model.mean(z), model.scale).log_prob(x).sum(1)
    torch.testing.assert_close(model.log_likelihood(x, z), wanted)


def test_samples_have_the_deviation_that_the_density_says() -> None:
    model = decoder()
    x, z = model.sample(4000, seed=0)
    residual = (x - model.mean(z)) / model.scale
    assert abs(float(residual.square().mean()) - 1) < 5 * math.sqrt(2 / residual.numel())
    assert torch.equal(x, model.sample(4000, seed=0)[0])


@pytest.mark.parametrize("data", [12, 3])  # more columns than the last hidden layer, and fewer
def test_values_and_gradients_by_hand_are_those_of_autograd(data: int) -> None:
    model = decoder(data)
    x, z = at_chains(model)
    leaf = z.clone().requires_grad_()
    rows = x.expand(3, *x.shape).reshape(-1, data)
    plain = model.log_likelihood(rows, leaf.view(-1, 2))
    value, gradient = model.condition(x).likelihood(z)
    torch.testing.assert_close(value.flatten(), plain.detach())
    torch.testing.assert_close(gradient, torch.autograd.grad(plain.sum(), leaf)[0])


def test_a_decoder_of_one_layer_is_linear() -> None:
    model = Decoder(mlp([2, 6]), 0.5).to(torch.float64)
    x, z = at_chains(model)
    value, gradient = model.condition(x).likelihood(z)
    residual = (x - model.mean(z)) / model.scale
    torch.testing.assert_close(value, standard_normal(residual) - 6 * math.log(0.5))
    torch.testing.assert_close(gradient, residual @ model.mean[0].weight / model.scale)


def test_single_precision_networks_lose_little() -> None:
    double = decoder(data=200, hidden=(32, 32), scale=0.03)
    single = double.to(torch.float32)
    x, z = at_chains(double)
    assert single.sample(3, seed=0)[0].dtype == torch.float64
    wanted, found = double.condition(x).likelihood(z)[0], single.condition(x).likelihood(z)[0]
    assert float(((found - wanted) / wanted).abs().max()) < 1e-5
    assert not torch.equal(found, wanted)


def test_the_encoder_is_a_density_that_is_drawn_from() -> None:
    model = decoder()
    x, _ = model.sample(3, seed=0)
    z = model.sample_q(x, 20_000, seed=1)
    mean, log_sd = model.encoded(x)
    torch.testing.assert_close(z.mean(0), mean, atol=0.05, rtol=0)
    entropy = (log_sd + 0.5 * math.log(2 * math.pi * math.e)).sum(1)
    torch.testing.assert_close(-model.log_q(z, x).mean(0), entropy, atol=0.05, rtol=0)


def test_what_it_offers_is_what_the_contract_asks() -> None:
    encoded, bare = decoder(), Decoder(mlp([2, 5, 9]), 0.1)
    assert (isinstance(encoded, Encoder), isinstance(bare, Encoder)) == (True, False)
    assert isinstance(bare, Handwritten)
    x, _ = encoded.sample(3, seed=0)
    assert isinstance(path_of(encoded, x, "encoder"), HandwrittenEncoderPath)
    assert isinstance(path_of(encoded, x), HandwrittenPath)


@pytest.mark.parametrize(("start", "plain"), [("prior", ModelPath), ("encoder", EncoderPath)])
def test_paths_by_hand_and_by_autograd_agree(start, plain) -> None:
    model = decoder()
    x, z = at_chains(model)
    ours, theirs = path_of(model, x, start), plain(model, x)
    torch.testing.assert_close(ours.log_ratio(z), theirs.log_ratio(z))
    for found, wanted in zip(ours.tempered(z, 0.3), theirs.tempered(z, 0.3), strict=True):
        torch.testing.assert_close(found, wanted)


def test_a_path_never_takes_other_chains_for_those_it_knows() -> None:
    model = decoder()
    x, z = at_chains(model)
    path = path_of(model, x)
    path.log_ratio(z)
    path.tempered(z + 1, 0.5)
    z.mul_(2)
    torch.testing.assert_close(path.log_ratio(z), ModelPath(model, x).log_ratio(z))
    torch.testing.assert_close(path.tempered(z, 0.5), ModelPath(model, x).tempered(z, 0.5))
    torch.testing.assert_close(path.log_ratio(z[:2]), ModelPath(model, x).log_ratio(z[:2]))


def test_a_state_is_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a move some chains are at its end and some at its start, and both are known."""
    model = decoder()
    x, z = at_chains(model)
    path, plain = path_of(model, x), ModelPath(model, x)
    assert isinstance(path, HandwrittenPath)
    path.log_ratio(z)
    path.tempered(z + 1, 0.5)
    path.tempered(z + 2, 0.5)
    accepted = torch.arange(12).view(3, 4) % 2 == 0
    moved = torch.where(accepted[..., None], z + 2, z)
    monkeypatch.setattr(path, "given", None)  # anything new would fail
    torch.testing.assert_close(path.log_ratio(moved), plain.log_ratio(moved))
    torch.testing.assert_close(path.tempered(moved, 0.3), plain.tempered(moved, 0.3))
    with pytest.raises(AttributeError):
        path.log_ratio(z + 1)


@pytest.mark.parametrize("start", ["prior", "encoder"])
def test_ais_catches_a_decoder_with_one_latent_column(start: str) -> None:
    """Against quadrature over the one column."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = EncodedDecoder(mlp([1, 8, 6]), mlp([6, 8, 2]), scale=0.2).to(torch.float64)
    x, z = model.sample(32, seed=0)
    grid = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    joint = model.condition(x).likelihood(grid[:, None, None].expand(-1, 32, 1))[0] + standard_normal(
        grid[:, None, None]
    )
    truth = float((model.log_likelihood(x, z) - torch.logsumexp(joint, 0) - math.log(float(grid[1] - grid[0]))).mean())
    found = bound(model, "ais", x=x, z=z, temperatures=60, chains=8, start=start, decay=False)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower - 0.04 < truth < found.upper + 0.04
    assert found.upper - found.lower < 0.1
