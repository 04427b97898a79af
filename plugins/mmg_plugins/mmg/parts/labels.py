"""The labels of both sides where their table is too large to be counted: those of one predicted from the other's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmg_plugins.columns import PairParts, SideParts
from mmg_plugins.masked.fitted import FittedPositions, MaskedTraining, fit_positions
from mmg_plugins.mmg.parts.links import Sample
from mmg_registry.arrays import F64, Index, SavedState
from mmg_registry.contracts import Array, Run, below
from mmg_registry.preprocess.near_normal import NearNormal
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
        context: maps of what is given, which both predictions see; None where nothing is.
    """

    run: Run
    fitted: FittedPositions
    context: NearNormal | None = None
    how: ClassVar[str] = "predicted"

    @classmethod
    def of(
        cls,
        settings: MaskedTraining,
        run: Run,
        sides: PairParts,
        sample: Sample,
        swapped: bool,
        groups: Index | None,
    ) -> PredictedLabels:
        """Train on the labels of training rows; predict those of y where `swapped`."""
        labels = labels_in(sides.x, sample.x), labels_in(sides.y, sample.y)
        ordered, given = (ordered_in(sides.x), ordered_in(sides.y)), given_in(sides, sample)
        context = None if given is None else NearNormal.fit(given)
        seen = context(given) if context and given is not None else None
        return cls(run, fit_positions(settings, run, labels, ordered, swapped, groups, seen), context)

    def estimate(self, sides: PairParts, sample: Sample) -> Estimate:
        """Estimate from the labels of the rows of `sample`."""
        return self.fitted.estimate(self.run, *self._seen(sides, sample))

    def log_ratio(self, sides: PairParts, sample: Sample) -> tuple[F64, F64]:
        """Return the log ratio of each row's labels and the standard error of its draws, `(n,)` each in nats."""
        return self.fitted.log_ratio(self.run, *self._seen(sides, sample))

    def _seen(self, sides: PairParts, sample: Sample) -> tuple[F64, F64, Array | None]:
        """Return the labels of x and of y, and the columns that both predictions see; None where nothing is given."""
        given = given_in(sides, sample)
        seen = self.context(given) if self.context and given is not None else None
        return labels_in(sides.x, sample.x), labels_in(sides.y, sample.y), seen

    def state(self) -> SavedState:
        """Return the fitted numbers as named arrays, and everything else as a JSON-serialisable mapping."""
        arrays, meta = self.fitted.state()
        context = self.context.arrays() if self.context else {}
        return {**arrays, **{f"context.{key}": array for key, array in context.items()}}, {**meta, "how": self.how}

    @classmethod
    def restored(
        cls, settings: MaskedTraining, run: Run, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]
    ) -> PredictedLabels:
        """Rebuild what `state` saved, with the network of `settings`."""
        context = below(arrays, "context.")
        fitted = FittedPositions.restored(settings, arrays, meta)
        return cls(run, fitted, NearNormal.of_arrays(context) if context else None)


def are_few(side: SideParts) -> bool:
    """Return whether a side has so few values in all that counts among them are to be taken as labels."""
    return sum(len(column.values) for column in side.columns) <= MOST_CLASSES_OF_COUNTS


def given_in(sides: PairParts, sample: Sample) -> Array | None:
    """Return the columns `(n, k)` of what is given, with an indicator for each label; None where nothing is."""
    return sides.z.given(sample.z) if sides.z and sample.z is not None else None


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
