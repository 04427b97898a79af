"""What the estimators that train nothing share: margins are mapped, and every row is evaluated."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import Self

from mmg_registry.arrays import F64, SavedState
from mmg_registry.contracts import Array, Estimator, Options, Progress, Run, below
from mmg_registry.devices import device_name, refuse_device
from mmg_registry.errors import DataError, OptionError
from mmg_registry.preprocess import Margins, fit_margins
from mmg_registry.results import Estimate


class InstantOptions(Options):
    """Options of the estimators that train nothing and map margins first."""

    gaussianise: bool = Field(True, description="map the margins to near-normal ones first (MI does not change)")


class Instant(Estimator):
    """An estimator whose `fit` keeps the maps of single columns and nothing else, so that it may evaluate all rows."""

    trains: ClassVar[bool] = False

    def __init__(self, *, run: Run | None = None, **options: Any) -> None:
        super().__init__(run=run, **options)
        self._margins: tuple[Margins, Margins] | None = None

    def fit(self, x: Array, y: Array) -> Self:
        """Fit the margins of x `(n, dim_x)` and y `(n, dim_y)`."""
        on_cpu = device_name(self.run.device) == "cpu"
        refuse_device(self.run.device, "" if on_cpu else f"the estimator '{self.name}' has no CUDA version")
        self._margins = fit_margins(x, self._mapped), fit_margins(y, self._mapped)
        self.run.report(Progress(1.0, "margins"))
        return self

    @abstractmethod
    def estimate(self, x: Array, y: Array) -> Estimate:
        """Estimate on rows x `(n, dim_x)` and y `(n, dim_y)`, those of `fit` included."""

    def state(self) -> SavedState:
        """Return the knots of the margins' maps as arrays."""
        x, y = self._need_fit()
        return {**x.arrays("x"), **y.arrays("y")}, {}

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Restore the margins that `state` returned; return self."""
        self._margins = Margins.from_arrays(below(arrays, "x_")), Margins.from_arrays(below(arrays, "y_"))
        return self

    @property
    def _mapped(self) -> bool:
        """Whether margins are mapped, beyond shifting and scaling."""
        return bool(getattr(self.options, "gaussianise", False))

    def _coordinates(self, x: Array, y: Array) -> tuple[F64, F64]:
        """Return the rows after the margins' maps, `(n, dim)` each, C-contiguous."""
        for rows, margins, name in zip((x, y), self._need_fit(), "xy", strict=True):
            _check_width(rows, margins, name)
        of_x, of_y = self._need_fit()
        return np.ascontiguousarray(of_x(x).T), np.ascontiguousarray(of_y(y).T)

    def _need_fit(self) -> tuple[Margins, Margins]:
        if self._margins is None:
            raise OptionError(f"The estimator '{self.name}' is not fitted; call fit(x, y) or load a saved one first.")
        return self._margins


def _check_width(rows: Array, margins: Margins, name: str) -> None:
    if rows.ndim != 2 or rows.shape[1] != margins.dim:
        raise DataError(f"{name} has shape {rows.shape}; the estimator was fitted on (n, {margins.dim}).")
