"""Coordinates that the denoisers work in: canonical coordinates, or the published standardised columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmg_registry.arrays import F64, SavedState
from mmg_registry.contracts import Array, below
from mmg_registry.errors import demand
from mmg_registry.preprocess import Margins, PairTransform
from mmg_registry.preprocess.maps import has_heavy_ties
from mmg_registry.preprocess.margins import fit_margins
from mmg_registry.preprocess.near_normal import NearNormal, placed, tamed
from mmg_registry.preprocess.regression import Regression
from mmg_registry.preprocess.wishart import GaussianInformation

CoordinateRows = tuple[Tensor, Tensor]  # float32 (n, dim_x) of the noised variable, (n, dim_y) of the given one


class ContextColumns(NamedTuple):
    """Numbers of columns that both denoisers see as they are, after those of the noised variable.

    Attributes:
        labels: indicators of the noised variable's own labels.
        given: columns of the variable that is given, after the labels.
    """

    labels: int = 0
    given: int = 0

    @property
    def columns(self) -> int:
        """Return the number of all columns beside."""
        return self.labels + self.given


NO_CONTEXT = ContextColumns()


class Coordinates(Protocol):
    """A change of coordinates of each variable, fitted to training rows; it leaves the information as it is."""

    @property
    def rho(self) -> NDArray[np.float64]:
        """Return the canonical correlations of the linear denoisers, in falling order; empty where none are used."""

    @property
    def dim_x(self) -> int:
        """Return the number of columns of the noised variable in these coordinates."""

    @property
    def beside(self) -> ContextColumns:
        """Return the numbers of columns after those of the noised variable, which both denoisers see as they are."""

    @property
    def dim_y(self) -> int:
        """Return the number of columns of the given variable in these coordinates."""

    @property
    def gaussian_mi(self) -> float | None:
        """Return the information of a Gaussian pair with these correlations, in nats; None where none are used."""

    @property
    def linear(self) -> GaussianInformation | None:
        """Return the information of a Gaussian pair behind the training rows, on whatever axes; None if not known."""

    @property
    def at_limit(self) -> bool:
        """Return whether a correlation is 1 to all digits, so that the information is too large to be estimated."""

    @property
    def words(self) -> tuple[list[str], list[str]]:
        """Return in words what was done to the noised and to the given variable, beyond shifting and scaling."""

    def transform(self, x: Array, y: Array) -> CoordinateRows:
        """Return rows `x` of the noised and `y` of the given variable in these coordinates, as float32.

        Columns beside the noised ones are the last of `x`, and of what is returned for it.
        """

    def state(self) -> SavedState:
        """Return the arrays and the JSON-serialisable mapping that `FitCoordinates.restore` needs."""


class FitCoordinates(Protocol):
    """The part of a recipe that fits coordinates."""

    def fit(self, x: Array, y: Array, beside: ContextColumns = NO_CONTEXT) -> Coordinates:
        """Fit coordinates to training rows `x` of the noised variable and `y` of the given one.

        Args:
            x, y: the rows.
            beside: numbers of last columns of `x` that both denoisers see as they are.

        Raises:
            OptionError: for columns beside, where these coordinates have no place for any.
        """

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Coordinates:
        """Rebuild the coordinates that `Coordinates.state` saved."""


NOTHING_BESIDE = (
    "Both sides have labels beside numbers, which published recipes and modules of one's own have no place for; leave "
    "out the preset or the module, or compare with --plugin ksg."
)
NOTHING_GIVEN = (
    "Published recipes and modules of one's own have no place for a variable that is given; leave out the preset or "
    "the module, or compare with --plugin ksg."
)


def refuse_beside(beside: ContextColumns) -> None:
    """Raise OptionError if there are columns beside the noised ones, for what has no place for any."""
    demand(not beside.given, NOTHING_GIVEN)
    demand(not beside.labels, NOTHING_BESIDE)


def no_rows(coordinates: Coordinates) -> CoordinateRows:
    """Return rows `(0, dim_x)` and `(0, dim_y)`, for a denoiser that is not to be trained."""
    return torch.zeros(0, coordinates.dim_x + coordinates.beside.columns), torch.zeros(0, coordinates.dim_y)


# --- Canonical coordinates ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Partial:
    """The prediction of both sides from columns that both denoisers see, to be subtracted from them.

    I(X; Y | Z) stays what it is, since a prediction from z is known where z is, and canonical correlations of what is
    left are the partial ones (Rao, "Partial canonical correlations", Trabajos de Estadistica 1969). Where labels alone
    stand beside, both sides are mapped near normal first, and the prediction is linear. Where a variable is given, its
    columns and heavy-tailed sides are mapped, and the prediction is smooth, so that a common cause leaves little to the
    network.

    Attributes:
        beside: numbers of columns beside.
        columns: maps of the columns beside.
        margins: maps of x and of y that come first; None where there are none.
        of_x, of_y: predictions from the mapped columns beside.
    """

    beside: ContextColumns
    columns: NearNormal
    margins: tuple[Margins | None, Margins | None]
    of_x: Regression
    of_y: Regression

    @classmethod
    def fit(cls, x: Array, y: Array, beside: ContextColumns, gaussianise: bool) -> Partial:
        """Fit to training rows, of which the last columns of `x` are those beside."""
        smooth = bool(beside.given)
        noised, seen = x[:, : -beside.columns], x[:, -beside.columns :]
        columns = NearNormal.fit(seen, smooth and gaussianise)
        of_side = tamed if smooth else fit_margins
        margins = (of_side(noised), of_side(y)) if gaussianise else (None, None)
        predict, z = Regression.fit if smooth else Regression.linear, columns(seen)
        of_x, of_y = (predict(z, placed(each, side)) for each, side in zip(margins, (noised, y), strict=True))
        return cls(beside, columns, margins, of_x, of_y)

    def __call__(self, x: Array, y: Array) -> tuple[F64, F64, F64]:
        """Return what is left of the noised columns and of `y`, and the mapped columns beside."""
        z = self.columns(x[:, -self.beside.columns :])
        on_x, on_y = self.margins
        return placed(on_x, x[:, : -self.beside.columns]) - self.of_x(z), placed(on_y, y) - self.of_y(z), z

    @property
    def words(self) -> tuple[list[str], list[str]]:
        """Return in words what was done to the noised and to the given variable."""
        predicted = "less its prediction from what is given"
        of_x, of_y = (
            [*(margins.words if margins else []), *([predicted] if self.beside.given else [])]
            for margins in self.margins
        )
        return of_x, of_y

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return named arrays, from which `of_arrays` rebuilds the prediction."""
        parts = {"columns": self.columns.arrays(), "of_x": self.of_x.arrays(), "of_y": self.of_y.arrays()}
        named = {f"{part}.{name}": array for part, own in parts.items() for name, array in own.items()}
        for side, margins in zip("xy", self.margins, strict=True):
            named |= margins.arrays(f"first_{side}") if margins else {}
        return {f"partial.{name}": array for name, array in {**named, "beside": np.array(self.beside)}.items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Partial | None:
        """Rebuild what `arrays` returned; None where nothing was saved."""
        if not arrays:
            return None
        firsts = [below(arrays, f"first_{side}_") for side in "xy"]
        of_x, of_y = (Margins.from_arrays(each) if each else None for each in firsts)
        columns = NearNormal.of_arrays(below(arrays, "columns."))
        predictions = (Regression.of_arrays(below(arrays, f"of_{side}.")) for side in "xy")
        return cls(ContextColumns(*arrays["beside"].tolist()), columns, (of_x, of_y), *predictions)


@dataclass(frozen=True)
class CanonicalCoordinates:
    """Canonical coordinates, after maps that make margins near normal (`mmg_registry.preprocess`).

    Attributes:
        pair: the coordinates of the noised and of the given columns.
        partial: what is predicted from columns beside the noised ones and subtracted from both sides first; None where
            there are none.
    """

    pair: PairTransform
    partial: Partial | None = None

    @property
    def rho(self) -> NDArray[np.float64]:
        return self.pair.rho

    @property
    def dim_x(self) -> int:
        return self.pair.dim_x

    @property
    def beside(self) -> ContextColumns:
        return self.partial.beside if self.partial else NO_CONTEXT

    @property
    def dim_y(self) -> int:
        return self.pair.dim_y

    @property
    def gaussian_mi(self) -> float | None:
        return self.pair.gaussian_mi

    @property
    def linear(self) -> GaussianInformation | None:
        return self.pair.linear

    @property
    def at_limit(self) -> bool:
        return self.pair.at_limit

    @property
    def words(self) -> tuple[list[str], list[str]]:
        first = self.partial.words if self.partial else ([], [])
        return [*first[0], *self.pair.x.words], [*first[1], *self.pair.y.words]

    def transform(self, x: Array, y: Array) -> CoordinateRows:
        if self.partial is None:
            zx, zy = self.pair.transform(x, y)
            return torch.from_numpy(zx), torch.from_numpy(zy)
        x, y, beside = self.partial(x, y)
        zx, zy = self.pair.transform(x, y)
        return torch.from_numpy(np.concatenate([zx, beside.astype(np.float32)], axis=1)), torch.from_numpy(zy)

    def state(self) -> SavedState:
        arrays, meta = self.pair.state()
        return {**arrays, **(self.partial.arrays() if self.partial else {})}, meta


def may_be_mapped(x: Array, y: Array, beside: ContextColumns) -> bool:
    """Return whether what a prediction from the columns beside leaves may be mapped near normal once more.

    Among the rows of one value of a column with ties, what is left differs by the prediction alone. A map would spread
    it over the whole range, on both sides, and what both denoisers see would pass for dependence of x and y: 50
    independent columns a side, 60 % of whose values are zero, had correlations of 0.2 and an information of 0.23 nats.

    Example:
        >>> x = np.random.default_rng(0).standard_normal((1000, 2))
        >>> [may_be_mapped(x, y, ContextColumns(given=1)) for y in (x, x > 0)]
        [True, False]
    """
    columns = [*x[:, : -beside.columns].T, *np.asarray(y, dtype=np.float64).T]
    return bool(beside.given) and not any(has_heavy_ties(np.sort(column)) for column in columns)


@dataclass(frozen=True)
class FitCanonical:
    """The part that fits canonical coordinates; with `gaussianise`, after maps that make margins near normal."""

    gaussianise: bool = True

    def fit(self, x: Array, y: Array, beside: ContextColumns = NO_CONTEXT) -> CanonicalCoordinates:
        if not beside.columns:
            return CanonicalCoordinates(PairTransform.fit(x, y, self.gaussianise))
        partial, maps = Partial.fit(x, y, beside, self.gaussianise), self.gaussianise and may_be_mapped(x, y, beside)
        left_of_x, left_of_y, _ = partial(x, y)
        return CanonicalCoordinates(PairTransform.fit(left_of_x, left_of_y, maps), partial)

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> CanonicalCoordinates:
        partial = Partial.of_arrays(below(arrays, "partial."))
        own = {key: array for key, array in arrays.items() if not key.startswith("partial.")}
        return CanonicalCoordinates(PairTransform.from_state(own, meta), partial)


# --- Published coordinates ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class StandardCoordinates:
    """Coordinates in which every column has mean 0 and variance 1 on the training rows; no closed form is used."""

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    dim_x: int

    @property
    def beside(self) -> ContextColumns:
        return NO_CONTEXT

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
    def linear(self) -> None:
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

    def fit(self, x: Array, y: Array, beside: ContextColumns = NO_CONTEXT) -> StandardCoordinates:
        refuse_beside(beside)
        centre = np.concatenate([rows.mean(0, dtype=np.float64) for rows in (x, y)])
        scale = np.concatenate([rows.std(0, dtype=np.float64) for rows in (x, y)])
        return StandardCoordinates(centre, scale, x.shape[1])

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> StandardCoordinates:
        return StandardCoordinates(arrays["centre"], arrays["scale"], meta["dim_x"])
