"""What more than two variables share, beside closed forms.

    python -m benchmarks.interactions {signs,blocks,ten} [--plugin NAME] [--rows N] [--out FILE]

`signs`: twenty systems of three to five variables, ten redundant (noisy views of one cause) and ten synergistic (sums
of independent causes), some bent by a power or to uniform margins, which changes no information. `blocks`: normal
systems of three variables of 1 to 15 columns, as in SOmegaI (arXiv 2402.05667): a redundant and a synergistic one, each
plain, half-cubed and with uniform margins. `ten`: ten variables and the time that they take.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

import mmg_registry as mmg
from benchmarks import common
from mmg_registry.arrays import F64

OUT = common.RESULTS / "interactions.json"
BENT: dict[str, Callable[[F64], F64]] = {
    "plain": lambda x: x,
    "half-cubed": lambda x: np.sign(x) * np.abs(x) ** 1.5,
    "uniform": ndtr,
}


@dataclass(frozen=True)
class NormalSystem:
    """A normal system: the covariance of single columns `(n, n)`, how often each is repeated, and how it is bent."""

    name: str
    covariance: F64
    columns: int = 1
    bent: str = "plain"

    def draw(self, rows: int, seed: int) -> list[F64]:
        """Draw rows `(rows, columns)` of every variable."""
        rng, n = np.random.default_rng(seed), len(self.covariance)
        found = rng.standard_normal((rows, self.columns, n)) @ np.linalg.cholesky(self.covariance).T
        scaled = found / np.sqrt(np.diag(self.covariance))
        return [np.ascontiguousarray(BENT[self.bent](scaled[:, :, i])) for i in range(n)]

    @property
    def truth(self) -> dict[str, float]:
        """Return the quantities in nats, from log-determinants."""
        n = len(self.covariance)
        whole, single = _half_log_det(self.covariance), float(np.log(np.diag(self.covariance)).sum()) / 2
        rest = sum(whole - _half_log_det(np.delete(np.delete(self.covariance, i, 0), i, 1)) for i in range(n))
        tc, dtc = single - whole, whole - rest
        named = {
            "total correlation": tc,
            "dual total correlation": dtc,
            "O-information": tc - dtc,
            "S-information": tc + dtc,
        }
        return {name: self.columns * value for name, value in named.items()}


def _half_log_det(covariance: F64) -> float:
    return float(np.linalg.slogdet(covariance)[1]) / 2


def redundant(n: int, noise: float) -> F64:
    """Return the covariance of `n` views of one cause of unit variance, with noise of standard deviation `noise`."""
    return np.ones((n, n)) + noise**2 * np.eye(n)


def synergistic(n: int, noise: float) -> F64:
    """Return the covariance of `n` - 1 independent causes and their sum, with noise."""
    mix = np.eye(n)
    mix[-1, :-1], mix[-1, -1] = 1.0, noise
    return mix @ mix.T


def signs() -> Iterator[NormalSystem]:
    """Yield ten redundant and ten synergistic systems."""
    bends = list(BENT)
    for kind, covariance in (("redundant", redundant), ("synergistic", synergistic)):
        for k in range(10):
            n, noise, bent = 3 + k % 3, 0.6 + 0.15 * (k // 2), bends[k % len(bends)]
            yield NormalSystem(f"{kind}, {n} variables, noise {noise:.2f}, {bent}", covariance(n, noise), bent=bent)


def blocks() -> Iterator[NormalSystem]:
    """Yield systems of three variables of 1, 5 and 15 columns each."""
    for kind, covariance in (("redundant", redundant), ("synergistic", synergistic)):
        for columns in (1, 5, 15):
            for bent in BENT:
                name = f"{kind}, 3 variables of {columns}, {bent}"
                yield NormalSystem(name, covariance(3, 0.8), columns=columns, bent=bent)


def ten() -> Iterator[NormalSystem]:
    """Yield two groups of views of one cause each, and their sum's: ten variables."""
    mix = np.zeros((10, 12))
    mix[np.arange(10), 2 + np.arange(10)] = 0.8
    mix[:5, 0], mix[5:9, 1], mix[9, :2] = 1.0, 1.0, 1.0
    yield NormalSystem("ten variables", mix @ mix.T)


SUITES = {"signs": signs, "blocks": blocks, "ten": ten}


def measured(system: NormalSystem, plugin: str, rows: int, seed: int) -> dict[str, Any]:
    """Return the estimates of one system beside the truth."""
    x, start = system.draw(rows, seed), time.perf_counter()
    found = mmg.interactions(x, plugin=plugin, seed=seed, threads=1, blocks="none")
    seconds, truth = time.perf_counter() - start, system.truth
    parts = {part.name: part for part in (found, *found.parts) if part.name in truth}
    return {
        "system": system.name,
        "plugin": plugin,
        "rows": rows,
        "true": truth,
        "estimate": {name: part.value for name, part in parts.items()},
        "std_error": {name: part.std_error for name, part in parts.items()},
        "relative_error": {name: abs(part.value - truth[name]) / abs(truth[name]) for name, part in parts.items()},
        "inside": {name: bool(part.low <= truth[name] <= part.high) for name, part in parts.items()},
        "sign": bool(math.copysign(1, found.value) == math.copysign(1, truth["O-information"])),
        "certainty": found.diagnostics["certainty"],
        "seconds": seconds,
    }


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how many signs are right, the largest relative error and how many intervals hold the truth."""
    inside = [held for row in rows for held in row["inside"].values()]
    return {
        "systems": len(rows),
        "signs": sum(row["sign"] for row in rows),
        "largest_relative_error": max(max(row["relative_error"].values()) for row in rows),
        "intervals_that_hold": f"{sum(inside)} of {len(inside)}",
        "seconds": sum(row["seconds"] for row in rows),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the systems of a suite and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--plugin", default="gaussian")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--most", type=int, help="systems of the suite that are measured, the first ones")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(argv)
    rows: list[dict[str, Any]] = []
    for system in list(SUITES[given.suite]())[: given.most]:
        rows.append(measured(system, given.plugin, given.rows, seed=0))
        print(rows[-1]["system"], rows[-1]["estimate"], rows[-1]["true"], f"{rows[-1]['seconds']:.0f} s", flush=True)
    told = {"suite": given.suite, "plugin": given.plugin, "rows": given.rows, "summary": summary(rows)}
    common.write(given.out, common.document(rows, seeds=[0], **told))
    print(told["summary"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
