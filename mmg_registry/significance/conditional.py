"""The quick test of independence given z: moments of what z does not tell of x with what it does not tell of y.

That is the generalised covariance measure (Shah and Peters, Ann. Statist. 2020) of many features at once: x and y are
regressed on z, features of their scaled residuals are regressed on z again, and moments of both, weighted by functions
of z (Scheidegger, Hoerrmann and Buehlmann, JMLR 2022), are compared with those under random signs of the rows. Its
level holds where the regressions are good: their errors enter as a product. Where z takes few values nothing has to be
regressed, and rows are exchanged among those of equal z, which is exact.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.data.order import normal_scores
from mmg_registry.data.split import coded
from mmg_registry.data.units import Units
from mmg_registry.significance.exchange import within_strata
from mmg_registry.significance.features import Features, features_of, fewer, orthonormal
from mmg_registry.significance.sequential import Judged, p_value
from mmg_registry.significance.smoother import Smoother
from mmg_registry.significance.statistic import Statistic, of_signs

MOST_FEATURES = 8  # of a residual: its moments up to the eighth, or the first features of several columns
MOST_WEIGHTS = 4  # functions of z beside the constant: the first components of its scores
LEAST_VARIANCE = 0.05  # of the mean: residuals are scaled by what z tells of their size, within reason
FEW_VALUES = 20  # of a column that has labels or counts
ROWS_A_VALUE = 10  # of z, from which rows are exchanged among those of equal z
FEW_ROWS = 100  # or units, below which the level was seen to slip: at 5 % to 8 of 100 samples of 50 rows
FEW = (
    "Only {count} rows or units tell what x and y follow of z, and what regression on it misses passes for dependence: "
    "a p-value that is small, but not very, is not to be trusted."
)
MOST_SPENT = 0.5  # of the rows, as degrees of freedom of both regressions: with more nothing is known well
MOST_SIGNS = 4_000  # of many rows, so many sums of rows drawn at random get a sign each
SIGNS_AT_ONCE = 512


def conditional(x: F64, y: F64, z: F64, units: Units, seed: int, most: int) -> Judged:
    """Test whether x `(n, dim_x)` and y `(n, dim_y)` are independent given z `(n, dim_z)`, with at most `most` draws.

    Rows that belong together, as `units` say, share their sign.

    Example:
        >>> z, e, f = np.random.default_rng(0).standard_normal((3, 800, 1))
        >>> x, y = np.sin(2 * z) + e, z**2 + f
        >>> bool(conditional(x, y, z, Units(800), 0, 999).p.value > 0.05)
        True
        >>> conditional(x, y + 0.3 * e, z, Units(800), 0, 999).p.value
        0.001
    """
    strata = coded(np.unique(z, axis=0, return_inverse=True)[1].ravel())[0]
    if units.by == "rows" and len(z) >= ROWS_A_VALUE * (strata.max() + 1):
        return _within_strata(x, y, z, strata, seed, most)
    (a, of_a), (b, of_b) = (_unexplained(side, z, units, seed) for side in (x, y))
    spent = min(of_a, of_b, MOST_SPENT * len(z)) / len(z)
    products = _summed(a.values, b.values, _weights(z), _shared(units, np.random.default_rng([seed, 2])))
    found = _by_signs(products, (a.levels, b.levels), np.sqrt(1 - spent), seed, most)
    return found if units.count >= FEW_ROWS else replace(found, doubts=(FEW.format(count=units.count),))


def _unexplained(side: F64, z: F64, units: Units, seed: int) -> tuple[Features, float]:
    """Return features of what z does not tell of a side, without what it tells of them, and the freedom this took.

    Columns of few values are taken as they are: the residual of a label is a rough function of z.
    """
    scores = normal_scores(side)
    smoother = Smoother.of(z, scores, units, seed)
    first = smoother.fit(scores)
    left = first.left
    variance = left**2
    expected = np.maximum(smoother.fit(variance).told, LEAST_VARIANCE * variance.mean(axis=0))
    few = np.array([len(np.unique(column)) <= FEW_VALUES for column in side.T])
    found = features_of(np.where(few, scores, left / np.sqrt(expected)), seed, MOST_FEATURES)
    again = smoother.fit(found.values)
    return _in_levels(again.left, found.levels), float(max(first.freedom.max(), again.freedom.max()))


def _in_levels(values: F64, levels: tuple[int, ...]) -> Features:
    return orthonormal(np.split(values, levels[:-1], axis=1), values.shape[1])


def _weights(z: F64) -> F64:
    """Return functions of z by which rows are weighted, `(n, 1 + k)`: the constant, then scores of mean square 1."""
    scores = fewer(normal_scores(z), MOST_WEIGHTS)
    scores = scores - scores.mean(axis=0)
    return np.hstack([np.ones((len(z), 1)), scores / scores.std(axis=0)])


def _by_signs(products: F64, levels: tuple[tuple[int, ...], ...], kept: float, seed: int, most: int) -> Judged:
    """Compare the moments of `products` `(signs, p * q * k)` with those under random signs.

    Args:
        products: of features of both sides and weights, of rows that share a sign.
        levels: of the features of each side.
        kept: factor of the observed moments. Where both sides were regressed on the same f functions of z, their
            residuals in n rows are orthogonal to these, and have moments 1 / sqrt(1 - f / n) as large as their products
            with random signs.
        seed, most: of the signs.
    """
    shape = (levels[0][-1], levels[1][-1], products.shape[1] // (levels[0][-1] * levels[1][-1]))
    products = products / np.linalg.norm(products, axis=0)
    statistic = of_signs(np.sqrt(len(products)) * products, shape, (*levels, tuple(sorted({1, shape[2]}))))
    rng = np.random.default_rng([seed, 1])

    def draw(count: int) -> F64:
        sizes = [min(SIGNS_AT_ONCE, count - start) for start in range(0, count, SIGNS_AT_ONCE)]
        signs = (rng.choice([-1.0, 1.0], (size, len(products))) for size in sizes)
        return np.concatenate([statistic((each @ products).reshape(-1, *shape)) for each in signs])

    observed = float(statistic(kept * products.sum(axis=0).reshape(1, *shape))[0])
    return Judged(p_value(observed, draw, most), observed, "residual moments after regression on z, with random signs")


def _shared(units: Units, rng: np.random.Generator) -> Index:
    """Return the number `(n,)` of what each row shares its sign with: its unit, and others drawn at random of many."""
    labels = np.arange(units.n) if units.labels is None else coded(units.labels)[0]
    count = int(labels.max()) + 1
    return labels if count <= MOST_SIGNS else rng.permutation(count)[labels] % MOST_SIGNS


def _summed(a: F64, b: F64, weights: F64, shared: Index) -> F64:
    """Return the products of all features and weights, summed over the rows of a sign: `(signs, p * q * k)`."""
    order = np.argsort(shared, kind="stable")
    starts = np.searchsorted(shared[order], np.arange(shared.max() + 1))
    a, b, weights = a[order], b[order], weights[order]
    columns = [
        np.add.reduceat(a[:, [i]] * (b[:, :, None] * weights[:, None, :]).reshape(len(a), -1), starts, axis=0)
        for i in range(a.shape[1])
    ]
    return np.concatenate(columns, axis=1)


def _within_strata(x: F64, y: F64, z: F64, strata: Index, seed: int, most: int) -> Judged:
    a, b = (_centred(features_of(side, seed, MOST_FEATURES), strata) for side in (x, y))
    weights, exchange = _weights(z), within_strata(strata)
    n, shape = len(x), (a.values.shape[1], weights.shape[1], b.values.shape[1])
    levels = (a.levels, tuple(sorted({1, shape[1]})), b.levels)
    freedom = np.multiply.outer(np.multiply.outer(levels[0], levels[1]), levels[2]).astype(float)
    statistic = Statistic(levels, freedom, 2 * freedom)
    weighted = (a.values[:, :, None] * weights[:, None, :]).reshape(n, -1).T / np.sqrt(n)
    rng = np.random.default_rng([seed, 1])

    def of(orders: Index) -> F64:
        return np.concatenate([statistic((weighted @ b.values[order]).reshape(1, *shape)) for order in orders])

    observed = float(of(np.arange(n)[None])[0])
    p = p_value(observed, lambda count: of(exchange.draw(rng, count)), most)
    return Judged(p, observed, f"moments of features, exchanging {exchange.words}")


def _centred(features: Features, strata: Index) -> Features:
    means = np.zeros((strata.max() + 1, features.values.shape[1]))
    np.add.at(means, strata, features.values)
    means /= np.bincount(strata)[:, None]
    return _in_levels(features.values - means[strata], features.levels)
