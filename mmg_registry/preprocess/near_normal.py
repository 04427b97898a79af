"""Columns that networks see as they are: mapped near normal, then shifted and scaled to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmg_registry.arrays import F64
from mmg_registry.contracts import Array, below
from mmg_registry.preprocess.margins import Margins, fit_margins, is_light


@dataclass(frozen=True)
class NearNormal:
    """A bijection of columns, fitted to rows.

    Attributes:
        centre, scale: `(dim,)` means and standard deviations of the mapped columns.
        margins: the maps; None where columns are only shifted and scaled.
    """

    centre: F64
    scale: F64
    margins: Margins | None = None

    @classmethod
    def fit(cls, rows: Array, mapped: bool = True) -> NearNormal:
        """Fit to rows `(n, dim)`; with `mapped`, columns that are not near normal are mapped to be (`Margins`).

        Raises:
            DataError: when a column holds NaN or infinity and columns are mapped.

        Example:
            >>> rows = np.exp(np.random.default_rng(0).standard_normal((2000, 1)))
            >>> mapped, plain = NearNormal.fit(rows)(rows), NearNormal.fit(rows, mapped=False)(rows)
            >>> bool(mapped.max() < 5 < plain.max())
            True
        """
        margins = fit_margins(rows) if mapped else None
        found = placed(margins, rows)
        spread = found.std(0)
        return cls(found.mean(0), np.where(spread > 0, spread, 1.0), margins)

    @property
    def dim(self) -> int:
        """Return the number of columns."""
        return len(self.centre)

    def __call__(self, rows: Array) -> F64:
        """Return the columns of rows `(n, dim)`, mapped and standardised."""
        found: F64 = (placed(self.margins, rows) - self.centre) / self.scale
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return named arrays, from which `of_arrays` rebuilds the bijection."""
        margins = {} if self.margins is None else self.margins.arrays("margins")
        return {"centre": self.centre, "scale": self.scale, **margins}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> NearNormal:
        """Rebuild what `arrays` returned."""
        margins = below(arrays, "margins_")
        return cls(arrays["centre"], arrays["scale"], Margins.from_arrays(margins) if margins else None)


def tamed(rows: Array) -> Margins | None:
    """Return the maps of rows `(n, dim)` whose tails are heavier than normal; None where no column's are.

    Least squares of heavy-tailed or skewed columns is the work of a few rows. Light-tailed ones need no map for it, and
    a map might bend a straight relation.

    Example:
        >>> rows = np.random.default_rng(0).standard_normal((2000, 1))
        >>> tamed(rows) is None, tamed(np.exp(rows)) is None
        (True, False)
    """
    return None if is_light(rows) else fit_margins(rows)


def placed(margins: Margins | None, rows: Array) -> F64:
    """Return rows `(n, dim)` after maps, if there are any, as float64."""
    return np.asarray(rows, dtype=np.float64) if margins is None else np.ascontiguousarray(margins(rows).T)
