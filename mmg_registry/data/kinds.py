"""The kind of a column, found from its values, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.kinds import Kind

FEW_VALUES = 20  # different values up to which whole numbers count as labels
ROWS_A_VALUE = 5  # rows a value at least, on average, for a column to be a category
ATOM_SHARE = 0.02  # of the rows that a single value takes at least to be an atom
ATOM_ROWS = 5  # and rows
ATOM_EXCESS = 10.0  # and times the rows of the median value, so that a coarse grain makes no atoms
MOST_ATOMS = 8
TIED = 0.05  # share of rows that repeat a value, from which a grain is looked for


def kind_of(column: NDArray[Any]) -> Kind:
    """Return the kind of a finite column `(n,)` of numbers or booleans.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> kind_of(rng.standard_normal(1000)).name, kind_of(rng.integers(0, 3, 1000)).name
        ('continuous', 'category')
        >>> zeros = np.where(rng.random(1000) < 0.4, 0.0, rng.standard_normal(1000))
        >>> kind_of(zeros).name, kind_of(zeros).atoms
        ('mixed', (0.0,))
    """
    values, counts = np.unique(column, return_counts=True)
    n, many = len(column), len(values)
    if column.dtype.kind == "b" or many <= 2:
        return Kind("category", "two values" if many == 2 else "one value", many)
    if many * ROWS_A_VALUE <= n and many <= FEW_VALUES and _labels(values):
        return Kind("category", f"{many} whole values, each many times", many)
    atoms = _atoms(values, counts, n)
    if len(atoms) == many:
        return Kind("category", f"{many} values, each many times", many)
    rest = np.setdiff1d(values, atoms)
    grain = _grain(rest) if n - many > TIED * n else 0.0
    if atoms:
        share = counts[np.isin(values, atoms)].sum() / n
        return Kind("mixed", f"{share:.0%} of the rows are {_listed(atoms)}", many, atoms, grain)
    return Kind("continuous", f"rounded to {grain:g}" if grain else "as good as no value twice", many, grain=grain)


def _labels(values: NDArray[Any]) -> bool:
    return bool(np.all(values == np.rint(values)))


def _atoms(values: NDArray[Any], counts: NDArray[np.int64], n: int) -> tuple[float, ...]:
    """Return the values that stand out, the commonest first; all values where every one does."""
    typical = float(np.median(counts))
    often = counts >= max(ATOM_ROWS, ATOM_SHARE * n)
    stands = often & ((counts >= ATOM_EXCESS * typical) | (typical >= ATOM_SHARE * n))
    found = np.flatnonzero(stands)
    if len(found) > MOST_ATOMS and len(found) < len(values):
        return ()
    order = found[np.argsort(-counts[found], kind="stable")]
    return tuple(float(value) for value in values[order])


def _grain(values: NDArray[Any]) -> float:
    """Return the distance of which all values are multiples, up to rounding; 0 where none explains the ties."""
    steps = np.diff(values.astype(np.float64))
    if not len(steps):
        return 0.0
    grain = float(steps.min())
    apart = (values - values[0]) / grain
    return grain if bool(np.all(np.abs(apart - np.rint(apart)) < 1e-3 * np.maximum(1.0, np.abs(apart) * 1e-6))) else 0.0


def _listed(values: Sequence[float]) -> str:
    return " or ".join(f"{value:g}" for value in values[:3]) + (" .." if len(values) > 3 else "")
