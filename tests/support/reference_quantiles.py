"""Deciles and moments of the published reference rows, kept in `bmi_quantiles.npz`, and two-sample tests against them.

The rows are the first 2,000 of each task's draw with seed 1 of the benchmark package 0.1.3 of "Beyond Normal"
(NeurIPS 2023). `python tests/support/reference_quantiles.py FOLDER` makes it again from FOLDER/bmi_reference.npz.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FILE = Path(__file__).parent / "bmi_quantiles.npz"
LEVELS = np.arange(1, 10) / 10
N_REFERENCE = 2_000
Columns = NDArray[np.float64]


def views(x: Columns, y: Columns) -> Columns:
    """What a wrong law would show in, `(n, n_views)`: coordinates, differences, radii, products, projections."""
    x, y = (np.arcsinh(side.astype(np.float64)) for side in (x, y))  # heavy tails would drown all else in a projection
    both = np.hstack([x, y])
    width = min(x.shape[1], y.shape[1])
    radii = [np.sum(side**2, axis=1, keepdims=True) for side in (x, y)]
    directions = np.random.default_rng(7).standard_normal((both.shape[1], 6))
    near = [side[:, :3] * np.roll(side[:, :3], 1, axis=1) for side in (x, y)]
    products = [radii[0] * radii[1], x[:, :width] * y[:, :width]]
    apart = x[:, :width] - y[:, :width]
    return np.hstack([both, apart, apart**2, *radii, *products, *near, both @ directions])


def summary(x: Columns, y: Columns) -> NDArray[np.float32]:
    """Of each view the nine deciles, the mean and the standard deviation, `(n_views, 11)`."""
    found = views(x, y)
    parts = [np.quantile(found, LEVELS, axis=0), found.mean(axis=0)[None], found.std(axis=0, ddof=1)[None]]
    return np.concatenate(parts).T.astype(np.float32)


def p_values(x: Columns, y: Columns, stored: NDArray[np.float32]) -> Columns:
    """How likely such differences are between two samples of one law: of the ten bins' counts, then of the means."""
    ours = views(x, y)
    assert ours.shape[1] == len(stored)
    deciles, mean, sd = stored[:, :9], stored[:, 9].astype(float), stored[:, 10].astype(float)
    counts = [
        np.bincount(np.searchsorted(edges, column), minlength=10) for edges, column in zip(deciles, ours.T, strict=True)
    ]
    expected = np.full(10, N_REFERENCE / 10)
    by_bins = [stats.chi2_contingency([each, expected]).pvalue for each in counts]
    error = np.sqrt(sd**2 / N_REFERENCE + ours.var(axis=0) / len(ours))
    by_means = 2 * stats.norm.sf(np.abs(ours.mean(axis=0) - mean) / error)
    return np.concatenate([by_bins, by_means])


def main(folder: str) -> None:
    """Write `FILE` from the reference rows in `folder`."""
    rows = np.load(Path(folder) / "bmi_reference.npz")
    names = [key.removesuffix("|mi") for key in rows.files if key.endswith("|mi")]
    np.savez_compressed(FILE, **{name: summary(rows[f"{name}|x"], rows[f"{name}|y"]) for name in names})


if __name__ == "__main__":
    main(sys.argv[1])
