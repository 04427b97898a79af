"""What plugins say of wide data under a time limit: whether the interval holds the truth, or a warning says why not.

    python -m benchmarks.wide [--plugins A,B] [--rows N --columns D] [--seconds S] [--seeds N] [--output FILE]

Laws of D + D normal columns: `pair`, one pair of correlation 0.8; `low-rank`, five hidden normal columns that all
columns load on; and `independent`. The truth is that of the covariance, in closed form. Lines of a file that is there
are kept, but for those that are measured again, so that a table of several sizes can be made in parts.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from mmg_registry.arrays import F64
from mmg_registry.data import Pair, as_pair
from mmg_registry.estimation.run import run
from mmg_registry.request import Request

PLUGINS = "gaussian,cca,ksg,auto,orthogonal-adaptive,minde-c,mine,infonce,nwj,smile,f-dime,doe"
LAWS = ("pair", "low-rank", "independent")
HIDDEN, LOADED, CORRELATION = 5, 0.36, 0.8
KEY = ("rows", "columns", "law", "plugin", "limit", "seed")
WORDS = ("low", "can be excluded", "no evidence", "as large as", "only linear dependence is counted")  # of a warning


def covariance(law: str, dim: int, seed: int) -> F64:
    """Return the covariance `(2 dim, 2 dim)` of the columns of x and then of y."""
    cov = np.eye(2 * dim)
    if law == "pair":
        cov[0, dim] = cov[dim, 0] = CORRELATION
    if law == "low-rank":
        loadings = np.random.default_rng([seed, dim]).standard_normal((2 * dim, HIDDEN))
        loadings /= np.linalg.norm(loadings, axis=1, keepdims=True)
        cov = LOADED * loadings @ loadings.T + (1 - LOADED) * cov
    return cov


def information(cov: F64) -> float:
    """Return the information of a normal pair of as many columns each, in nats."""
    dim = len(cov) // 2
    x, y, both = (np.linalg.slogdet(part)[1] for part in (cov[:dim, :dim], cov[dim:, dim:], cov))
    return max(0.0, float(x + y - both) / 2)


def drawn(cov: F64, n: int, seed: int) -> Pair:
    """Return `n` rows of a normal pair."""
    dim = len(cov) // 2
    rows = np.random.default_rng(seed).standard_normal((n, len(cov))) @ np.linalg.cholesky(cov).T
    return as_pair(rows[:, :dim], rows[:, dim:])


def measure(n: int, dim: int, law: str, seed: int, plugin: str, limit: float) -> dict[str, Any]:
    """Return one line of the table."""
    cov = covariance(law, dim, seed)
    pair, start, busy = drawn(cov, n, seed), time.perf_counter(), time.process_time()
    found = run(pair, Request(plugin=plugin, seed=seed, threads=1, max_seconds=limit)).estimate
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    low, high = found.ci or (0.0, float("inf"))
    truth = information(cov)
    return {
        "rows": n, "columns": f"{dim}+{dim}", "law": law, "seed": seed, "plugin": plugin, "true_mi": truth,
        "mi": found.mi, "low": low, "high": high, "holds": low <= truth <= high,
        "warned": any(word in text for text in found.warnings for word in WORDS),
        "limit": limit, "seconds": seconds, "cpu_seconds": cpu,
    }  # fmt: skip


def joined(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of both, the later one where both have the same case."""
    lines = {tuple(line[key] for key in KEY): line for line in [*before, *after]}
    return [lines[key] for key in sorted(lines)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, add to the result, and print it as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugins", default=PLUGINS)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "wide.json")
    given = parser.parse_args(arguments)
    cases = itertools.product(LAWS, range(given.seeds), given.plugins.split(","))
    for law, seed, plugin in cases:
        line = measure(given.rows, given.columns, law, seed, plugin, given.seconds)
        old = json.loads(given.output.read_text())["results"] if given.output.exists() else []
        common.write(given.output, common.document(joined(old, [line]), seeds=range(given.seeds)))
        print(common.table([line]).splitlines()[-1], flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
