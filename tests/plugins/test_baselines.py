"""Nearest neighbours and closed forms: known answers, ties, few rows, errors, refusals."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
from scipy.special import digamma

from mmg_plugins import baselines
from mmg_plugins.baselines import CCA, KSG, Gaussian, ksg_values, log_ratio
from mmg_registry.contracts import Run
from mmg_registry.errors import DataError, OptionError
from mmg_registry.testing import check_estimator

ALL = [KSG, Gaussian, CCA]
every = pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.name)
MI = -0.5 * math.log(1 - 0.64)


def pair(n: int = 2_000, rho: float = 0.8, dim: int = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, dim)), rng.standard_normal((n, dim))
    y[:, 0] = rho * x[:, 0] + math.sqrt(1 - rho**2) * y[:, 0]
    return x, y


def plain_ksg(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """Algorithm 1 as it is written, row by row; up to six columns with the maximum norm within x and y."""
    norm = np.inf if x.shape[1] + y.shape[1] <= 6 else 2
    of_x, of_y = (np.linalg.norm(side[:, None] - side, norm, axis=2) for side in (x, y))
    radius = np.sort(np.maximum(of_x, of_y), axis=1)[:, k]
    n_x, n_y = ((distance < radius[:, None]).sum(1) - 1 for distance in (of_x, of_y))
    return digamma(k) + digamma(len(x)) - digamma(n_x + 1) - digamma(n_y + 1)


@every
def test_a_gaussian_pair(cls: type[Any]) -> None:
    found = cls(run=Run(threads=1)).fit(*pair()).estimate(*pair(seed=1))
    assert found.mi == pytest.approx(MI, abs=4 * found.std_error)
    assert found.pointwise.mean() == pytest.approx(found.mi, rel=1e-9)


@every
def test_an_independent_pair(cls: type[Any]) -> None:
    found = cls(run=Run(threads=1)).fit(*pair(rho=0.0)).estimate(*pair(rho=0.0, seed=1))
    assert abs(found.mi) < 4 * found.std_error
    assert found.std_error > 0


@every
def test_the_error_is_the_spread_over_samples(cls: type[Any]) -> None:
    found = [cls(run=Run(threads=1), **plain(cls)).fit(*pair(10)).estimate(*pair(400, seed=i)) for i in range(1, 60)]
    spread = np.std([each.mi for each in found])
    assert np.mean([each.std_error for each in found]) == pytest.approx(spread, rel=0.4)


def plain(cls: type[Any]) -> dict[str, Any]:
    return {} if cls is CCA else {"gaussianise": False}


@pytest.mark.parametrize("dims", [1, 2, 4])
@pytest.mark.parametrize("grid", [0.0, 0.5])
def test_ksg_is_algorithm_1_by_trees_and_by_all_pairs(dims: int, grid: float) -> None:
    x, y = pair(300, dim=dims)
    if grid:
        x, y = np.round(x / grid) * grid + 1e-3 * pair(300, dim=dims, seed=1)[0], np.round(y / grid) * grid
    assert ksg_values(x, y, 3)[0] == pytest.approx(plain_ksg(x, y, 3))
    if dims == 1:  # where both norms are the same
        trees, pairs = baselines._by_trees(x, y, 3, 1), baselines._by_all_pairs(x, y, 3, 2)
        assert trees[0] == pytest.approx(np.sqrt(pairs[0]))
        for one, other in zip(trees[1:], pairs[1:], strict=True):
            assert np.array_equal(one, other)


def test_neighbours_at_the_same_distance_are_not_strictly_nearer() -> None:
    x = np.arange(6.0)[:, None]
    assert ksg_values(x, x, 1)[0] == pytest.approx(digamma(1) + digamma(6) - 2 * digamma(1))


def test_copies_are_counted_as_discrete_and_said() -> None:
    coin = np.random.default_rng(0).integers(0, 2, (2_000, 1)).astype(float)
    found = KSG(run=Run(threads=1)).fit(coin, coin).estimate(coin, coin)
    assert found.mi == pytest.approx(math.log(2), abs=0.01)
    assert found.diagnostics["rows_with_copies"] == 2_000
    assert "identical copies" in found.warnings[0]


def test_fewer_rows_than_neighbours() -> None:
    found = KSG(run=Run(threads=1), k=10).fit(*pair()).estimate(*pair(5, seed=1))
    assert found.diagnostics["k"] == 4
    assert "Only 5 rows" in found.warnings[0]


def test_ksg_draws_rows_where_there_are_too_many() -> None:
    model = KSG(run=Run(threads=1), max_rows=500).fit(*pair())
    found = model.estimate(*pair(seed=1))
    assert found.diagnostics["rows_used"] == 500
    assert found.pointwise is not None
    assert found.pointwise.shape == (2_000,)
    assert found.mi == pytest.approx(MI, abs=0.2)


@pytest.mark.parametrize("rows", [1, 0])
def test_rows_that_cannot_be_compared_are_refused(rows: int) -> None:
    with pytest.raises(DataError, match="compares rows"):
        KSG(run=Run(threads=1)).fit(*pair()).estimate(*pair(rows))


@every
def test_other_widths_cuda_and_no_fit_are_refused(cls: type[Any]) -> None:
    with pytest.raises(DataError, match="fitted on"):
        cls(run=Run(threads=1)).fit(*pair()).estimate(*pair(dim=2))
    with pytest.raises(OptionError, match="--device cpu"):
        cls(run=Run(device="cuda")).fit(*pair())
    with pytest.raises(OptionError, match="not fitted"):
        cls().estimate(*pair())


def test_monotone_maps_change_gaussian_and_not_cca() -> None:
    (x, y), new = pair(), pair(seed=1)
    bent = (np.exp(x), np.exp(y)), (np.exp(new[0]), np.exp(new[1]))
    assert Gaussian().fit(*bent[0]).estimate(*bent[1]).mi == pytest.approx(MI, abs=0.06)
    assert CCA().fit(*bent[0]).estimate(*bent[1]).mi < MI - 0.06


def test_the_log_ratio_is_that_of_the_densities() -> None:
    rho, x, y = 0.6, 0.3, -1.2
    conditional = -((y - rho * x) ** 2) / (2 * 0.64) - 0.5 * math.log(0.64)
    found = log_ratio(np.array([[x, 9.0]]), np.array([[y]]), np.array([rho]))
    assert found[0] == pytest.approx(conditional + y * y / 2)


def test_a_correlation_of_one_is_said() -> None:
    x, _ = pair()
    assert "agree to all digits" in CCA().fit(x, x).estimate(x, 2 * x).warnings[0]


@every
def test_ten_thousand_rows_are_quick(cls: type[Any]) -> None:
    start = time.process_time()
    cls(run=Run(threads=1)).fit(*pair(10_000)).estimate(*pair(10_000, seed=1))
    assert time.process_time() - start < 3.0  # some 0.1 on a quiet machine; catches a square of the rows


@every
def test_contract(cls: type[Any]) -> None:
    results = check_estimator(cls)
    assert {result["status"] for result in results} == {"passed"}
