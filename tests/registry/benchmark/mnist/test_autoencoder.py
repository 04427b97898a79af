"""The autoencoder: learns, is the same for a seed, and sees no row that is not kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mnist_images import blobs, unit

from mmg_registry.benchmark.mnist.autoencoder import Autoencoder, fit, reconstruction_error

IMAGES = unit(blobs(300))


@pytest.fixture(scope="module")
def trained() -> Autoencoder:
    return fit(IMAGES, latent_dim=3, hidden=64, steps=300, seed=0)


def test_it_learns(trained: Autoencoder) -> None:
    untrained = fit(IMAGES, latent_dim=3, hidden=64, steps=1, seed=0)
    fresh = unit(blobs(100, seed=1))
    assert reconstruction_error(trained, fresh) < 0.35 < 1 < reconstruction_error(untrained, fresh)


def test_latents_of_whole_images_are_standardised(trained: Autoencoder) -> None:
    latents = trained.encode(IMAGES, 8)
    assert latents.mean(0) == pytest.approx(0, abs=1e-5)
    assert latents.std(0) == pytest.approx(1, abs=1e-4)


def test_rows_that_are_not_kept_have_no_influence_and_come_out_black(trained: Autoencoder) -> None:
    other = IMAGES.copy()
    other[:, 5:] = 1.0
    assert np.array_equal(trained.encode(IMAGES, 5), trained.encode(other, 5))
    assert not np.allclose(trained.encode(IMAGES, 6), trained.encode(other, 6))
    rebuilt = trained.decode(trained.encode(IMAGES, 5), 5)
    assert (rebuilt[:, 5:] == 0).all()
    assert 0 < rebuilt[:, :5].min() <= rebuilt[:, :5].max() < 1


def test_how_many_rows_are_kept_is_known(trained: Autoencoder) -> None:
    """A blank row that is kept differs from one that is not: the mask is an input."""
    blank = np.zeros((1, 8, 6), np.float32)
    assert not np.allclose(trained.encode(blank, 2), trained.encode(blank, 8))


def test_the_seed_decides_and_the_callers_generator_stays() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    a, b, c = (fit(IMAGES, latent_dim=2, hidden=16, steps=5, seed=seed).encode(IMAGES, 8) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(2), expected)
    assert np.array_equal(a, b)
    assert not np.allclose(a, c)
