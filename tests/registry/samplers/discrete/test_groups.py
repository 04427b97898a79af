"""Points that belong to a label: informations against sums of pieces and the exact log ratio on drawn rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import logsumexp

from mmg_registry.errors import OptionError
from mmg_registry.samplers.discrete.groups import clusters, named_groups, two_arms, uniform_ladder
from mmg_registry.samplers.tables import table_mi

N = 40_000


def check(ratio: np.ndarray, truth: float) -> None:
    """Hold the mean of a log ratio `(n,)` to the truth, within four standard errors."""
    assert ratio.mean() == pytest.approx(truth, abs=4 * ratio.std() / math.sqrt(len(ratio)))


def own(log_density: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return the log density of each row's own label over the mean of all, from `(n, labels)`."""
    rows = np.arange(len(label))
    mean = logsumexp(log_density, axis=1) - math.log(log_density.shape[1])
    return log_density[rows, label] - mean


@pytest.mark.parametrize("labels", [2, 5])
def test_a_ladder_is_a_table_of_its_steps(labels: int) -> None:
    steps = np.zeros((labels, labels + 1))
    for label in range(labels):
        steps[label, label : label + 2] = 1
    assert uniform_ladder(labels).true_mi == pytest.approx(table_mi(steps), abs=1e-12)
    x, y = uniform_ladder(labels).sample(1_000)
    assert 0 <= (y - x).min() < 0.01
    assert 1.99 < (y - x).max() <= 2


@pytest.mark.parametrize(("dim", "seed"), [(2, 0), (20, 1)])
def test_clusters_have_the_information_of_the_log_ratio(dim: int, seed: int) -> None:
    pair = clusters(dim, seed=seed)
    points, label = pair.sample(N)
    fixed = np.random.default_rng(seed)
    centres = 2 * fixed.standard_normal((10, 2))
    if dim > 2:
        centres = centres @ np.linalg.qr(fixed.standard_normal((dim, dim)))[0][:2]
    squares = np.sum((points[:, None] - centres) ** 2, axis=2)
    check(own(-squares / (2 * 0.6**2), label[:, 0].astype(int)), pair.true_mi)


def test_arms_have_the_information_of_the_log_ratio() -> None:
    pair = two_arms()
    points, label = pair.sample(N // 4)
    along = (np.arange(600) + 0.5) / 600
    densities = []
    for arm in (0, 1):
        angle = 3 * math.pi * along + math.pi * arm
        x, y = (0.2 + along) * np.cos(angle), (0.2 + along) * np.sin(angle)
        squares = (points[:, :1] - x) ** 2 + (points[:, 1:] - y) ** 2
        densities.append(logsumexp(-squares / (2 * 0.12**2), axis=1))
    check(own(np.stack(densities, axis=1), label[:, 0].astype(int)), pair.true_mi)


def test_named_groups_have_the_information_of_the_log_ratio() -> None:
    pair = named_groups()
    number, group = pair.sample(N)
    label = group[:, 0].astype(int)
    fixed = np.random.default_rng(1)
    means, shares = fixed.permutation(6), fixed.dirichlet(np.full(6, 5.0))
    joint = np.log(shares) - (number - means) ** 2 / (2 * 0.5**2)
    ratio = joint[np.arange(N), label] - np.log(shares[label]) - logsumexp(joint, axis=1)
    check(ratio, pair.true_mi)
    assert pair.kinds == {"y": "category"}


def test_parameters_out_of_range_are_refused() -> None:
    for word, make in (
        ("labels", lambda: uniform_ladder(1)), ("dim", lambda: clusters(1)), ("labels", lambda: clusters(labels=1)),
        ("names", lambda: named_groups(1)),
    ):  # fmt: skip
        with pytest.raises(OptionError, match=word):
            make()
