"""The table of labels on both sides, and of what is given, whose information is counted where it is small."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mmg_plugins.baselines.counts import information_of_counts, labels_of, ratio_of_counts
from mmg_plugins.columns import PairParts
from mmg_plugins.mmg.parts.links import Sample
from mmg_plugins.mmg.thresholds import CORRECTION_ERROR_SHARE, ROWS_A_CELL
from mmg_registry.arrays import F64, Index, SavedState
from mmg_registry.results import Estimate


@dataclass(frozen=True)
class LabelTable:
    """Labels of the training rows, each combination of them once.

    Attributes:
        x, y, z: `(cells, k)` labels of each combination that occurs; those of z have no columns where nothing is given.
        rows: `(cells,)` number of rows that have it.
    """

    x: Index
    y: Index
    z: Index
    rows: Index
    how: ClassVar[str] = "counted"

    @classmethod
    def of(cls, sides: PairParts, sample: Sample) -> LabelTable:
        """Count the labels of training rows."""
        labels = _labels_of(sides, sample)
        cells, rows = np.unique(np.concatenate(labels, axis=1), axis=0, return_counts=True)
        ends = np.cumsum([side.shape[1] for side in labels])[:-1]
        of_x, of_y, of_z = (np.ascontiguousarray(part) for part in np.split(cells, ends, axis=1))
        return cls(of_x, of_y, of_z, rows)

    @property
    def is_small(self) -> bool:
        """Return whether there are `ROWS_A_CELL` rows for each cell of the table, those that stay empty included."""
        cells = math.prod(len(np.unique(side, axis=0)) for side in (self.x, self.y, self.z) if side.shape[1])
        return bool(self.rows.sum() >= ROWS_A_CELL * cells)

    def estimate(self, sides: PairParts, sample: Sample) -> Estimate:
        """Estimate from the training rows and the rows of `sample` together: nothing was learned.

        A share of the correction for few rows is a part of the error, for the correction is of first order.
        """
        known = zip((self.x, self.y, self.z), _labels_of(sides, sample), strict=True)
        every = [
            labels_of(np.concatenate([np.repeat(cells, self.rows, axis=0), labels]).astype(np.float64))
            for cells, labels in known
            if labels.shape[1]
        ]
        found = information_of_counts(*every)
        parts = {"rows": found.std_error, "correction": CORRECTION_ERROR_SHARE * found.correction}
        parts |= {"sparse": found.sparse} if self.z.shape[1] else {}
        values = found.values[-len(sample.x) :]
        return Estimate(
            mi=found.mi,
            std_error=math.hypot(*parts.values()),
            pointwise=values - values.mean() + found.mi,
            device="cpu",
            diagnostics={"cells": found.cells, "rows": len(every[0]), "limit": found.limit, "errors": parts},
        )

    def log_ratio(self, sides: PairParts, sample: Sample) -> tuple[F64, F64]:
        """Return the log ratio of each row's labels by the training rows' counts, `(n,)` in nats, and no error."""
        known, cells = zip((self.x, self.y, self.z), _labels_of(sides, sample), strict=True), len(self.rows)
        every = [labels_of(np.concatenate(pair)) for pair in known if pair[0].shape[1]]
        found = ratio_of_counts([each[:cells] for each in every], self.rows, [each[cells:] for each in every])
        return found, np.zeros(len(found))

    def state(self) -> SavedState:
        """Return named arrays, which are the arguments of a table, and how it estimates."""
        arrays = {name: np.ascontiguousarray(array, dtype=np.int64) for name, array in vars(self).items()}
        return arrays, {"how": self.how}


def _labels_of(sides: PairParts, sample: Sample) -> list[Index]:
    """Return the labels of x, of y and of z `(n, k)`, without columns where nothing is given."""
    of_z = (
        sides.z.labels(sample.z) if sides.z and sample.z is not None else np.zeros((len(sample.x), 0), dtype=np.int64)
    )
    return [sides.x.labels(sample.x), sides.y.labels(sample.y), of_z]
