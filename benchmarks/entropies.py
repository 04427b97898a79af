"""Entropies and divergences of known laws, as `mmg.entropy` and `mmg.divergence` estimate them.

    python -m benchmarks.entropies [--only NAME ..] [--seeds N] [--out FILE]

Every law has a density in closed form. The truth is its mean over a million draws of other seeds than the rows, or the
closed form where `KnownLaw.entropy` has one; the error of such a mean is listed beside it.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import logsumexp

import mmg_registry as mmg
from benchmarks import common
from mmg_registry.arrays import F64

OUT = common.RESULTS / "entropies.json"
DRAWS = 1_000_000  # of a law, for the mean of what has no closed form
AT_A_TIME = 100_000
SOLVED = 0.03  # nats


@dataclass(frozen=True)
class KnownLaw:
    """A law: `n` rows drawn by a generator `(n, dim)`, their log-density `(n,)` in nats, and its entropy if known."""

    draw: Callable[[np.random.Generator, int], F64]
    log_density: Callable[[F64], F64]
    entropy: float | None = None


def alike_columns(law: Any, dim: int = 1) -> KnownLaw:
    """Return the law of `dim` independent columns of one law of SciPy."""
    return KnownLaw(
        lambda rng, n: law.rvs((n, dim), random_state=rng),
        lambda x: law.logpdf(x).sum(1),
        dim * float(law.entropy()),
    )


def normal(mean: float, scale: float, dim: int, rho: float = 0.0) -> KnownLaw:
    """Return normal columns of one mean and scale, every two with correlation `rho`."""
    covariance = scale**2 * ((1 - rho) * np.eye(dim) + rho)
    root, volume = np.linalg.cholesky(covariance), float(np.linalg.slogdet(covariance)[1])
    inverse = np.linalg.inv(root)

    def log_density(x: F64) -> F64:
        return -0.5 * (np.square((x - mean) @ inverse.T).sum(1) + dim * math.log(2 * math.pi) + volume)

    return KnownLaw(
        lambda rng, n: mean + rng.standard_normal((n, dim)) @ root.T,
        log_density,
        0.5 * (dim * math.log(2 * math.pi * math.e) + volume),
    )


def bent(law: KnownLaw) -> KnownLaw:
    """Return the law of exp(x), column by column; the entropy grows by the mean of the sum of x, which is 0 here."""
    return KnownLaw(
        lambda rng, n: np.exp(law.draw(rng, n)), lambda x: law.log_density(np.log(x)) - np.log(x).sum(1), law.entropy
    )


def turned(law: KnownLaw, dim: int) -> KnownLaw:
    """Return the law of columns mixed by a fixed matrix."""
    mix = np.random.default_rng(7).standard_normal((dim, dim))
    volume, back = float(np.linalg.slogdet(mix)[1]), np.linalg.inv(mix)
    known = None if law.entropy is None else law.entropy + volume
    return KnownLaw(lambda rng, n: law.draw(rng, n) @ mix.T, lambda x: law.log_density(x @ back.T) - volume, known)


def normal_clusters(dim: int, spread: float = 3.0, seed: int = 3) -> KnownLaw:
    """Return three normal clusters of unit variance."""
    centres = spread * np.random.default_rng(seed).standard_normal((3, dim))
    parts = [normal(0.0, 1.0, dim)] * 3

    def log_density(x: F64) -> F64:
        logs = [part.log_density(x - centre) for part, centre in zip(parts, centres, strict=True)]
        return np.asarray(logsumexp(logs, axis=0)) - math.log(3)

    return KnownLaw(lambda rng, n: centres[rng.integers(0, 3, n)] + rng.standard_normal((n, dim)), log_density)


def student(degrees: float, dim: int) -> KnownLaw:
    """Return a multivariate Student's t."""
    law = stats.multivariate_t(np.zeros(dim), np.eye(dim), df=degrees)
    return KnownLaw(
        lambda rng, n: rng.standard_normal((n, dim)) / np.sqrt(rng.chisquare(degrees, (n, 1)) / degrees), law.logpdf
    )


