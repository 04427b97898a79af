"""Coverage of the standard error that the registry gives to an estimator without one.

    python -m benchmarks.subsampling [--draws 200] [--output FILE]

The estimator is a closed form, -log(det C / (det C_x det C_y)) / 2 of the covariance C of all rows, which trains
nothing and gives no standard error. Its own bias, of some dim_x dim_y / (2 n) nats, is no matter of the error, so that
each line says how many intervals hold the truth, and how many hold the mean of the estimates.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks import common
from mmg_registry.contracts import Array, Estimator
from mmg_registry.data import as_pair
from mmg_registry.estimation.run import run
from mmg_registry.registry import register
from mmg_registry.request import Request
from mmg_registry.results import Estimate
from mmg_registry.testing import gaussian_rows

ROWS, DIMS, CORRELATIONS = (50, 100, 300, 1_500), (1, 3), (0.0, 0.6, 0.9)


class ClosedForm(Estimator):
    """The Gaussian's MI, without a standard error."""

    name = "closed-form"
    summary = "MI of the Gaussian with the rows' covariance, without a standard error"
    reference = "Cover and Thomas, Elements of Information Theory, 2006, section 8.5"
    trains: ClassVar[bool] = False

    def fit(self, x: Array, y: Array) -> ClosedForm:
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        d, cov = x.shape[1], np.cov(np.hstack([x, y]), rowvar=False)
        both, of_x, of_y = (np.linalg.slogdet(part)[1] for part in (cov, cov[:d, :d], cov[d:, d:]))
        return Estimate(mi=float(of_x + of_y - both) / 2)


def measure(n: int, dim: int, correlation: float, draws: int) -> dict[str, Any]:
    """Return the coverage over `draws` draws of `n` rows of `dim` and `dim` columns."""
    request = Request(plugin="closed-form", threads=1)
    found = [run(as_pair(*gaussian_rows(n, seed, correlation, dim, dim)), request).estimate for seed in range(draws)]
    values, errors = np.array([each.mi for each in found]), np.array([each.std_error for each in found], dtype=float)
    truth = -0.5 * math.log1p(-(correlation**2))

    def held(value: float) -> float:
        return float(np.mean([low <= value <= high for low, high in (each.ci for each in found if each.ci)]))

    return {
        "rows": n, "columns": f"{dim}+{dim}", "true_mi": truth, "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)), "mean_std_error": float(errors.mean()),
        "holds_truth": held(truth), "holds_mean": held(float(values.mean())),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the result, and print it as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "subsampling.json")
    given = parser.parse_args(arguments)
    register(ClosedForm)
    results = [measure(*cell, given.draws) for cell in itertools.product(ROWS, DIMS, CORRELATIONS)]
    common.write(given.output, common.document(results, seeds=range(given.draws), draws=given.draws))
    print(common.table(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
