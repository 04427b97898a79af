"""Principal components of one side of a pair: the linear map to few columns that keeps most of the variance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F32, F64

SPARE_DIRECTIONS, POWERS = 10, 2
"""Directions drawn beyond those wanted, and power iterations, of the randomised decomposition.

Evidence: Halko, Martinsson and Tropp (SIAM Review 2011, section 1.3 and 4.5) advise 5 to 10 and one or two.
Lower: components mix with their neighbours in variance. Higher: time.
"""

ONE_UNIT = 10.0
"""Largest standard deviation of a column, as a multiple of the median one, up to which columns share a unit.

Pixels and embeddings do, and columns that hardly vary then count little, as they should.
Evidence: chosen; the pixels of MNIST reach 5. Lower: borders of images are blown up. Higher: one column in a finer unit
than the others is all that is kept.
"""

LEAST_VARIANCE = 1e-9
"""Variance of a component, relative to the largest, below which it is rounding: float32 numbers give some 1e-13."""


@dataclass(frozen=True)
class Components:
    """A linear map to principal components, all divided by one number, so that their mean variance is 1.

    Attributes:
        mean: `(dim,)` means of the columns.
        matrix: `(dim, k)` the map of what is left.
        explained: the share of the variance that the components keep, 0 to 1.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal((500, 2)) @ np.ones((2, 100))
        >>> found = Components.of(rows, 20)
        >>> found(rows).shape, round(found.explained, 3)
        ((500, 1), 1.0)
    """

    mean: F64
    matrix: F64
    explained: float

    @classmethod
    def of(cls, rows: NDArray[Any], most: int, seed: int = 0) -> Components:
        """Find at most `most` components of `rows` `(n, dim)`, by a randomised decomposition where `dim` is larger.

        The method is that of Halko, Martinsson and Tropp ("Finding structure with randomness", SIAM Review 2011,
        algorithm 4.4 and 5.1).
        """
        mean, spread = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
        unit = np.ones_like(spread)
        if spread.max() > ONE_UNIT * np.median(spread):
            unit = np.where(spread > 0, spread, 1.0)
        centred = ((rows - mean) / unit).astype(np.float32)
        values, vectors = _leading(centred, most, np.random.default_rng(seed))
        kept = values > LEAST_VARIANCE * values[0]
        values, total = values[kept], float(np.sum((spread / unit) ** 2))
        matrix = vectors[:, kept] / unit[:, None] / np.sqrt(values.mean())
        return cls(mean, matrix, float(values.sum()) / total)

    @property
    def dim(self) -> int:
        """Return the number of components."""
        return int(self.matrix.shape[1])

    def __call__(self, rows: NDArray[Any]) -> F32:
        """Return the components `(n, k)` of `rows` `(n, dim)`."""
        out: F32 = (rows @ self.matrix - self.mean @ self.matrix).astype(np.float32)
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return named arrays, from which `from_arrays` rebuilds the map."""
        return {"mean": self.mean, "matrix": np.ascontiguousarray(self.matrix), "explained": np.array(self.explained)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Components:
        """Rebuild what `arrays` returned."""
        return cls(arrays["mean"], arrays["matrix"], float(arrays["explained"]))


def _leading(centred: F32, most: int, draw: np.random.Generator) -> tuple[F64, F64]:
    """Return the largest variances `(k,)`, falling, and their directions `(dim, k)`, of centred rows."""
    n, dim = centred.shape
    base = np.eye(dim, dtype=np.float32)
    if dim > 2 * (most + SPARE_DIRECTIONS):
        base = draw.standard_normal((dim, most + SPARE_DIRECTIONS)).astype(np.float32)
        for _ in range(POWERS):
            base = np.linalg.qr(centred.T @ (centred @ np.linalg.qr(base)[0]))[0]
        base = np.linalg.qr(base)[0]
    inside = (centred @ base).astype(np.float64)
    values, vectors = np.linalg.eigh(inside.T @ inside / n)
    order = np.argsort(values)[::-1][:most]
    return np.maximum(values[order], 0.0), base @ vectors[:, order]