def ring() -> KnownLaw:
    """Return a circle of radius 1 that is blurred by a tenth."""
    radius = stats.truncnorm(-10, np.inf, 1.0, 0.1)

    def draw(rng: np.random.Generator, n: int) -> F64:
        length, angle = radius.rvs((n, 1), random_state=rng), rng.random((n, 1)) * 2 * np.pi
        return length * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)

    def log_density(x: F64) -> F64:
        length = np.sqrt(np.square(x).sum(1))
        return radius.logpdf(length) - np.log(2 * np.pi * length)

    return KnownLaw(draw, log_density)


def labels(shares: Sequence[float]) -> KnownLaw:
    """Return one column of labels."""
    p = np.array(shares)
    return KnownLaw(
        lambda rng, n: rng.choice(len(p), (n, 1), p=p).astype(float), lambda x: np.log(p[x[:, 0].astype(int)])
    )


def inflated(zero: float, scale: float) -> KnownLaw:
    """Return a column that is 0 with one probability and exponential otherwise."""

    def log_density(x: F64) -> F64:
        positive = math.log((1 - zero) / scale) - x[:, 0] / scale
        return np.where(x[:, 0] == 0, math.log(zero), positive)

    return KnownLaw(
        lambda rng, n: np.where(rng.random((n, 1)) < zero, 0.0, rng.exponential(scale, (n, 1))), log_density
    )


# Names, laws and rows: twenty thousand unless the spread of -ln p over rows asks for more.
ENTROPIES: dict[str, tuple[KnownLaw, int]] = {
    "normal, 1 column": (normal(1.0, 3.0, 1), 20_000),
    "exponential, 1": (alike_columns(stats.expon(scale=2.0)), 20_000),
    "two humps, 1": (normal_clusters(1, 4.0), 20_000),
    "uniform, mixed, 2": (turned(alike_columns(stats.uniform(), 2), 2), 20_000),
    "ring, 2": (ring(), 20_000),
    "log-normal, correlated, 5": (bent(normal(0.0, 1.0, 5, 0.5)), 40_000),
    "Student 5, 5": (student(5.0, 5), 40_000),
    "gamma, mixed, 6": (turned(alike_columns(stats.gamma(2.0), 6), 6), 40_000),
    "three clusters, 10": (normal_clusters(10), 60_000),
    "normal, correlated, 25": (normal(0.0, 2.0, 25, 0.6), 100_000),
}
PAIRS: dict[str, tuple[KnownLaw, KnownLaw, int]] = {
    "normal, other place, 1": (normal(0.0, 1.0, 1), normal(1.0, 1.0, 1), 20_000),
    "normal, other scale, 1": (normal(0.0, 1.0, 1), normal(0.0, 2.0, 1), 20_000),
    "exponential, other scale, 1": (alike_columns(stats.expon()), alike_columns(stats.expon(scale=2.0)), 20_000),
    "Student 5 and normal, 1": (student(5.0, 1), normal(0.0, 1.3, 1), 20_000),
    "clusters and other clusters, 2": (normal_clusters(2, 1.5), normal_clusters(2, 1.5, seed=5), 20_000),
    "the same clusters, 2": (normal_clusters(2), normal_clusters(2), 20_000),
    "normal, other correlation, 5": (normal(0.0, 1.0, 5, 0.5), normal(0.0, 1.0, 5, 0.0), 40_000),
    "log-normal, other place, 10": (bent(normal(0.0, 1.0, 10)), bent(normal(0.2, 1.0, 10)), 40_000),
    "labels": (labels([0.5, 0.3, 0.2]), labels([0.2, 0.3, 0.5]), 20_000),
    "zeros and exponential, 1": (inflated(0.3, 1.0), inflated(0.5, 2.0), 20_000),
}


