"""What sampling adds to the information of a Gaussian pair, against simulated covariances."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.preprocess.wishart import excess, information, of_covariance, variance_at_zero


def simulated(n: int, dim_x: int, dim_y: int, draws: int = 2_000) -> np.ndarray:
    """-1/2 log of Wilks' Lambda of independent normal rows."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(draws):
        c = np.cov(rng.standard_normal((dim_x + dim_y, n)))
        parts = [np.linalg.slogdet(m)[1] for m in (c[:dim_x, :dim_x], c[dim_x:, dim_x:], c)]
        found.append(0.5 * (parts[0] + parts[1] - parts[2]))
    return np.array(found)


@pytest.mark.parametrize(("n", "dim_x", "dim_y"), [(12, 1, 1), (20, 3, 2), (40, 6, 9)])
def test_mean_and_variance_under_independence(n: int, dim_x: int, dim_y: int) -> None:
    found = simulated(n, dim_x, dim_y)
    assert found.mean() == pytest.approx(excess(n, dim_x, dim_y), abs=4 * found.std() / math.sqrt(len(found)))
    assert found.var() == pytest.approx(variance_at_zero(n, dim_x, dim_y), rel=0.2)


def test_sides_may_change_places() -> None:
    assert excess(50, 3, 5) == pytest.approx(excess(50, 5, 3))
    assert variance_at_zero(50, 3, 5) == pytest.approx(variance_at_zero(50, 5, 3))


def test_the_covariance_alone_tells_what_canonical_correlations_do() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((200, 7))
    rows[:, 3:6] += rows[:, :3]
    found = of_covariance(np.cov(rows.T, bias=True), len(rows), 3)
    centred = rows - rows.mean(0)
    axes = [np.linalg.qr(side)[0] for side in (centred[:, :3], centred[:, 3:])]
    rho = np.linalg.svd(axes[0].T @ axes[1], compute_uv=False)
    known = information(rho, np.zeros(200), 3, 4)
    assert found is not None
    assert (found.mi, found.std_error) == (pytest.approx(known.mi), pytest.approx(known.std_error))


@pytest.mark.parametrize("case", ["few rows", "a copy", "one side constant"])
def test_what_cannot_be_told_is_none(case: str) -> None:
    rows = np.random.default_rng(0).standard_normal((6 if case == "few rows" else 50, 4))
    if case == "a copy":
        rows[:, 3] = rows[:, 2]
    if case == "one side constant":
        rows[:, :2] = 0.0
    assert of_covariance(np.cov(rows.T, bias=True), len(rows), 2) is None
