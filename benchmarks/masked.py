"""Values, bars and CPU seconds of `masked` and `auto` on labels and counts whose information is known.

    python -m benchmarks.masked [--plugin masked,auto] [--cases A,B] [--seeds 2] [--rows 10000] [--output FILE]

Each seed draws new rows, and new tables where the case has tables. A fifth of the rows evaluates.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import poisson

import mmg_registry as mmg
from benchmarks import common

Law = NDArray[np.float64]
QUANTILES = (np.arange(400) + 0.5) / 400  # of a normal column: the quadrature of normal pairs


class Drawn(NamedTuple):
    """Rows of x and of y, and their information in nats."""

    x: NDArray[Any]
    y: NDArray[Any]
    mi: float


def information(law: Law) -> float:
    """Return the information of a table of probabilities, in nats."""
    margins = law.sum(1, keepdims=True) * law.sum(0, keepdims=True)
    some = law > 0
    return float((law[some] * np.log(law[some] / margins[some])).sum())


def tables(rng: np.random.Generator, n: int, positions: int) -> Drawn:
    """Draw positions of four letters with a random table each; those of y in another order."""
    laws = rng.dirichlet(np.full(16, 0.3), positions)
    place = np.stack([rng.choice(16, n, p=law) for law in laws], axis=1)
    mi = sum(information(law.reshape(4, 4)) for law in laws)
    return Drawn(place // 4, place[:, rng.permutation(positions)] % 4, mi)


def strip(rng: np.random.Generator, n: int, columns: int = 8, coupling: float = 0.4) -> Drawn:
    """Draw halves of an open Ising strip, four spins high and `2 * columns` long, by its transfer matrix.

    Columns are a Markov chain, so that the information is that of the two columns at the cut.
    """
    spins = 2 * ((np.arange(16)[:, None] >> np.arange(4)) & 1) - 1
    inside = np.exp(coupling * (spins[:, 1:] * spins[:, :-1]).sum(1))
    beside = np.exp(coupling * spins @ spins.T) * inside
    ahead = [np.ones(16)]
    for _ in range(2 * columns - 1):
        ahead.append(beside @ ahead[-1] / ahead[-1].sum())
    shares = inside * ahead[-1] / (inside * ahead[-1]).sum()
    state, states, mi = rng.choice(16, n, p=shares), [], 0.0
    for step in range(2 * columns):
        states.append(state)
        moves = beside * ahead[-2 - step] if step < 2 * columns - 1 else np.ones((16, 16))
        moves = moves / moves.sum(1, keepdims=True)
        if step == columns - 1:
            mi = information(shares[:, None] * moves)
        state = (rng.random(n)[:, None] > moves.cumsum(1)[state]).sum(1).clip(max=15)
        shares = shares @ moves
    every = spins[np.stack(states, axis=1)].reshape(n, -1)
    return Drawn(every[:, : 4 * columns], every[:, 4 * columns :], mi)


def counts(rng: np.random.Generator, n: int, mean: float, rho: float = 0.8) -> Drawn:
    """Draw Poisson counts of correlated log-normal rates exp(mean + 0.7 z)."""
    z = normal_pair(rng, n, rho)
    most = int(poisson.ppf(1 - 1e-9, np.exp(mean + 0.7 * ndtri(QUANTILES[-1]))))
    of_x = poisson.pmf(np.arange(most)[:, None], np.exp(mean + 0.7 * ndtri(QUANTILES)))
    law = of_x @ normal_law(rho) @ of_x.T
    x, y = (rng.poisson(np.exp(mean + 0.7 * z[:, [j]])) for j in (0, 1))
    return Drawn(x, y, information(law / law.sum()))


def ordinal(rng: np.random.Generator, n: int, levels: int, rho: float = 0.8) -> Drawn:
    """Draw two normal columns cut into levels of equal weight."""
    cuts = ndtri(np.arange(1, levels) / levels)
    x, y = (np.searchsorted(cuts, each)[:, None] for each in normal_pair(rng, n, rho).T)
    into = (np.arange(levels)[:, None] == np.floor(QUANTILES * levels)[None]).astype(float)
    return Drawn(x, y, information(into @ normal_law(rho) @ into.T))


def independent(rng: np.random.Generator, n: int, positions: int) -> Drawn:
    """Draw independent spins."""
    x, y = rng.integers(0, 2, (2, n, positions))
    return Drawn(x, y, 0.0)


def normal_pair(rng: np.random.Generator, n: int, rho: float) -> NDArray[np.float64]:
    """Return two normal columns `(n, 2)` of correlation `rho`."""
    z = rng.standard_normal((n, 2))
    z[:, 1] = rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1]
    return z


def normal_law(rho: float) -> Law:
    """Return the probabilities of both columns' `QUANTILES`, each of equal weight."""
    at = ndtri(QUANTILES)
    ratio = np.exp(-(rho**2 * (at[:, None] ** 2 + at**2) - 2 * rho * at[:, None] * at) / (2 * (1 - rho**2)))
    return np.asarray(ratio / ratio.sum())


CASES: dict[str, Callable[[np.random.Generator, int], Drawn]] = {
    "tables-3": partial(tables, positions=3),
    "tables-6": partial(tables, positions=6),
    "strip-32+32": strip,
    "counts-1": partial(counts, mean=0.0),
    "counts-50": partial(counts, mean=4.0),
    "ordinal-12": partial(ordinal, levels=12),
    "ordinal-40": partial(ordinal, levels=40),
    "independent-8": partial(independent, positions=8),
    "independent-32": partial(independent, positions=32),
}


def measure(plugin: str, case: str, seed: int, rows: int) -> dict[str, Any]:
    """Return value, bar, truth and CPU seconds of one estimate."""
    drawn = CASES[case](np.random.default_rng([seed, 77]), rows)
    start = time.process_time()
    kind = "count" if case.startswith("counts") else "category"
    names = {side: [f"{side}{j}" for j in range(each.shape[1])] for side, each in (("x", drawn.x), ("y", drawn.y))}
    kinds = {name: kind for side, many in names.items() for name in (many if len(many) > 1 else [side])}
    found = mmg.estimate(drawn.x, drawn.y, plugin=plugin, seed=seed, threads=1, kinds=kinds)
    low, high = found.ci or (float("nan"),) * 2
    return {
        "plugin": plugin, "case": case, "seed": seed, "true_mi": drawn.mi, "mi": found.mi, "low": low, "high": high,
        "half_width": 1.96 * (found.std_error or 0.0), "holds": bool(low <= drawn.mi <= high),
        "solved": abs(found.mi - drawn.mi) <= max(0.05, 0.1 * drawn.mi), "cpu_seconds": time.process_time() - start,
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the result after each case, and print it as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", default="masked,auto")
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "masked.json")
    given = parser.parse_args(arguments)
    results: list[dict[str, Any]] = []
    for case in given.cases.split(","):
        for plugin in given.plugin.split(","):
            results += [measure(plugin, case, seed, given.rows) for seed in range(given.seeds)]
        common.write(given.output, common.document(results, seeds=range(given.seeds), rows=given.rows))
    print(common.table(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
