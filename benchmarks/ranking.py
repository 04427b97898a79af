"""Time of a feature, false discoveries, order and intervals of `mmg rank`, beside scikit-learn in the same run.

    python -m benchmarks.ranking --rows 100000 --timed 24 --sets 20

Features of known information are drawn anew for every set: z = r s + sqrt(1 - r^2) e with s the target, or a function
of it that is normal too, so that I(z; target) = -ln(1 - r^2) / 2; z stays as it is, is bent, or is cut into labels or
counts, whose information is an integral. scikit-learn is `mutual_info_regression`, which has neither p-values nor
intervals.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import kendalltau

from benchmarks.common import PACKAGES, RESULTS, document, write
from mmg_registry.data import as_pair
from mmg_registry.ranking.answer import Ranking, RankOptions
from mmg_registry.request import Request
from mmg_registry.tables import AnswerTable

Shape = Callable[[NDArray[Any]], NDArray[Any]]

ALPHA = 0.05
NODES = 201  # of the integral over the target
CUTS = {"labels": (0.25, 0.5, 0.75), "rare label": (0.95,), "counts": tuple(np.linspace(0.03, 0.97, 31))}
FORMS: dict[str, Shape] = {
    "plain": lambda z: z,
    "exponential": lambda z: np.exp(2 * z),
    "rounded": lambda z: np.round(z, 1),
    **{name: (lambda z, cuts=cuts: np.digitize(z, ndtri(cuts)).astype(float)) for name, cuts in CUTS.items()},  # type: ignore[misc]
}


@dataclass(frozen=True)
class Planted:
    """A set of features `(n, d)`, the target `(n,)`, and the information of each feature in nats."""

    x: NDArray[Any]
    target: NDArray[Any]
    truth: NDArray[Any]


def planted(rows: int, features: int, informative: int, rng: np.random.Generator) -> Planted:
    """Return a set in which the first `informative` features tell of the target, from much to hardly anything."""
    target = rng.standard_normal(rows)
    folded = ndtri(np.clip(2 * ndtr(np.abs(target)) - 1, 1e-12, 1 - 1e-12))  # normal, and the same for t and -t
    columns, truth, names = [], [], list(FORMS)
    for j in range(features):
        r = 0.9 * rng.random() ** 1.5 + 0.08 if j < informative else 0.0
        source = folded if rng.random() < 0.3 else target
        z = r * source + math.sqrt(1 - r**2) * rng.standard_normal(rows)
        form = names[j % len(names)]
        columns.append(FORMS[form](z))
        truth.append(information(r, CUTS.get(form)))
    return Planted(np.stack(columns, axis=1), target, np.array(truth))


def information(r: float, cuts: Sequence[float] | None) -> float:
    """Return the information in nats of a normal pair with correlation `r`, one side of which may be cut.

    Example:
        >>> round(information(0.5, None), 3), round(information(0.5, [0.5]), 3)
        (0.144, 0.087)
    """
    if cuts is None:
        return -0.5 * math.log1p(-(r**2))
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    edges = np.concatenate([[-np.inf], ndtri(cuts), [np.inf]])
    shares = np.diff(ndtr((edges - r * nodes[:, None]) / math.sqrt(1 - r**2)), axis=1)
    whole = np.diff(ndtr(edges))
    log_ratio = np.log(np.maximum(shares, 1e-300) / whole)
    return float((weights / weights.sum()) @ (shares * log_ratio).sum(axis=1))


def ranked(drawn: Planted, seed: int, valued: bool = True) -> AnswerTable:
    """Return the table of `mmg rank` with its defaults; without values, that of the first look alone."""
    ranking = Ranking.of(as_pair(drawn.x, drawn.target), Request(plugin="ksg", seed=seed, threads=1), RankOptions())
    if valued:
        return ranking.table()
    looked = [ranking.row(j, valued=False) for j in range(drawn.x.shape[1])]
    return ranking.assembled(looked, time.perf_counter())


def by_feature(found: AnswerTable, name: str) -> NDArray[Any]:
    """Return a column of the table in the order of the features."""
    cells = dict(zip(found.column("feature"), found.column(name), strict=True))
    return np.array([math.nan if cells[f"x{j}"] is None else cells[f"x{j}"] for j in range(len(cells))], dtype=float)


def timed(rows: int, features: int, seed: int) -> dict[str, Any]:
    """Time a feature of many rows here and in scikit-learn, in CPU seconds, after a first one that loads all."""
    from sklearn.feature_selection import mutual_info_regression

    drawn = planted(rows, features, features // 2, np.random.default_rng([seed, 1]))
    ranked(Planted(drawn.x[:1000, :1], drawn.target[:1000], drawn.truth[:1]), seed)
    start = time.process_time()
    found = ranked(drawn, seed)
    ours = (time.process_time() - start) / features
    few = min(features, len(FORMS))
    start = time.process_time()
    mutual_info_regression(drawn.x[:, :few], drawn.target, random_state=seed)
    theirs = (time.process_time() - start) / few
    start = time.process_time()
    ranked(drawn, seed, valued=False)
    looking = (time.process_time() - start) / features
    held = _held(found, drawn)
    return {"cpu_s_a_feature": ours, "of_which_first_look": looking, "scikit_learn_cpu_s_a_feature": theirs, **held}


def _held(found: AnswerTable, drawn: Planted) -> dict[str, Any]:
    """Say how often the interval holds the truth, and how often the lower bound exceeds it."""
    low, high, least = (by_feature(found, name) for name in ("low", "high", "at_least"))
    inside = (low <= drawn.truth + 1e-9) & (drawn.truth <= high + 1e-9)
    return {
        "features": len(low),
        "held": float(inside.mean()),
        "half_width": float(np.median(high - low) / 2),
        "at_least_above_truth": float((least > drawn.truth + 1e-9).mean()),
        "misses": [
            {
                "feature": int(j),
                "form": list(FORMS)[j % len(FORMS)],
                "truth": float(drawn.truth[j]),
                "low": float(low[j]),
                "high": float(high[j]),
            }
            for j in np.flatnonzero(~inside)
        ],
    }


def discoveries(rows: int, features: int, informative: int, sets: int, seed: int) -> dict[str, Any]:
    """Count false discoveries at 5 %, and what is found of what is there, over planted sets."""
    false, power = [], []
    for i in range(sets):
        drawn = planted(rows, features, informative, np.random.default_rng([seed, 2, i]))
        found = by_feature(ranked(drawn, i, valued=False), "q") <= ALPHA
        false.append(float(found[informative:].sum() / max(1, found.sum())))
        power.append(float(found[:informative].mean()))
    return {
        "rows": rows, "features": features, "informative": informative, "sets": sets,
        "false_discoveries": float(np.mean(false)), "most": float(np.max(false)), "found": float(np.mean(power)),
    }  # fmt: skip


def order(rows: int, informative: int, sets: int, seed: int) -> dict[str, Any]:
    """Compare the order with the truth, as Kendall's tau, here and in scikit-learn."""
    from sklearn.feature_selection import mutual_info_regression

    ours, theirs, held = [], [], []
    for i in range(sets):
        drawn = planted(rows, informative, informative, np.random.default_rng([seed, 3, i]))
        found = ranked(drawn, i)
        ours.append(float(kendalltau(-by_feature(found, "rank"), drawn.truth)[0]))
        theirs.append(float(kendalltau(mutual_info_regression(drawn.x, drawn.target, random_state=i), drawn.truth)[0]))
        held.append(_held(found, drawn)["held"])
    means = {"tau": float(np.mean(ours)), "scikit_learn_tau": float(np.mean(theirs)), "held": float(np.mean(held))}
    return {"rows": rows, "features": informative, "sets": sets, **means}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--timed", type=int, default=24)
    parser.add_argument("--sets", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found = {
        "time": timed(given.rows, given.timed, given.seed),
        "discoveries": [discoveries(n, 200, 20, given.sets, given.seed) for n in (500, 5_000)],
        "order": order(2_000, 24, max(2, given.sets // 4), given.seed),
    }
    for name, value in found.items():
        print(name, value, flush=True)
    content = document(found, seeds=[given.seed], packages=(*PACKAGES, "scikit-learn"), rows=given.rows)
    write(RESULTS / "ranking.json", content)


if __name__ == "__main__":
    main()
