"""Information of single rows by nearest neighbours: the formulae, as functions of rows, without options or results.

Every function returns one value a row, in nats, whose mean is the estimate. Counts hold the row itself. The norm within
x and within y is the maximum, or the Euclidean one; between x and y it is always the maximum.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.special import digamma

from mmg_registry.arrays import F64, Index

Norm = Literal["maximum", "euclidean"]

TREE_COLUMNS = 6  # of x and y together; with more, comparing all pairs of rows is faster than trees
BLOCK = 250  # rows compared with all others at a time
_POWER = {"maximum": np.inf, "euclidean": 2.0}
_METRIC: dict[str, Any] = {"maximum": "chebyshev", "euclidean": "euclidean"}


@dataclass(frozen=True)
class Search:
    """How neighbours are looked for: `k` of them, in `norm`, on `threads`."""

    k: int = 3
    norm: Norm = "maximum"
    threads: int = 1


def first_algorithm(x: F64, y: F64, how: Search) -> tuple[F64, int]:
    """Return the values of algorithm 1 of Kraskov, Stoegbauer and Grassberger (Phys. Rev. E 2004, equation 8).

    With e the distance of a row to its k-th neighbour, psi(k) + psi(n) - psi(n_x) - psi(n_y), where n_x counts the rows
    whose x is nearer than e. Rows with more than k identical copies have e = 0; there k, n_x and n_y become numbers of
    copies (Gao, Kannan, Oh and Viswanath, NeurIPS 2017).

    Args:
        x, y: `(n, dim_x)`, `(n, dim_y)`.

    Returns:
        Values `(n,)`, and how many rows have more than k identical copies.

    Example:
        >>> same = np.zeros((4, 1))
        >>> values, copies = first_algorithm(same, same, Search(k=1))
        >>> values.round(3).tolist(), copies
        ([0.0, 0.0, 0.0, 0.0], 4)
    """
    search = _by_trees if x.shape[1] + y.shape[1] <= TREE_COLUMNS else _by_all_pairs
    radius, copies, n_x, n_y = search(x, y, how)
    copied = radius == 0
    own = np.where(copied, copies, how.k)
    values: F64 = digamma(own) + digamma(np.float64(len(x))) - digamma(n_x) - digamma(n_y)
    return values, int(copied.sum())


def second_algorithm(x: F64, y: F64, how: Search) -> F64:
    """Return the values of algorithm 2 (the same paper, equation 9): a rectangle around each row in place of a square.

    psi(k) - 1/k + psi(n) - psi(n_x) - psi(n_y), where n_x counts the other rows whose x is no farther than that of any
    of the k neighbours.
    """
    sides = [cdist(side, side, _METRIC[how.norm]) for side in (x, y)]
    joint = np.maximum(*sides)
    nearest = np.argsort(joint, axis=1, kind="stable")[:, 1 : how.k + 1]
    reach = [np.take_along_axis(side, nearest, axis=1).max(axis=1) for side in sides]
    n_x, n_y = ((side <= edge[:, None]).sum(axis=1) - 1 for side, edge in zip(sides, reach, strict=True))
    values: F64 = digamma(how.k) - 1 / how.k + digamma(np.float64(len(x))) - digamma(n_x) - digamma(n_y)
    return values


def given_z(x: F64, y: F64, z: F64, how: Search) -> F64:
    """Return the values given a third variable (Frenzel and Pompe, PRL 2007, equation 11).

    With e the distance of a row to its k-th neighbour in (x, y, z), psi(k) - psi(n_xz) - psi(n_yz) + psi(n_z), where
    n_xz counts the rows whose x and z are both nearer than e.

    Args:
        x, y, z: `(n, dim_x)`, `(n, dim_y)`, `(n, dim_z)`, continuous.

    Example:
        >>> z = np.arange(8.0)[:, None]
        >>> given_z(z, z, z, Search(k=1)).round(3).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    _, n_xz, n_yz, n_z = _around((x, y, z), how, nearer=True)
    values: F64 = digamma(np.float64(how.k)) - digamma(n_xz) - digamma(n_yz) + digamma(n_z)
    return values


