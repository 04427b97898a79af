"""How often the order of rows speaks where it means nothing: on shuffled rows and on sorted files.

    python -m benchmarks.shuffles [--draws 1000] [--rows 60,300,3000]

`series` is the share of draws that are taken for a series (split by blocks, wider error), `told` the share of those
with any word about their order, that of a sorted file included. Sorted files are drawn row by row and then sorted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from mmg_registry.data import as_pair, units_of

ShuffledRows = NDArray[np.float64]
DrawnSides = tuple[ShuffledRows, ShuffledRows]
DrawRows = Callable[[np.random.Generator, int], DrawnSides]


def normal(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return one column a side with a correlation of 0.8."""
    x = rng.standard_normal((n, 1))
    return x, 0.8 * x + 0.6 * rng.standard_normal((n, 1))


def nearly_equal(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return one column a side that agree to a hundredth: both sides then speak or neither."""
    x = rng.standard_normal((n, 1))
    return x, x + 0.01 * rng.standard_normal((n, 1))


def wide(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return twenty columns a side, dependent pair by pair."""
    x = rng.standard_normal((n, 20))
    return x, x + 0.5 * rng.standard_normal((n, 20))


def heavy_tails(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return Cauchy columns and a cube."""
    x = rng.standard_cauchy((n, 2))
    return x, x[:, :1] ** 3


def labels(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return two columns and a class of three that moves them."""
    y = rng.integers(0, 3, (n, 1)).astype(float)
    return y + rng.standard_normal((n, 2)), y


def sparse(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return twenty columns that are zero in 98 of 100 rows, and where they are not."""
    x = rng.random((n, 20)) * (rng.random((n, 20)) < 0.02)
    x[0] = 1.0
    return x, (x > 0).astype(float) + 0.0


def by_x(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return `normal` sorted by x."""
    x, y = normal(rng, n)
    order = np.argsort(x[:, 0])
    return x[order], y[order]


def by_class(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return `labels` sorted by the class."""
    x, y = labels(rng, n)
    order = np.argsort(y[:, 0], kind="stable")
    return x[order], y[order]


def by_latent(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return twenty noisy columns a side of a hidden variable, sorted by it."""
    hidden = np.sort(rng.standard_normal((n, 1)), axis=0)
    return hidden + 2 * rng.standard_normal((n, 20)), hidden + 2 * rng.standard_normal((n, 20))


def by_cluster(rng: np.random.Generator, n: int) -> DrawnSides:
    """Return eight clusters of five columns a side, one after the other."""
    cluster = np.sort(rng.integers(0, 8, n))
    a, b = 2 * rng.standard_normal((2, 8, 5))
    return a[cluster] + rng.standard_normal((n, 5)), b[cluster] + rng.standard_normal((n, 5))


SHUFFLED: tuple[DrawRows, ...] = (normal, nearly_equal, wide, heavy_tails, labels, sparse)
SORTED: tuple[DrawRows, ...] = (by_x, by_class, by_latent, by_cluster)


def measure(draw: DrawRows, n: int, draws: int) -> dict[str, Any]:
    """Return the shares of `draws` draws of `n` rows that are taken for a series, and of those with a word."""
    found = [units_of(as_pair(*draw(np.random.default_rng([seed, n]), n))) for seed in range(draws)]
    series = np.mean([each.by == "blocks" for each in found])
    told = np.mean([bool(each.told) for each in found])
    return {"rows_are": draw.__name__, "n": n, "draws": draws, "series": float(series), "told": float(told)}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--rows", default="60,300,3000")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "shuffles.json")
    given = parser.parse_args(argv)
    sizes = [int(word) for word in given.rows.split(",")]
    results = [measure(draw, n, given.draws) for draw in (*SHUFFLED, *SORTED) for n in sizes]
    print(common.table(results))
    common.write(given.output, common.document(results, seeds=range(given.draws)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
