"""`masked`: labels and counts on both sides, by predicting the masked columns of one from the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import Self

from mmg_plugins.masked.alphabets import are_ordered
from mmg_plugins.masked.fitted import FittedPositions, MaskedTraining, fit_positions
from mmg_plugins.unseen import FEWEST_IN_ALL
from mmg_registry.arrays import SavedState
from mmg_registry.contracts import Array, Estimator, Options, Run
from mmg_registry.errors import DataError, OptionError, demand
from mmg_registry.kinds import KindName
from mmg_registry.results import Estimate, Pointwise


class MaskedOptions(Options):
    """Options of `masked`."""

    steps: int = Field(4_000, ge=20, le=10_000_000, description="most training steps")
    width: int = Field(64, ge=4, le=2_048, description="units of a hidden layer")
    depth: int = Field(2, ge=1, le=8, description="hidden layers")
    batch: int = Field(256, ge=2, le=65_536, description="rows a training step; all of them where there are fewer")
    lr: float = Field(2e-3, gt=0, le=0.1, description="learning rate, before it decays to zero")
    tolerance: float = Field(
        0.002, ge=0, le=1, description="nats; training ends when a third of it gains less on held-out rows"
    )
    direction: Literal["auto", "x", "y"] = Field(
        "auto", description="the variable to predict; auto: the one with fewer columns"
    )

    @property
    def settings(self) -> MaskedTraining:
        """Return the settings of the training."""
        return MaskedTraining(self.steps, self.width, self.depth, self.batch, self.lr, self.tolerance)


class Masked(Estimator):
    """Information of discrete variables, by a network that predicts masked columns of x with y and without.

    I(X; Y) is the sum over columns of what y adds to the prediction of a column from those that are kept, averaged over
    random sets of kept columns: the I-MDCE of arXiv 2510.24088, which is the chain rule averaged over all orders
    (Hoogeboom et al., arXiv 2110.02037). With one column each it is the difference of two cross-entropies. A column
    that y does not help to predict in held-out rows contributes nothing. Rare labels share a class, and counts are
    pooled into at most 64 intervals: classes are functions of the columns, so that this can only lower the information.

    Each cross-entropy is an upper bound on its entropy; their difference is no bound. Half of what the value is larger
    by on training rows is added, and is a part of the error.

    Raises:
        OptionError: for an option out of range, a CUDA device that is not there, or an estimate before `fit`.
        DataError: for fewer than 20 rows, or rows with NaN.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.integers(0, 2, (2000, 3))
        >>> y = np.where(rng.random((2000, 3)) < 0.1, 1 - x, x)  # three binary channels of 0.368 nats each
        >>> masked = Masked(run=Run(seed=0, threads=1), steps=200).fit(x[:1600], y[:1600])
        >>> bool(abs(masked.estimate(x[1600:], y[1600:]).mi - 1.104) < 0.2)
        True
    """

    name = "masked"
    summary = "predicts masked columns of labels and counts, with y and without"
    reference = "I-MDCE, arXiv 2510.24088"
    Options: ClassVar[type[MaskedOptions]] = MaskedOptions
    has_pointwise = True
    min_rows: ClassVar[int] = FEWEST_IN_ALL
    kinds: ClassVar[frozenset[KindName]] = frozenset({"category", "count"})
    one_hot = False

    options: MaskedOptions

    def __init__(self, *, run: Run | None = None, **options: Any) -> None:
        super().__init__(run=run, **options)
        self._fitted: FittedPositions | None = None

    def fit(self, x: Array, y: Array) -> Self:
        """Train on x `(n, dim_x)` and y `(n, dim_y)`; columns that are no category are taken as ordered numbers."""
        swapped = y.shape[1] < x.shape[1] if self.options.direction == "auto" else self.options.direction == "y"
        ordered = are_ordered(x, self.x_kinds), are_ordered(y, self.y_kinds)
        self._fitted = fit_positions(self.options.settings, self.run, (x, y), ordered, swapped, self.groups)
        return self

    def estimate(self, x: Array, y: Array) -> Estimate:
        """Estimate on x `(n, dim_x)` and y `(n, dim_y)`, n at least 2."""
        demand(len(x) > 1, f"The estimator '{self.name}' takes the spread of rows, and {len(x)} is too few.", DataError)
        return self._need_fit().estimate(self.run, x, y)

    def pointwise(self, x: Array, y: Array) -> Pointwise:
        """Return the log ratio of each row of x `(n, dim_x)` and y `(n, dim_y)`, with the noise of its masks."""
        return Pointwise(*self._need_fit().log_ratio(self.run, x, y))

    def state(self) -> SavedState:
        """Return the weights as named arrays, and everything else as a JSON-serialisable mapping."""
        return self._need_fit().state()

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Rebuild the fitted estimator from what `state` returned."""
        self._fitted = FittedPositions.restored(self.options.settings, arrays, meta)
        return self

    def _need_fit(self) -> FittedPositions:
        if self._fitted is None:
            raise OptionError(f"The estimator '{self.name}' is not fitted; call fit(x, y) or load a saved one first.")
        return self._fitted