def over_draws(value: Callable[[F64], F64], law: KnownLaw) -> tuple[float, float]:
    """Return the mean of a function of rows over draws of a law, and its standard error."""
    rng = np.random.default_rng(99)
    found = np.concatenate([value(law.draw(rng, AT_A_TIME)) for _ in range(DRAWS // AT_A_TIME)])
    return float(found.mean()), float(found.std()) / math.sqrt(DRAWS)


def true_entropy(law: KnownLaw) -> tuple[float, float]:
    """Return the entropy in nats and its standard error, 0 where it is a closed form."""
    return (law.entropy, 0.0) if law.entropy is not None else over_draws(lambda x: -law.log_density(x), law)


def true_divergences(p: KnownLaw, q: KnownLaw) -> list[tuple[float, float]]:
    """Return those of Jensen and Shannon, of P from Q and of Q from P, in nats, with their standard errors."""

    def from_mean(law: KnownLaw) -> Callable[[F64], F64]:
        return lambda x: law.log_density(x) - np.logaddexp(p.log_density(x), q.log_density(x)) + math.log(2)

    halves = [over_draws(from_mean(law), law) for law in (p, q)]
    js = sum(mean for mean, _ in halves) / 2, math.hypot(*(error for _, error in halves)) / 2
    ways = [over_draws(lambda x, a=a, b=b: a.log_density(x) - b.log_density(x), a) for a, b in ((p, q), (q, p))]
    return [js, *ways]


def line(name: str, seed: int, found: Any, truth: tuple[float, float], seconds: float) -> dict[str, Any]:
    """Return one estimate beside its truth."""
    inside = found.low - 3 * truth[1] <= truth[0] <= (found.high if found.high is not None else math.inf) + 3 * truth[1]
    return {
        "case": name,
        "quantity": found.symbol,
        "seed": seed,
        "true": truth[0],
        "true_error": truth[1],
        "estimate": found.value,
        "std_error": found.std_error,
        "error": found.value - truth[0],
        "solved": bool(abs(found.value - truth[0]) <= SOLVED),
        "inside": bool(inside),
        "seconds": seconds,
    }


def entropy_case(name: str, seed: int) -> list[dict[str, Any]]:
    """Return the estimate of one entropy."""
    law, rows = ENTROPIES[name]
    x, start = law.draw(np.random.default_rng(seed), rows), time.perf_counter()
    found = mmg.entropy(x, seed=seed, threads=1)
    return [line(name, seed, found, true_entropy(law), time.perf_counter() - start)]


def pair_case(name: str, seed: int) -> list[dict[str, Any]]:
    """Return the three divergences of one pair."""
    p, q, rows = PAIRS[name]
    rng, start = np.random.default_rng(seed), time.perf_counter()
    found = mmg.divergence(p.draw(rng, rows), q.draw(rng, rows), seed=seed, threads=1)
    seconds, truths = time.perf_counter() - start, true_divergences(p, q)
    return [line(name, seed, part, truth, seconds) for part, truth in zip((found, *found.parts), truths, strict=True)]


def main(argv: Sequence[str] | None = None) -> int:
    """Estimate every case that is asked for, print each line, and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[*ENTROPIES, *PAIRS], metavar="NAME")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args(argv)
    rows = []
    for seed in range(given.seeds):
        for name in given.only:
            found = (entropy_case if name in ENTROPIES else pair_case)(name, seed)
            for each in found:
                print(common.table([each]).splitlines()[-1], flush=True)
            rows += found
            content = common.document(rows, seeds=range(given.seeds), draws_of_truth=DRAWS, solved_within=SOLVED)
            common.write(given.out, content)
    print(f"{sum(row['solved'] for row in rows)} of {len(rows)} within {SOLVED} nats")
    return 0


if __name__ == "__main__":
    sys.exit(main())
