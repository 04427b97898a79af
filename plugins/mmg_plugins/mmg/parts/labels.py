"""The labels of both sides where their table is too large to be counted: those of one predicted from the other's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmg_plugins.columns import PairParts, SideParts
from mmg_plugins.masked.fitted import FittedPositions, MaskedTraining, fit_positions
from mmg_registry.arrays import F64, Index, SavedState
from mmg_registry.contracts import Array, Run
from mmg_registry.results import Estimate

MOST_CLASSES_OF_COUNTS = 512
"""Values of all columns of a side up to which its counts are taken as labels.

Evidence: chosen for time; a head for each value of 500 takes some 5 CPU seconds a thousand steps.
Lower: counts of few columns are noised within their grain, where a network learns atoms slowly. Higher: time.
"""


@dataclass(frozen=True)
class PredictedLabels:
    """A trained prediction of the labels of one side.

    Attributes:
        run: seed, device, limits.
        fitted: the prediction.
    """

    run: Run
    fitted: FittedPositions
    how: ClassVar[str] = "predicted"

    @classmethod
    def of(
        cls,
        settings: MaskedTraining,
        run: Run,
        sides: PairParts,
        sample: tuple[Array, Array],
        swapped: bool,
        groups: Index | None,
    ) -> PredictedLabels:
        """Train on the labels of rows x `(n, dim_x)` and y `(n, dim_y)` of `sample`; predict y's where `swapped`."""
        labels = labels_in(sides.x, sample[0]), labels_in(sides.y, sample[1])
        ordered = ordered_in(sides.x), ordered_in(sides.y)
        return cls(run, fit_positions(settings, run, labels, ordered, swapped, groups))

    def estimate(self, sides: PairParts, x: Array, y: Array) -> Estimate:
        """Estimate from the labels of rows x `(n, dim_x)` and y `(n, dim_y)`."""
        return self.fitted.estimate(self.run, labels_in(sides.x, x), labels_in(sides.y, y))

    def log_ratio(self, sides: PairParts, x: Array, y: Array) -> tuple[F64, F64]:
        """Return the log ratio of each row's labels and the standard error of its draws, `(n,)` each in nats."""
        return self.fitted.log_ratio(self.run, labels_in(sides.x, x), labels_in(sides.y, y))

    def state(self) -> SavedState:
        """Return the fitted numbers as named arrays, and everything else as a JSON-serialisable mapping."""
        arrays, meta = self.fitted.state()
        return arrays, {**meta, "how": self.how}

    @classmethod
    def restored(
        cls, settings: MaskedTraining, run: Run, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]
    ) -> PredictedLabels:
        """Rebuild what `state` saved, with the network of `settings`."""
        return cls(run, FittedPositions.restored(settings, arrays, meta))


def are_few(side: SideParts) -> bool:
    """Return whether a side has so few values in all that counts among them are to be taken as labels."""
    return sum(len(column.values) for column in side.columns) <= MOST_CLASSES_OF_COUNTS


def labels_in(side: SideParts, rows: Array) -> F64:
    """Return the columns `(n, k)` that have labels: as they are, or which atom a row of a mixed column is at."""
    found = [
        column.labels(rows[:, j]) if column.has_rest else rows[:, j]
        for j, column in enumerate(side.columns)
        if column.values
    ]
    return np.stack(found, axis=1).astype(np.float64)


def ordered_in(side: SideParts) -> list[bool]:
    """Return for each column of `labels_in` whether its labels are counts."""
    return [column.ordered for column in side.columns if column.values]
