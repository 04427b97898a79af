"""What a variable that is given tells of x and of y: columns that it determines, and labels of few rows.

A column that z determines is known where z is, and tells nothing more: I(X; Y | Z) does not change without it. That it
is determined is said only where enough rows prove it.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array
from mmg_registry.data import dependence
from mmg_registry.data.pair import Pair
from mmg_registry.kinds import Kind

PROVING_ROWS = 20
"""Rows that prove a table from z to a column: rows of a combination of labels seen before, not at the commonest value.

Evidence: chance agrees in so many rows in less than one of 2^20 cases.
Lower: columns are left out by chance. Higher: determined columns of few rows stay, and cost an estimate of 0.
"""

CELL_ROWS = 10
"""Rows of one combination of given labels, with fewer of which nothing can be said of x and y there.

Evidence: chosen. Lower: conditions that tell single rows go without a word. Higher: warnings of tables that suffice.
"""

CROWDED = 0.1
"""Share of the rows in cells of fewer rows from which the result warns. Lower: rare labels warn. Higher: none do."""

ALIKE, ALIKE_SHARE = 0.01, 0.05
"""Neighbours in z that differ by less than `ALIKE` standard deviations in what varies, and their share.

With a density, some 0.6 % of neighbours are so near, and with K values left given z a share of 1 / K.
Lower: a finite information of many values passes for infinite. Higher: an infinite one is not said.
"""


def determined(pair: Pair, side: str) -> dict[int, str]:
    """Return the columns of `side`, "x" or "y", that z determines, each with how, as the end of a sentence.

    Example:
        >>> from mmg_registry.data.pair import as_pair, with_given
        >>> z, e = np.random.default_rng(0).standard_normal((2, 100))
        >>> pair = with_given(as_pair(np.column_stack([e, 2 * z + 1]), e), z)
        >>> determined(pair, "x")
        {1: "is a copy of 'z' of what is given, up to scale and shift"}
    """
    if pair.z is None:
        return {}
    rows = getattr(pair, side)
    found = _linear(pair, rows, getattr(pair, f"{side}_names"), side)
    for labels, how in _tables(pair, pair.z):
        told = _told_by(labels, rows)
        found |= {int(j): how for j in np.flatnonzero(told) if int(j) not in found}
    return found


def varies(pair: Pair, columns: Index, weights: F64) -> bool:
    """Return whether a sum of columns of x varies like a density, not among few values, in rows that are alike in z.

    A label beside a smooth function of z takes few values given z, and has a finite entropy there.

    Args:
        pair: the rows.
        columns: `(k,)` places of columns of x.
        weights: `(k,)` of the columns in units of their standard deviations.
    """
    if pair.z is None:
        return True
    some = dependence.sample_rows(len(pair), 2_000)
    z, x = _standard(pair.z, some), _standard(pair.x[:, columns], some)
    near, values = np.ravel(cKDTree(z).query(z, [2])[1]), x @ weights
    apart = np.abs(values - values[near]) / max(float(values.std()), np.finfo(np.float64).tiny)
    return bool(np.mean(apart < ALIKE) < ALIKE_SHARE)


def _standard(rows: Array, some: Index) -> F64:
    """Return some of the rows in standard deviations; huge and tiny values are scaled first."""
    found = dependence.block_of(rows).take(some)
    spread = found.std(0)
    return found / np.where(spread > 0, spread, 1.0)


def crowded(pair: Pair) -> list[str]:
    """Return a warning where many rows share given labels with few others."""
    if pair.z is None or not all(_is_label(kind) for kind in pair.z_kinds):
        return []
    place, counts = np.unique(pair.z, axis=0, return_inverse=True, return_counts=True)[1:]
    share = float(np.mean(counts[place.reshape(-1)] < CELL_ROWS))
    if share < CROWDED:
        return []
    return [
        f"What is given has {len(counts)} combinations of labels, and {share:.0%} of the rows share theirs with fewer "
        f"than {CELL_ROWS - 1} others, which cannot tell how x and y depend there; put rare labels together."
    ]


def _linear(pair: Pair, rows: Array, names: tuple[str, ...], side: str) -> dict[int, str]:
    """Return columns that are linear functions of z, or of z and earlier columns of the side."""
    z: Array = np.empty((len(rows), 0)) if pair.z is None else pair.z
    first = z.shape[1]
    block = dependence.block_of(z, rows)
    words = [*(f"'{name}' of what is given" for name in pair.z_names), *(f"'{name}' of {side}" for name in names)]
    found = {}
    for relation in dependence.linear_relations(block, first):
        if dependence.telling_rows(block, relation) >= dependence.SPARE_ROWS and (relation.on < first).any():
            found[relation.column - first] = _how([words[k] for k in relation.on])
    return found


def _how(others: list[str]) -> str:
    if len(others) == 1:
        return f"is a copy of {others[0]}, up to scale and shift"
    return f"is a linear combination of {', '.join(others[:6])}{' and others' if len(others) > 6 else ''}"


def _tables(pair: Pair, z: Array) -> list[tuple[Index, str]]:
    """Return the labels `(n,)` of each discrete column of z, and of all of these together, with words."""
    discrete = [j for j, kind in enumerate(pair.z_kinds) if _is_label(kind) or kind.name == "count"]
    sets = [[j] for j in discrete] + ([discrete] if len(discrete) > 1 else [])
    found = []
    for columns in sets:
        labels = np.unique(z[:, columns], axis=0, return_inverse=True)[1].reshape(-1)
        named = ", ".join(f"'{pair.z_names[j]}'" for j in columns[:6])
        found.append((labels.astype(np.int64), f"has one value for each of {named} of what is given"))
    return found


def _told_by(labels: Index, rows: Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which columns of `rows` `(n, d)` have one value in all rows of a label, as enough rows prove."""
    order = np.argsort(labels, kind="stable")
    ordered, same = rows[order], np.diff(labels[order]) == 0
    equal = ordered[1:] == ordered[:-1]
    commonest = np.array([_commonest(column) for column in rows.T])
    proving = (same[:, None] & (ordered[1:] != commonest)).sum(0)
    told: np.ndarray[tuple[int], np.dtype[np.bool_]] = (equal | ~same[:, None]).all(0) & (proving >= PROVING_ROWS)
    return told


def _commonest(column: Array) -> float:
    values, counts = np.unique(column, return_counts=True)
    return float(values[counts.argmax()])


def _is_label(kind: Kind) -> bool:
    return kind.name == "category"
