"""Tests given z by draws of one side from what an estimator has learned of its law given z: conditional randomisation.

Where x and y are independent given z, x and draws of p(x | z) are exchangeable whatever y is, so that any function of
(x, y, z) tells them apart by chance alone (Candes, Fan, Janson and Lv, JRSS B 2018, section 4). Each row has a table of
scores, of itself and of its draws; a randomisation takes one of each at random, itself included, which is a look into a
table. That is exact for exact draws. Those of a network are not: what it misses of p(x | z) shifts the scores. So the
scores of a row are taken less those with the other side of rows of like z, which are shifted alike: what is left of
the shift is the product of what the draws miss and of what like rows differ in, as in Maxway (Li and Liu, JRSS B 2023).
And draws that surely miss what a regression on z finds are not used at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import guarded
from mmg_registry.data.units import Units
from mmg_registry.errors import MMGError, demand
from mmg_registry.estimation.fitting import Held
from mmg_registry.significance.evaluated import MOST_PAIRED
from mmg_registry.significance.exchange import among, exchange_of, near_cells
from mmg_registry.significance.sequential import Judged, PValue, p_value
from mmg_registry.significance.smoother import Smoother

REDRAWS = 7
"""Draws of each row. Lower: the row itself is among so few that randomised rows are like the given ones. Higher: time,
which grows with them."""
MATES = 3
"""Rows of like z whose other side is scored beside a row's own: as many as every cell of near rows has. Lower: their
mean adds noise. Higher: z differs more."""


DOUBTED = 0.1
"""p-value of the draws themselves, below which rows of like z are exchanged in their place.

Evidence: 16 samples of 100 rows whose x follows five causes in one: draws that miss them were doubted in all; good
draws in half, since the regression that tells best is chosen on the same rows. Lower: draws that miss what z tells are
used. Higher: good draws are left out more often, and with them power.
"""


def has_redraws(fits: Sequence[Held]) -> bool:
    """Return whether the fitted estimators can draw one side from its law given z."""
    return bool(fits) and all(fit.estimator.redraws for fit in fits)


def by_redraws(fits: Sequence[Held], units: Units, seed: int, most: int) -> Judged | None:
    """Test by scores of evaluated rows and of draws in their place, learned on other rows.

    None where the draws miss what z tells of the side that is drawn.

    Raises:
        MMGError: where scores have another shape, or are not finite.
    """
    rng = np.random.default_rng([seed, 3])
    found = [_redrawn(fit, units, rng) for fit in fits]
    told = np.concatenate([told_by_z(values, z, seed) for values, _, z in found])
    if _among_draws(told, rng, most).value < DOUBTED:
        return None
    scores = np.concatenate([centred(own) for _, own, _ in found])
    words = f"mean score of {len(scores)} evaluated rows, drawing {fits[0].estimator.redraws} anew given z"
    return Judged(_among_draws(scores, rng, most), float(scores[:, 0].mean()), words)


def _among_draws(scores: F64, rng: np.random.Generator, most: int) -> PValue:
    """Return how rarely scores `(n, 1 + draws)` have as large a mean as each row's own, one taken at random of each."""
    rows = np.arange(len(scores))

    def draw(count: int) -> F64:
        means: F64 = scores[rows, rng.integers(0, scores.shape[1], (count, len(rows)))].mean(axis=1)
        return means

    return p_value(float(scores[:, 0].mean()), draw, most)


def told_by_z(values: F64, z: F64, seed: int) -> F64:
    """Return how well a regression on z tells rows and draws, `(n, 1 + draws)`, the larger the better.

    It is fitted to values and squares of the rows `(n, 1 + draws, dim)`, each row told by those of other folds: where
    draws miss something of the law given z that it finds, they are told worse than the rows.
    """
    both = np.concatenate([values, values**2], axis=2)
    spread = both[:, 0].std(axis=0)
    both = (both - both[:, 0].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    alone = Units(len(z), "groups", np.arange(len(z)))
    told = Smoother.of(z, both[:, 0], alone, seed).fit(both[:, 0]).told
    return np.asarray((both * told[:, None]).sum(axis=2))


def centred(scores: F64) -> F64:
    """Return scores `(n, 1 + draws, 1 + mates)` with the own other side less their mean with those of mates.

    Example:
        >>> centred(np.array([[[5.0, 1.0, 3.0], [2.0, 2.0, 2.0]]])).tolist()
        [[3.0, 0.0]]
    """
    return np.asarray(scores[:, :, 0] - scores[:, :, 1:].mean(axis=2))


def _redrawn(fit: Held, units: Units, rng: np.random.Generator) -> tuple[F64, F64, F64]:
    """Return values and scores of evaluated rows, and their z: copies once, and `MOST_PAIRED` rows at most."""
    own = exchange_of(among(units, fit.rows)).rows
    own = own if len(own) <= MOST_PAIRED else np.sort(rng.choice(own, MOST_PAIRED, replace=False))
    rows, estimator = fit.rows.take(own), fit.estimator
    x, y, given = rows.arrays()
    z = np.asarray(given, dtype=np.float64)
    mates = mates_of(near_cells(z), MATES)
    found = guarded(estimator, lambda: estimator.redrawn(x, y, given, mates, REDRAWS))
    values, scores = (np.asarray(each, dtype=np.float64) for each in found)
    whole = scores.shape == (len(rows), 1 + REDRAWS, 1 + MATES) and values.shape[:2] == scores.shape[:2]
    demand(
        whole and bool(np.isfinite(scores).all() and np.isfinite(values).all()),
        f"The estimator '{estimator.name}' returned draws of shape {values.shape} with scores of shape "
        f"{scores.shape}, or not finite ones.",
        MMGError,
    )
    return values, scores, z


def mates_of(cells: Index, count: int) -> Index:
    """Return `count` rows `(n, count)` of the cell `(n,)` of each: those after it in turn, itself where it has fewer.

    Example:
        >>> mates_of(np.array([0, 1, 0, 1, 0]), 2).tolist()
        [[2, 4], [3, 1], [4, 0], [1, 3], [0, 2]]
    """
    order, sizes = np.argsort(cells, kind="stable"), np.bincount(cells)
    size = np.repeat(sizes, sizes)
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.arange(len(cells)) - start
    found = np.empty((len(cells), count), dtype=np.int64)
    for i in range(count):
        found[order, i] = order[start + (place + 1 + i) % size]
    return found
