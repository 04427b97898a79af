"""Coordinates that the denoisers work in: canonical coordinates, or the published standardised columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmg_registry.arrays import SavedState
from mmg_registry.contracts import Array
from mmg_registry.preprocess import PairTransform

CoordinateRows = tuple[Tensor, Tensor]  # float32 (n, dim_x) of the noised variable, (n, dim_y) of the given one


class Coordinates(Protocol):
    """A change of coordinates of each variable, fitted to training rows; it leaves the information as it is."""

    @property
    def rho(self) -> NDArray[np.float64]:
        """Return the canonical correlations of the linear denoisers, in falling order; empty where none are used."""

    @property
    def dim_x(self) -> int:
        """Return the number of columns of the noised variable in these coordinates."""

    @property
    def dim_y(self) -> int:
        """Return the number of columns of the given variable in these coordinates."""

    @property
    def gaussian_mi(self) -> float | None:
        """Return the information of a Gaussian pair with these correlations, in nats; None where none are used."""

    @property
    def at_limit(self) -> bool:
        """Return whether a correlation is 1 to all digits, so that the information is too large to be estimated."""

    @property
    def words(self) -> tuple[list[str], list[str]]:
        """Return in words what was done to the noised and to the given variable, beyond shifting and scaling."""

    def transform(self, x: Array, y: Array) -> CoordinateRows:
        """Return rows `x` of the noised and `y` of the given variable in these coordinates, as float32."""

    def state(self) -> SavedState:
        """Return the arrays and the JSON-serialisable mapping that `FitCoordinates.restore` needs."""


class FitCoordinates(Protocol):
    """The part of a recipe that fits coordinates."""

    def fit(self, x: Array, y: Array) -> Coordinates:
        """Fit coordinates to training rows `x` of the noised variable and `y` of the given one."""

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Coordinates:
        """Rebuild the coordinates that `Coordinates.state` saved."""


def no_rows(coordinates: Coordinates) -> CoordinateRows:
    """Return rows `(0, dim_x)` and `(0, dim_y)`, for a denoiser that is not to be trained."""
    return torch.zeros(0, coordinates.dim_x), torch.zeros(0, coordinates.dim_y)


# --- Canonical coordinates ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class CanonicalCoordinates:
    """Canonical coordinates, after maps that make margins near normal (`mmg_registry.preprocess`)."""

    pair: PairTransform

    @property
    def rho(self) -> NDArray[np.float64]:
        return self.pair.rho

    @property
    def dim_x(self) -> int:
        return self.pair.dim_x

    @property
    def dim_y(self) -> int:
        return self.pair.dim_y

    @property
    def gaussian_mi(self) -> float | None:
        return self.pair.gaussian_mi

    @property
    def at_limit(self) -> bool:
        return self.pair.at_limit

    @property
    def words(self) -> tuple[list[str], list[str]]:
        return self.pair.x.words, self.pair.y.words

    def transform(self, x: Array, y: Array) -> CoordinateRows:
        zx, zy = self.pair.transform(x, y)
        return torch.from_numpy(zx), torch.from_numpy(zy)

    def state(self) -> SavedState:
        return self.pair.state()


@dataclass(frozen=True)
class FitCanonical:
    """The part that fits canonical coordinates; with `gaussianise`, after maps that make margins near normal."""

    gaussianise: bool = True

    def fit(self, x: Array, y: Array) -> CanonicalCoordinates:
        return CanonicalCoordinates(PairTransform.fit(x, y, self.gaussianise))

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> CanonicalCoordinates:
        return CanonicalCoordinates(PairTransform.from_state(arrays, meta))


# --- Published coordinates ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class StandardCoordinates:
    """Coordinates in which every column has mean 0 and variance 1 on the training rows; no closed form is used."""

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    dim_x: int

    @property
    def dim_y(self) -> int:
        return len(self.centre) - self.dim_x

    @property
    def rho(self) -> NDArray[np.float64]:
        return np.zeros(0)

    @property
    def gaussian_mi(self) -> None:
        return None

    @property
    def at_limit(self) -> bool:
        return False

    @property
    def words(self) -> tuple[list[str], list[str]]:
        return [], []

    def transform(self, x: Array, y: Array) -> CoordinateRows:
        cut = self.dim_x
        return self._standardised(x, slice(0, cut)), self._standardised(y, slice(cut, None))

    def _standardised(self, rows: Array, columns: slice) -> Tensor:
        return torch.from_numpy(((rows - self.centre[columns]) / self.scale[columns]).astype(np.float32))

    def state(self) -> SavedState:
        return {"centre": self.centre, "scale": self.scale}, {"dim_x": self.dim_x}


class FitStandard:
    """The part that fits the published coordinates (MMG, arXiv 2509.20609; MINDE, arXiv 2310.09031)."""

    def fit(self, x: Array, y: Array) -> StandardCoordinates:
        centre = np.concatenate([rows.mean(0, dtype=np.float64) for rows in (x, y)])
        scale = np.concatenate([rows.std(0, dtype=np.float64) for rows in (x, y)])
        return StandardCoordinates(centre, scale, x.shape[1])

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> StandardCoordinates:
        return StandardCoordinates(arrays["centre"], arrays["scale"], meta["dim_x"])
