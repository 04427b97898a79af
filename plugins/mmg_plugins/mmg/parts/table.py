"""The table of labels on both sides, whose information is counted where the table is small for its rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mmg_plugins.baselines.counts import information_of_counts, labels_of, ratio_of_counts
from mmg_plugins.columns import PairParts
from mmg_plugins.mmg.thresholds import CORRECTION_ERROR_SHARE, ROWS_A_CELL
from mmg_registry.arrays import F64, Index, SavedState
from mmg_registry.contracts import Array
from mmg_registry.results import Estimate


@dataclass(frozen=True)
class LabelTable:
    """Labels of the training rows, each pair of them once.

    Attributes:
        x, y: `(cells, k)` labels of each pair of them that occurs.
        rows: `(cells,)` number of rows that have the pair.
    """

    x: Index
    y: Index
    rows: Index
    how: ClassVar[str] = "counted"

    @classmethod
    def of(cls, sides: PairParts, x: Array, y: Array) -> LabelTable:
        """Count the labels of rows x `(n, dim_x)` and y `(n, dim_y)`."""
        of_x, of_y = sides.x.labels(x), sides.y.labels(y)
        cells, rows = np.unique(np.concatenate([of_x, of_y], axis=1), axis=0, return_counts=True)
        wide = of_x.shape[1]
        return cls(np.ascontiguousarray(cells[:, :wide]), np.ascontiguousarray(cells[:, wide:]), rows)

    @property
    def is_small(self) -> bool:
        """Return whether there are `ROWS_A_CELL` rows for each cell of the table, those that stay empty included."""
        cells = math.prod(len(np.unique(side, axis=0)) for side in (self.x, self.y))
        return bool(self.rows.sum() >= ROWS_A_CELL * cells)

    def estimate(self, sides: PairParts, x: Array, y: Array) -> Estimate:
        """Estimate from the training rows and rows x `(n, dim_x)`, y `(n, dim_y)` together: nothing was learned.

        A share of the correction for few rows is a part of the error, for the correction is of first order.
        """
        every = [
            labels_of(np.concatenate([np.repeat(cells, self.rows, axis=0), labels]).astype(np.float64))
            for cells, labels in ((self.x, sides.x.labels(x)), (self.y, sides.y.labels(y)))
        ]
        found = information_of_counts(*every)
        parts = {"rows": found.std_error, "correction": CORRECTION_ERROR_SHARE * found.correction}
        values = found.values[-len(x) :]
        return Estimate(
            mi=found.mi,
            std_error=math.hypot(*parts.values()),
            pointwise=values - values.mean() + found.mi,
            device="cpu",
            diagnostics={"cells": found.cells, "rows": len(every[0]), "limit": found.limit, "errors": parts},
        )

    def log_ratio(self, sides: PairParts, x: Array, y: Array) -> tuple[F64, F64]:
        """Return the log ratio of each row's labels by the training rows' counts, `(n,)` in nats, and no error."""
        one, other = (
            labels_of(np.concatenate([cells, labels]).astype(np.float64))
            for cells, labels in ((self.x, sides.x.labels(x)), (self.y, sides.y.labels(y)))
        )
        cells = len(self.rows)
        found = ratio_of_counts((one[:cells], other[:cells], self.rows), one[cells:], other[cells:])
        return found, np.zeros(len(found))

    def state(self) -> SavedState:
        """Return named arrays, which are the arguments of a table, and how it estimates."""
        arrays = {name: np.ascontiguousarray(array, dtype=np.int64) for name, array in vars(self).items()}
        return arrays, {"how": self.how}