def given_z_mixed(x: F64, y: F64, z: F64, how: Search) -> F64:
    """Return the values given a third variable where columns are mixed or discrete (Mesner and Shalizi, IEEE TIT 2020).

    Rows at distance e are counted too, and not the row itself: psi(m) - psi(n_xz) - psi(n_yz) + psi(n_z), with m the
    rows in (x, y, z) no farther than the k-th neighbour (their section III).

    Args:
        x, y, z: `(n, dim_x)`, `(n, dim_y)`, `(n, dim_z)`.

    Example:
        >>> x = np.arange(8.0)[:, None] % 2
        >>> given_z_mixed(x, x, 0 * x, Search(k=1)).round(3).tolist()[:2]
        [0.95, 0.95]
    """
    near, n_xz, n_yz, n_z = (count - 1 for count in _around((x, y, z), how, nearer=False))
    values: F64 = digamma(near.astype(np.float64)) - digamma(n_xz) - digamma(n_yz) + digamma(n_z)
    return values


def with_labels(x: F64, labels: Index, how: Search) -> F64:
    """Return the values for a continuous x and a discrete y (Ross, PLoS ONE 2014).

    With e the distance of a row to its k-th neighbour of the same label, psi(n) + psi(k) - psi(n_label) - psi(m), where
    m counts the rows nearer than e, whatever their label. Labels with fewer than k other rows use all of these; a
    label that occurs once tells nothing, and its row counts 0.

    Args:
        x: `(n, dim)`.
        labels: `(n,)`, any whole numbers.

    Example:
        >>> x = np.array([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]])
        >>> with_labels(x, np.array([0, 0, 0, 1, 1, 1]), Search(k=1)).round(3).tolist()
        [0.783, 0.783, 0.783, 0.783, 0.783, 0.783]
    """
    radius, size, own = np.zeros(len(x)), np.ones(len(x)), np.ones(len(x))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        size[rows] = len(rows)
        if len(rows) > 1:
            own[rows] = min(how.k, len(rows) - 1)
            radius[rows] = _kth(x[rows], int(own[rows[0]]), how)
    inside = _strictly_within(x, np.nextafter(radius, 0), how)
    values = digamma(np.float64(len(x))) + digamma(own) - digamma(size) - digamma(np.maximum(inside, 1))
    return np.where(size > 1, values, 0.0)


def _kth(rows: F64, k: int, how: Search) -> F64:
    """Return the distances of rows to their k-th neighbour among themselves."""
    found = cKDTree(rows).query(rows, [k + 1], p=_POWER[how.norm], workers=how.threads)[0]  # a row is its own nearest
    return np.ravel(found)


def _strictly_within(rows: F64, radius: F64, how: Search) -> Index:
    return _count(cKDTree(rows), rows, radius, how)


Counts = tuple[F64, Index, Index, Index]


def _by_trees(x: F64, y: F64, how: Search) -> Counts:
    """Return each row's distance to its k-th neighbour, its copies where that is 0, and how many rows are nearer.

    The last two of the four are the counts within x and within y.

    At distance 0 nothing is strictly nearer, and copies are counted instead.
    """
    joint = np.hstack([x, y])
    tree = cKDTree(joint)
    radius = _kth(joint, how.k, how) if how.norm == "maximum" else _kth_of_pair(x, y, how)
    inside = np.nextafter(radius, 0)
    n_x, n_y = (_count(cKDTree(side), side, inside, how) for side in (x, y))
    copies = np.ones(len(x), dtype=np.int64)
    zero = np.flatnonzero(radius == 0)
    if zero.size:
        copies[zero] = _count(tree, joint[zero], np.zeros(zero.size), how)
    return radius, copies, n_x, n_y


