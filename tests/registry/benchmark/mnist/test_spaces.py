"""The variables of the tests: noise of the stated size, exact Markov chains, pairs of different images."""

from __future__ import annotations

import numpy as np
import pytest
from mnist_images import blobs, unit

from mmg_registry.benchmark.mnist.autoencoder import fit
from mmg_registry.benchmark.mnist.ratios import Information
from mmg_registry.benchmark.mnist.spaces import JITTER, Latents, Pixels, Space, variables

IMAGES = unit(blobs(200))
SINGLE, JOINT, DOUBLE = Information("single", 5), Information("joint", 5, 3), Information("double", 5)


@pytest.fixture(scope="module", params=["pixels", "latents"])
def space(request: pytest.FixtureRequest) -> Space:
    if request.param == "pixels":
        return Pixels(0.5)
    return Latents(fit(IMAGES, latent_dim=3, hidden=32, steps=50), 0.5)


def quiet(space: Space) -> Space:
    """The same without noise to speak of."""
    return Pixels(1e-6) if isinstance(space, Pixels) else Latents(space.autoencoder, 1e-6)  # type: ignore[attr-defined]


def test_noise_is_as_large_as_stated(space: Space) -> None:
    (a, b), (clean_a, clean_b) = (variables(each, SINGLE, IMAGES, seed=0) for each in (space, quiet(space)))
    assert (a - clean_a).std() == pytest.approx(0.5, rel=0.1)
    assert (b - clean_b).std() == pytest.approx(0.5 * JITTER, rel=0.1)
    assert abs(np.corrcoef((a - clean_a)[:, 0], (b - clean_b)[:, 0])[0, 1]) < 0.3


def test_a_and_b_of_a_joint_term_are_those_of_the_single_one(space: Space) -> None:
    a, b = variables(space, SINGLE, IMAGES, seed=0)
    joint_a, joint_b = variables(space, JOINT, IMAGES, seed=0)
    assert np.array_equal(a, joint_a)
    assert np.array_equal(b, joint_b[:, : b.shape[1]])
    assert joint_b.shape[1] > b.shape[1]


def test_fewer_rows_are_a_function_of_more_rows_and_fresh_noise(space: Space) -> None:
    """So that data processing is exact: other images with the same B_{r+k} have the same B_r."""
    b = space.cropped(IMAGES, 5, np.random.default_rng(0))
    less, again = (space.processed(b, 5, 3, np.random.default_rng(1)) for _ in range(2))
    other_noise = space.processed(b, 5, 3, np.random.default_rng(2))
    assert np.array_equal(less, again)
    assert (less - other_noise).std() == pytest.approx(0.5 * JITTER * 2**0.5, rel=0.1)


def test_pixels_of_fewer_rows_are_the_first_ones_row_by_row() -> None:
    rng = np.random.default_rng(0)
    b = Pixels(1e-6).cropped(IMAGES, 5, rng)
    assert Pixels(1e-6).processed(b, 5, 3, rng) == pytest.approx(IMAGES[:, :3].reshape(200, -1), abs=1e-4)


def test_latents_of_fewer_rows_come_close_to_those_of_the_crop() -> None:
    network = fit(IMAGES, latent_dim=4, hidden=64, steps=400)
    rng, space = np.random.default_rng(0), Latents(network, 1e-6)
    through = space.processed(space.cropped(IMAGES, 6, rng), 6, 5, rng)
    direct = space.cropped(IMAGES, 5, rng)
    assert np.mean((through - direct) ** 2) < 0.4 * np.mean((direct - direct.mean(0)) ** 2)


def test_a_double_term_puts_two_images_side_by_side_in_columns(space: Space) -> None:
    a, b = variables(space, SINGLE, IMAGES, seed=0)
    rows = variables(space, DOUBLE, IMAGES, seed=0)
    assert np.array_equal(rows[0], np.hstack([a[:100], a[100:]]))
    assert np.array_equal(rows[1], np.hstack([b[:100], b[100:]]))
    reused = variables(space, DOUBLE, IMAGES, seed=0, reuse=True)
    assert reused[0].shape == (200, 2 * a.shape[1])
    assert np.array_equal(reused[1][:100], rows[1])
    assert np.array_equal(reused[1][100:], np.hstack([b[100:], b[:100]]))


def test_an_odd_image_is_left_out_of_pairs_and_never_meets_itself() -> None:
    a, _ = variables(Pixels(0.5), Information("single", 8), IMAGES[:7], seed=0)
    double, _ = variables(Pixels(0.5), Information("double", 8), IMAGES[:7], seed=0)
    reused, _ = variables(Pixels(0.5), Information("double", 8), IMAGES[:7], seed=0, reuse=True)
    assert (len(double), len(reused)) == (3, 7)
    assert not any(np.array_equal(row[:48], row[48:]) for row in reused)
    assert np.array_equal(np.sort(reused[:, 48:], axis=0), np.sort(a, axis=0))


def test_the_seed_decides(space: Space) -> None:
    a, b, c = (variables(space, JOINT, IMAGES, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(a[0], b[0])
    assert np.array_equal(a[1], b[1])
    assert not np.allclose(a[0], c[0])
