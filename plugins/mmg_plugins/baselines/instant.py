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
        self._margins: tuple[Margins, ...] | None = None

    def fit(self, x: Array, y: Array, z: Array | None = None) -> Self:
        """Fit the margins of x `(n, dim_x)` and y `(n, dim_y)`, and of z `(n, dim_z)` where it is given."""
        on_cpu = device_name(self.run.device) == "cpu"
        refuse_device(self.run.device, "" if on_cpu else f"the estimator '{self.name}' has no CUDA version")
        self._margins = tuple(fit_margins(side, self._mapped) for side in (x, y, z) if side is not None)
        self.run.report(Progress(1.0, "margins"))
        return self

    @abstractmethod
    def estimate(self, x: Array, y: Array) -> Estimate:
        """Estimate on rows x `(n, dim_x)` and y `(n, dim_y)`, those of `fit` included."""

    def state(self) -> SavedState:
        """Return the knots of the margins' maps as arrays."""
        named = zip("xyz", self._need_fit(), strict=False)
        return {key: array for side, margins in named for key, array in margins.arrays(side).items()}, {}

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Restore the margins that `state` returned; return self."""
        saved = [own for side in "xyz" if (own := below(arrays, f"{side}_"))]
        self._margins = tuple(Margins.from_arrays(own) for own in saved)
        return self

    @property
    def _mapped(self) -> bool:
        """Whether margins are mapped, beyond shifting and scaling."""
        return bool(getattr(self.options, "gaussianise", False))

    def _coordinates(self, *sides: Array) -> tuple[F64, ...]:
        """Return the rows of x, y and perhaps z after the margins' maps, `(n, dim)` each, C-contiguous."""
        fitted = self._need_fit()
        if len(sides) != len(fitted):
            raise DataError(f"There are {len(sides)} variables; the estimator was fitted on {len(fitted)}.")
        for rows, margins, name in zip(sides, fitted, "xyz", strict=False):
            _check_width(rows, margins, name)
        return tuple(np.ascontiguousarray(margins(rows).T) for rows, margins in zip(sides, fitted, strict=True))

    def _need_fit(self) -> tuple[Margins, ...]:
        if self._margins is None:
            raise OptionError(f"The estimator '{self.name}' is not fitted; call fit(x, y) or load a saved one first.")
        return self._margins


def _check_width(rows: Array, margins: Margins, name: str) -> None:
    if rows.ndim != 2 or rows.shape[1] != margins.dim:
        raise DataError(f"{name} has shape {rows.shape}; the estimator was fitted on (n, {margins.dim}).")