def _kth_of_pair(x: F64, y: F64, how: Search) -> F64:
    """Return distances to the k-th neighbour from all pairs; trees have no norm that is a maximum of Euclidean ones."""
    return _by_all_pairs(x, y, how)[0]


def _count(tree: Any, rows: F64, radius: F64, how: Search) -> Index:
    power = _POWER[how.norm]
    found: Index = tree.query_ball_point(rows, radius, p=power, return_length=True, workers=how.threads)
    return found


def _by_all_pairs(x: F64, y: F64, how: Search) -> Counts:
    """Return the same as `_by_trees` from all distances, in blocks of rows; trees do not help in many columns."""
    starts = range(0, len(x), BLOCK)
    with ThreadPoolExecutor(how.threads) as pool:
        parts = list(pool.map(lambda start: _block_counts(x, y, how, slice(start, start + BLOCK)), starts))
    radius, near, n_x, n_y = (np.concatenate(each) for each in zip(*parts, strict=True))
    return radius, near, n_x, n_y


def _block_counts(x: F64, y: F64, how: Search, rows: slice) -> Counts:
    of_x, of_y = (cdist(side[rows], side, _METRIC[how.norm]) for side in (x, y))
    joint = np.maximum(of_x, of_y)
    radius = np.partition(joint, how.k, axis=1)[:, how.k].copy()  # a view would keep the whole block alive
    inside = np.nextafter(radius, 0)[:, None]
    n_x, n_y = ((distance <= inside).sum(axis=1) for distance in (of_x, of_y))
    return radius, (joint <= radius[:, None]).sum(axis=1), n_x, n_y


RowTriple = tuple[F64, F64, F64]  # rows of x, of y and of z
Within = tuple[Index, Index, Index, Index]  # numbers of rows near each row in (x, y, z), in (x, z), in (y, z) and in z


def _around(rows: RowTriple, how: Search, nearer: bool) -> Within:
    """Count the rows that are no farther than the k-th neighbour in (x, y, z), or `nearer`; a row counts itself."""
    few = sum(side.shape[1] for side in rows) <= TREE_COLUMNS
    return (_around_by_trees if few and how.norm == "maximum" else _around_by_all_pairs)(rows, how, nearer)


def _around_by_trees(rows: RowTriple, how: Search, nearer: bool) -> Within:
    x, y, z = rows
    joint = np.hstack(rows)
    radius = _kth(joint, how.k, how)
    edge = np.nextafter(radius, 0) if nearer else radius
    near, n_xz, n_yz, n_z = (
        _count(cKDTree(side), side, edge, how) for side in (joint, np.hstack([x, z]), np.hstack([y, z]), z)
    )
    return near, n_xz, n_yz, n_z


def _around_by_all_pairs(rows: RowTriple, how: Search, nearer: bool) -> Within:
    starts = range(0, len(rows[0]), BLOCK)
    with ThreadPoolExecutor(how.threads) as pool:
        parts = list(pool.map(lambda start: _block_around(rows, how, nearer, slice(start, start + BLOCK)), starts))
    near, n_xz, n_yz, n_z = (np.concatenate(each) for each in zip(*parts, strict=True))
    return near, n_xz, n_yz, n_z


def _block_around(rows: RowTriple, how: Search, nearer: bool, block: slice) -> Within:
    x, y, z = (cdist(side[block], side, _METRIC[how.norm]) for side in rows)
    xz, yz = np.maximum(x, z), np.maximum(y, z)
    joint = np.maximum(xz, yz)
    radius = np.partition(joint, how.k, axis=1)[:, [how.k]]
    edge = np.nextafter(radius, 0) if nearer else radius
    near, n_xz, n_yz, n_z = ((distance <= edge).sum(axis=1) for distance in (joint, xz, yz, z))
    return near, n_xz, n_yz, n_z
