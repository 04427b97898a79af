"""How far pointwise values are from the true log-density ratio of each row: three mixtures of Gaussians, one Student.

    python -m benchmarks.pointwise [--plugins A,B] [--cases A,B] [--rows N] [--halves] [--output FILE]

Laws: `three`, three normal clusters in the plane; `cross`, two of opposite correlation around one centre; `clusters`,
five of random covariances in 2 + 2 columns; `student`, a Student pair of five degrees of freedom in 2 + 2 columns. Rows
that are fitted and rows that are evaluated are drawn apart. Without --halves no error is measured beyond that of the
draws. Lines of a file that is there are kept, but for those that are measured again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import multivariate_t

from benchmarks import common
from mmg_registry.arrays import F64
from mmg_registry.contracts import Run
from mmg_registry.data import as_pair
from mmg_registry.estimation.by_row import of_halves
from mmg_registry.registry import load_plugin
from mmg_registry.results import Pointwise
from mmg_registry.samplers.beyond import mixtures
from mmg_registry.samplers.heavy_tailed import student
from mmg_registry.samplers.mixtures import THREE_COMPONENTS, Mixture

DEGREES, COLUMNS = 5, 2  # of the Student pair, and of each side of it and of the clusters
EVALUATED = 2_000  # rows that no training sees
KEY = ("case", "rows", "plugin", "seed", "halves")
CROSS = Mixture(np.array([0.5, 0.5]), np.zeros((2, 2)), np.array([[[1.0, r], [r, 1.0]] for r in (0.9, -0.9)]))

# What draws rows, and their log ratio.
RatioLaw = tuple[Callable[[np.random.Generator, int], tuple[F64, F64]], Callable[[F64], F64]]


def drawn(mixture: Mixture, rng: np.random.Generator, n: int) -> tuple[F64, F64]:
    """Return `n` rows of x and of y of a mixture in the plane."""
    component = rng.choice(len(mixture.weights), size=n, p=mixture.weights)
    factors = np.linalg.cholesky(mixture.covariances)[component]
    rows = mixture.means[component] + np.einsum("nij,nj->ni", factors, rng.standard_normal((n, 2)))
    return rows[:, :1], rows[:, 1:]


def student_ratio(rows: F64) -> F64:
    """Return ln p(x, y) / (p(x) p(y)) in nats `(n,)` of rows `(n, 4)` of the Student pair."""
    parts = (rows, rows[:, :COLUMNS], rows[:, COLUMNS:])
    both, x, y = (multivariate_t(np.zeros(p.shape[1]), np.eye(p.shape[1]), DEGREES).logpdf(p) for p in parts)
    return np.asarray(both - x - y)


LAWS: dict[str, RatioLaw] = {
    "three": (partial(drawn, THREE_COMPONENTS), THREE_COMPONENTS.pointwise),
    "cross": (partial(drawn, CROSS), CROSS.pointwise),
    "clusters": (mixtures.clusters(COLUMNS).draw, mixtures.clusters_ratio),
    "student": (student(COLUMNS, DEGREES).draw, student_ratio),
}


def measure(case: str, rows: int, plugin: str, seed: int, halves: bool) -> dict[str, Any]:
    """Return one line of the table."""
    draw, ratio = LAWS[case]
    x, y = draw(np.random.default_rng([seed, 1]), rows)
    own = draw(np.random.default_rng([seed, 2]), EVALUATED)
    start, busy = time.perf_counter(), time.process_time()
    estimator = load_plugin(plugin)(run=Run(seed=seed, threads=1)).fit(x, y)
    fitted = time.process_time() - busy
    found = estimator.pointwise(*own)
    spent = time.process_time() - busy - fitted
    if halves:
        training = of_halves(estimator, as_pair(x, y), as_pair(*own), None, found.values)
        found = Pointwise(found.values, found.errors, training)
    line = {"case": case, "rows": rows, "plugin": plugin, "seed": seed, "halves": halves}
    seconds = {"cpu_seconds": fitted, "pointwise_cpu_seconds": spent, "seconds": time.perf_counter() - start}
    return {**line, **judged(found, ratio(np.hstack(own))), **seconds}


def judged(found: Pointwise, truth: F64) -> dict[str, float]:
    """Return how far the values are from the truth, in nats, and how often 1.96 errors hold it."""
    off = found.values - truth
    return {
        "rms_error": rms(off),
        "mean_error": float(off.mean()),
        "rms_truth": rms(truth),
        "rms_noise": rms(found.errors),
        "rms_std_error": rms(found.std_errors),
        "held": float(np.mean(np.abs(off) < 1.96 * found.std_errors)),
    }


def rms(values: F64) -> float:
    """Return the root mean square of `values`."""
    return float(np.sqrt(np.mean(np.square(values))))


def with_new(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of both, the later one where both have the same case."""
    lines = {tuple(line[key] for key in KEY): line for line in [*before, *after]}
    return [lines[key] for key in sorted(lines)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, add to the result, and print it as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugins", default="auto")
    parser.add_argument("--cases", default=",".join(LAWS))
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--halves", action="store_true")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "pointwise.json")
    given = parser.parse_args(arguments)
    for case, plugin in itertools.product(given.cases.split(","), given.plugins.split(",")):
        line = measure(case, given.rows, plugin, 0, given.halves)
        old = json.loads(given.output.read_text())["results"] if given.output.exists() else []
        common.write(given.output, common.document(with_new(old, [line]), seeds=[0], evaluated=EVALUATED))
        print(common.table([line]).splitlines()[-1], flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
