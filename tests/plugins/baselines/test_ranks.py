"""Ranks doubt closed forms of columns that are too skewed for them, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import pair

from mmg_plugins.baselines.gaussian import CCA, Gaussian
from mmg_registry.contracts import Run
from mmg_registry.data.order import normal_scores

Closed = type[Gaussian] | type[CCA]


def said(cls: Closed, x: Any, y: Any) -> list[str]:
    return cls(run=Run(threads=1)).fit(x, y).estimate(x, y).warnings


def test_increasing_maps_do_not_change_scores_and_ties_share_one() -> None:
    x = np.random.default_rng(0).integers(0, 20, (200, 2)).astype(float)
    assert np.array_equal(normal_scores(x), normal_scores(np.exp(x)))
    assert len(np.unique(normal_scores(x)[:, 0])) == len(np.unique(x[:, 0]))


@pytest.mark.parametrize("cls", [Gaussian, CCA])
def test_a_very_skewed_column_is_doubted(cls: Closed) -> None:
    x, y = pair(4_000)
    assert "ranks" in said(cls, np.exp(20 * x), y)[0]


@pytest.mark.parametrize("cls", [Gaussian, CCA])
@pytest.mark.parametrize(("n", "rho", "dim"), [(50, 0.8, 1), (300, 0.7, 12), (4_000, 0.8, 1), (4_000, 0.0, 5)])
def test_normal_rows_are_not(cls: Closed, n: int, rho: float, dim: int) -> None:
    assert all(said(cls, *pair(n, rho, dim, seed)) == [] for seed in range(5))


def test_what_the_maps_of_margins_mend_is_doubted_of_the_raw_columns_alone() -> None:
    x, y = pair(4_000)
    assert said(Gaussian, np.exp(2 * x), y) == []
    assert said(CCA, np.exp(2 * x), y)
