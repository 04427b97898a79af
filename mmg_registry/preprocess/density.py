"""The normal density of mapped rows, taken back to the rows: a first guess of any density, with its closed form.

The maps are those of one side of a pair (`Margins`); the density of rows is that of their images times the volume that
the maps take them to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.errors import DataError, demand
from mmg_registry.preprocess.covariance import Moments, chunks, moments_of, whitener
from mmg_registry.preprocess.maps import RowArray
from mmg_registry.preprocess.margins import Margins, fit_margins

ROWS_OF_A_MAP = 40.0  # a bent column adds some 40 / n nats: uniform, exponential, triangular .. of 1,000 to 80,000 rows
IN_A_PLANE = (
    "Some rows that are fitted lie in a plane, where they have no density; leave out columns that others determine."
)


@dataclass(frozen=True)
class NormalDensity:
    """A density under which mapped and whitened rows are standard normal.

    Attributes:
        margins: bijections that make the columns near normal.
        mean: `(dim,)` means of the mapped columns.
        matrix: `(dim, dim)` matrix that whitens them.
        rows: number of rows that it was fitted to.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal((5000, 2)) @ np.array([[2.0, 0.0], [1.0, 3.0]])
        >>> found = -NormalDensity.fit(rows).log_density(rows).mean()
        >>> bool(abs(found - math.log(2 * math.pi * math.e * 6.0)) < 0.05)
        True
    """

    margins: Margins
    mean: F64
    matrix: F64
    rows: int

    @classmethod
    def fit(cls, data: RowArray, gaussianise: bool = True) -> NormalDensity:
        """Fit to rows `(n, dim)`, of which no column is constant or a linear combination of others.

        Args:
            data: the rows, of any real dtype.
            gaussianise: whether columns may be bent; otherwise they are only shifted, scaled and mixed.

        Raises:
            DataError: for rows in a plane, which have no density.
        """
        margins = fit_margins(data, gaussianise)
        moments: Moments = moments_of([(margins, data)], 0, len(data))
        matrix = whitener(moments.covariance, 0.0)
        demand(len(matrix) == data.shape[1], IN_A_PLANE, DataError)
        return cls(margins, moments.mean, matrix, len(data))

    @property
    def dim(self) -> int:
        """Return the number of columns."""
        return len(self.matrix)

    @property
    def parameters(self) -> int:
        """Return how many numbers were fitted: those of a normal density, and the knots of the maps."""
        return self.dim * (self.dim + 3) // 2 + sum(curve.knots.size for curve in self.margins.maps)

    @property
    def unresolved(self) -> float:
        """Return what the maps of bent columns may have left of them, in nats: their knots do not follow every edge."""
        return ROWS_OF_A_MAP * sum(not curve.is_affine for curve in self.margins.maps) / self.rows

    def place(self, rows: RowArray) -> tuple[F64, F64]:
        """Return the images `(n, dim)` of rows `(n, dim)`, and the log-density of the rows `(n,)` in nats."""
        out, log_density = np.empty((len(rows), self.dim)), np.empty(len(rows))
        volume = float(np.linalg.slogdet(self.matrix)[1]) - self.dim / 2 * math.log(2 * math.pi)
        for part in chunks(0, len(rows), self.dim):
            mapped, log_slopes = self.margins.with_log_volume(rows[part])
            out[part] = (mapped.T - self.mean) @ self.matrix.T
            log_density[part] = volume + log_slopes - np.sum(out[part] ** 2, axis=1) / 2
        return out, log_density

    def log_density(self, rows: RowArray) -> F64:
        """Return the log-density of rows `(n, dim)`, `(n,)` in nats."""
        return self.place(rows)[1]
