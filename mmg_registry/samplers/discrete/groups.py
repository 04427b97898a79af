"""Points that belong to a label: ladders, clusters, arms of a spiral, groups with names."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from mmg_registry.arrays import F64, Index
from mmg_registry.limits import demand_value
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.tables import table_mi

BESIDE = 9.0  # standard deviations that a grid reaches beyond the outermost points
FINE = 4.0  # nodes a standard deviation: of a normal density the trapezoid rule then sums to 1 within rounding
ALONG = 2_000  # points along an arm


def uniform_ladder(labels: int = 5) -> Sampler:
    """Return X uniform on 0 .. `labels` - 1 and Y uniform on (X, X + 2).

    From Gao, Kannan, Oh and Viswanath (NeurIPS 2017): log m - (m - 1) / m log 2 nats for m labels.

    Raises:
        OptionError: for fewer than two labels.
    """
    demand_value(labels >= 2, "labels", labels, "2 or more")
    mi = math.log(labels) - (labels - 1) / labels * math.log(2)
    return Sampler(f"uniform-ladder-{labels}", 1, 1, mi, partial(_draw_ladder, labels))


def _draw_ladder(labels: int, rng: np.random.Generator, n: int) -> Samples:
    x = rng.integers(labels, size=(n, 1)).astype(np.float64)
    return x, x + rng.uniform(0, 2, (n, 1))


def clusters(dim: int = 2, spread: float = 0.6, labels: int = 10, seed: int = 0) -> Sampler:
    """Return normal clusters of standard deviation `spread` in `dim` columns, and the label of each row's cluster.

    The centres lie in a plane, normal with standard deviation 2, fixed by `seed`; in more than two columns the plane
    is turned, and the other directions are noise of the same spread. The information is that in the plane, a sum over
    a grid.

    Raises:
        OptionError: for fewer than two dimensions or labels.
    """
    demand_value(dim >= 2, "dim", dim, "2 or more")
    demand_value(labels >= 2, "labels", labels, "2 or more")
    fixed = np.random.default_rng(seed)
    centres = 2 * fixed.standard_normal((labels, 2))
    turned = np.linalg.qr(fixed.standard_normal((dim, dim)))[0][:2] if dim > 2 else np.eye(2)
    mi = table_mi(_bumps(centres[:, None], spread))
    return Sampler(f"clusters-{labels}-{dim}", dim, 1, mi, partial(_draw_clusters, centres @ turned, spread))


def _bumps(points: F64, spread: float) -> F64:
    """Return on a grid the density of normal bumps, the mean over the points `(labels, m, 2)` of a label.

    Returns:
        `(labels, nodes of the grid)`, each row up to the same factor.
    """
    step = spread / FINE
    axes = [
        np.arange(points[..., j].min() - BESIDE * spread, points[..., j].max() + BESIDE * spread, step) for j in (0, 1)
    ]
    first, second = (np.exp(-(((axes[j] - points[..., j, None]) / spread) ** 2) / 2) for j in (0, 1))
    return np.stack([(a.T @ b).ravel() for a, b in zip(first, second, strict=True)])


def _draw_clusters(centres: F64, spread: float, rng: np.random.Generator, n: int) -> Samples:
    label = rng.integers(len(centres), size=n)
    return centres[label] + spread * rng.standard_normal((n, centres.shape[1])), label[:, None].astype(np.float64)


def two_arms(spread: float = 0.12) -> Sampler:
    """Return points on the two arms of a spiral, with normal noise of standard deviation `spread`, and their arm.

    The information is a sum over a grid, of arms of `ALONG` points.
    """
    along = (np.arange(ALONG) + 0.5) / ALONG
    arms = np.stack([_arm(along, np.full(ALONG, arm)) for arm in (0, 1)])
    return Sampler(f"two-arms-{spread:g}", 2, 1, table_mi(_bumps(arms, spread)), partial(_draw_arms, spread))


def _arm(along: F64, arm: Index) -> F64:
    """Return points `(n, 2)` at shares `along` `(n,)` of arms 0 or 1, which make one turn and a half each."""
    angle = 3 * math.pi * along + math.pi * arm
    return np.asarray((0.2 + along)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))


def _draw_arms(spread: float, rng: np.random.Generator, n: int) -> Samples:
    arm = rng.integers(2, size=n)
    return _arm(rng.random(n), arm) + spread * rng.standard_normal((n, 2)), arm[:, None].astype(np.float64)


def named_groups(names: int = 6, spread: float = 0.5, seed: int = 1) -> Sampler:
    """Return a number and the text that names its group, as a reader brings it: codes in the order of the names.

    Groups have unequal shares and normal numbers with means that follow no order of the names, all fixed by `seed`.
    The information is a sum over a grid of the number.

    Raises:
        OptionError: for fewer than two names.
    """
    demand_value(names >= 2, "names", names, "2 or more")
    fixed = np.random.default_rng(seed)
    means, shares = fixed.permutation(names).astype(np.float64), fixed.dirichlet(np.full(names, 5.0))
    at = np.arange(-BESIDE * spread, names - 1 + BESIDE * spread, spread / FINE)
    mi = table_mi(shares[:, None] * np.exp(-(((at - means[:, None]) / spread) ** 2) / 2))
    found = Sampler(f"named-groups-{names}", 1, 1, mi, partial(_draw_groups, means, shares, spread))
    return replace(found, kinds={"y": "category"})


def _draw_groups(means: F64, shares: F64, spread: float, rng: np.random.Generator, n: int) -> Samples:
    group = rng.choice(len(means), size=(n, 1), p=shares)
    return means[group] + spread * rng.standard_normal((n, 1)), group.astype(np.float64)
