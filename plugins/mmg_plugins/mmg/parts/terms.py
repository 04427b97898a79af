"""Splits of the information by the chain rule: none, or one that sets few linearly dependent columns apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmg_plugins.mmg.parts.coordinates import CoordinateRows, Coordinates
from mmg_plugins.mmg.thresholds import LEAST_RHO, MANY_COLUMNS, NOISE_ERRORS


@dataclass(frozen=True)
class Term:
    """One term of the chain rule: I(X_1; Y | X_2), with columns [first, last) of x as X_1 and later ones as X_2.

    Terms that cover all noised columns of x, the later ones first, sum to I(X; Y); columns of x beside the noised ones
    are in the X_2 of all.
    """

    first: int
    last: int

    @property
    def noised(self) -> int:
        """Return the number of columns of X_1."""
        return self.last - self.first

    def rows(self, rows: CoordinateRows) -> CoordinateRows:
        """Return the columns of x that the term uses, and y with its columns in the matching order.

        Column i of y is the canonical partner of column i of x, so y begins with the partner of column `first`.
        """
        x, y = rows
        if self.first == 0:
            return x, y
        return x[:, self.first :].contiguous(), y.roll(-self.first, 1)

    def rho(self, rho: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the canonical correlations of the noised columns."""
        return rho[self.first : self.last]


Split = Callable[[Coordinates, int], list[Term]]  # from coordinates and the number of training rows


def one_term(coordinates: Coordinates, n_rows: int) -> list[Term]:
    """Return the whole information as one term."""
    return [Term(0, coordinates.dim_x)]


def linear_apart(coordinates: Coordinates, n_rows: int) -> list[Term]:
    """Split I(X_1, X_2; Y) = I(X_1; Y | X_2) + I(X_2; Y) where few of many columns, X_1, are linearly dependent on y.

    The network of the first term need not learn that the other columns carry no information. The sum is exact whatever
    the split.
    """
    linear = linear_columns(coordinates, n_rows)
    if coordinates.dim_x <= MANY_COLUMNS or not 0 < linear <= coordinates.dim_x // 2:
        return one_term(coordinates, n_rows)
    return [Term(0, linear), Term(linear, coordinates.dim_x)]


def linear_columns(coordinates: Coordinates, n_rows: int) -> int:
    """Count the canonical correlations that are neither noise nor too weak to matter."""
    noise = NOISE_ERRORS * math.sqrt((coordinates.dim_x + coordinates.dim_y) / n_rows)
    return int(np.count_nonzero(coordinates.rho > max(LEAST_RHO, noise)))
