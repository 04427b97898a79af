"""How often intervals exclude 0 for independent series, and hold the truth of dependent ones.

    python -m benchmarks.order [--plugin gaussian,ksg,mine] [--pairs 200] [--memory 0,0.9,0.98,0.995] [--share 0]

A pair is two first-order autoregressive series of `--rows` rows, x_t = phi x_{t-1} + noise, independent of one another;
with `--share r` y is r x plus such a series, scaled so that the correlation is r at every row and the information is
-1/2 log(1 - r^2) nats. `auto` takes some seconds a pair: give it fewer.

Intervals are cut to what is possible and hold no value below 0, so those of independent pairs exclude 0 on one side
alone: their lower end is above it. `below` counts upper ends under the truth, which only dependent pairs can have.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mmg_registry as mmg
from benchmarks import common

BURN_IN = 2_000  # rows that the longest memory forgets its start in
COLUMNS = ("plugin", "phi", "share", "pairs", "above", "below", "mean", "error", "spread", "warned")


def series(phi: float, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return `n` rows of a stationary first-order autoregression with unit innovations."""
    from scipy.signal import lfilter

    found: NDArray[np.float64] = lfilter([1.0], [1.0, -phi], rng.standard_normal(n + BURN_IN))[BURN_IN:]
    return found


def drawn(phi: float, share: float, n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a pair of series with the correlation `share` at every row and none beyond what follows from it."""
    rng = np.random.default_rng([seed, round(1e6 * phi)])
    x, other = series(phi, n, rng), series(phi, n, rng)
    return x, share * x + math.sqrt(1 - share**2) * other


def measure(plugin: str, phi: float, share: float, n: int, pairs: int) -> dict[str, Any]:
    """Return the shares of 95 % intervals above and below the truth, and the mean estimate and error, in nats."""
    truth, found = -0.5 * math.log(1 - share**2), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(pairs):
            x, y = drawn(phi, share, n, seed)
            found.append(mmg.estimate(x, y, plugin=plugin, seed=seed, threads=1))
    ends = np.array([each.ci for each in found])
    mi, errors = (np.array([getattr(each, name) for each in found]) for name in ("mi", "std_error"))
    said = [any("order of the rows" in sentence for sentence in each.warnings) for each in found]
    values = (
        plugin, phi, share, pairs, float(np.mean(ends[:, 0] > truth)), float(np.mean(ends[:, 1] < truth)),
        float(mi.mean()), float(errors.mean()), float(mi.std(ddof=1)), float(np.mean(said)),
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugin", default="gaussian,ksg,mine")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--memory", default="0,0.9,0.98,0.995", help="the values of phi")
    parser.add_argument("--share", type=float, default=0.0, help="correlation of x and y")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "order.json")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write; add to the rows that the file holds for other plugins, memories or shares."""
    given = _arguments(argv)
    rows = []
    for plugin in given.plugin.split(","):
        for phi in map(float, given.memory.split(",")):
            rows.append(measure(plugin, phi, given.share, given.rows, given.pairs))
            print(common.table(rows[-1:]).splitlines()[-1], flush=True)
            common.write(given.output, _document(rows, given))
    return 0


def _document(rows: list[dict[str, Any]], given: argparse.Namespace) -> dict[str, Any]:
    """Return `rows` and those of the file that are of other plugins, memories or shares."""
    held = json.loads(given.output.read_text(encoding="utf-8"))["results"] if given.output.exists() else []
    measured = {_key(row) for row in rows}
    together = sorted([*(row for row in held if _key(row) not in measured), *rows], key=_key)
    return common.document(together, seeds=range(given.pairs), rows=given.rows)


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["share"], row["plugin"], row["phi"]


if __name__ == "__main__":
    sys.exit(main())
