"""The convolutional denoiser: the linear one at the start, what is not known has no influence, and it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mmg_registry as mmg
from mmg_registry.benchmark.mnist import denoiser as module
from mmg_registry.benchmark.mnist.denoiser import PixelDenoiser
from mmg_registry.benchmark.mnist.ratios import Information
from mmg_registry.benchmark.mnist.spaces import Pixels, variables


def built(n_images: int = 1, rows: tuple[int, ...] = (5, 2), size: tuple[int, int] = (7, 6)) -> PixelDenoiser:
    return PixelDenoiser(*size, n_images=n_images, rows=rows, channels=8, seed=0)


def shaken(network: PixelDenoiser) -> PixelDenoiser:
    """As if it were trained: no weight is 0 any more."""
    torch.manual_seed(0)
    with torch.no_grad():
        for each in network.parameters():
            each.add_(0.1 * torch.randn_like(each))
    return network


def inputs(n: int = 9, n_images: int = 1, rows: int = 7) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(n, 42 * n_images), torch.linspace(-8, 8, n), torch.randn(n, 6 * rows)


@pytest.mark.parametrize(("n_images", "rows"), [(1, (7,)), (1, (5, 2)), (2, (3, 3))])
def test_it_starts_as_the_linear_denoiser_of_unit_columns(n_images: int, rows: tuple[int, ...]) -> None:
    z, logsnr, y = inputs(n_images=n_images, rows=sum(rows))
    network = built(n_images, rows)
    expected = (-logsnr).sigmoid().sqrt()[:, None] * z
    for given in (y, None):
        found = network(z, logsnr, given)
        assert found.shape == z.shape
        assert torch.allclose(found, expected)


def test_it_tells_no_y_from_a_blank_one() -> None:
    z, logsnr, y = inputs()
    network = shaken(built())
    assert not torch.allclose(network(z, logsnr, None), network(z, logsnr, torch.zeros_like(y)))


def test_a_known_pixel_counts_at_its_own_place() -> None:
    z, logsnr, y = inputs()
    network = built()
    with torch.no_grad():
        network.copy.fill_(1.0)
    places = {6 * 4 + 3: [4, 3], 6 * 5 + 6 * 1 + 2: [1, 2]}  # the second in the other known image, of two rows
    for column, place in places.items():
        lit = torch.zeros_like(y)
        lit[:, column] = 1.0
        difference = (network(z, logsnr, lit) - network(z, logsnr, torch.zeros_like(y))).view(-1, 7, 6)
        assert torch.nonzero(difference.abs().sum(0)).tolist() == [place]


@pytest.mark.parametrize("given", [True, False])
def test_an_evaluation_in_chunks_is_the_same(given: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    z, logsnr, y = inputs()
    network = shaken(built())
    with_gradient = network(z, logsnr, y if given else None)
    monkeypatch.setattr(module, "CHUNK", 4)
    with torch.no_grad():
        assert torch.allclose(network(z, logsnr, y if given else None), with_gradient, atol=1e-5)


def test_all_weights_are_trained() -> None:
    z, logsnr, y = inputs()
    network = shaken(built())
    network(z, logsnr, y).square().sum().backward()
    assert all(each.grad is not None and each.grad.abs().sum() > 0 for each in network.parameters())


def test_the_seed_decides_and_the_callers_generator_stays() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    a, b = built(), built()
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(a.down.weight, b.down.weight)
    other = PixelDenoiser(7, 6, n_images=1, rows=[5, 2], channels=8, seed=1)
    assert not torch.equal(a.down.weight, other.down.weight)


def test_an_estimator_that_uses_it_finds_a_known_information() -> None:
    """Independent normal pixels: each kept one tells -1/2 log(1 - rho^2), rho^2 = 1 / ((1 + s^2)(1 + s^2/100))."""
    images = np.random.default_rng(0).standard_normal((1_000, 4, 4), np.float32)
    term, space = Information("single", 2), Pixels(noise=1.0)
    rows, held = variables(space, term, images[:700], seed=1), variables(space, term, images[700:], seed=2)
    network = PixelDenoiser(4, 4, n_images=1, rows=[2], channels=8, seed=0)
    options = {"preset": "paper", "steps": 120, "denoiser": network, "repeats": 4}
    found = mmg.estimate(*rows, x_eval=held[0], y_eval=held[1], plugin="mmg-orthogonal", seed=0, threads=1, **options)
    assert found.mi == pytest.approx(-8 * 0.5 * np.log(1 - 1 / (2 * 1.01)), rel=0.2)
