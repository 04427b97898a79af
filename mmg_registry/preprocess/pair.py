"""A fitted, bijective change of coordinates of a pair (x, y) that keeps I(X; Y) and makes it easier to learn.

Its steps are fitted on training rows: a turn of the rows by an angle that depends on their norm, where that uncovers
linear dependence (`Turn`); bijections of x and of y that make each side near normal (`Margins`); whitening of both; and
a rotation of both into canonical coordinates, in which the covariances are identities and the cross-covariance is
`diag(rho)` (Hotelling, "Relations between two sets of variates", Biometrika 1936). Every step acts on x alone or on y
alone, so the mutual information does not change.

Rows are read in chunks and columns one at a time; no float64 copy of the data is made, unless rows are turned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mmg_registry.arrays import F32, F64
from mmg_registry.contracts import below
from mmg_registry.errors import DataError
from mmg_registry.preprocess.covariance import TALL, chunks, fit_tall, fit_wide
from mmg_registry.preprocess.maps import RowArray
from mmg_registry.preprocess.margins import Margins, fit_margins, flat_margins
from mmg_registry.preprocess.spirals import Turn, fit_turns
from mmg_registry.preprocess.wishart import GaussianInformation, of_covariance

STATE_VERSION = 4
RHO_MAX = 1.0 - 1e-12  # float64 covariances cannot tell a larger correlation from 1
PLAIN_GAIN, PLAIN_MARGIN = 1.02, 0.02  # factor and nats by which other coordinates must raise the Gaussian information


@dataclass(frozen=True)
class _Side:
    """The whole transform of x or of y.

    Attributes:
        margins: the nonlinear part.
        mean: `(dim,)` means of the columns after the margins.
        matrix: `(dim', dim)` matrix into canonical coordinates.
        turn: the turn that is applied to the rows first, or None.
    """

    margins: Margins
    mean: F64
    matrix: F64
    turn: Turn | None = None

    @property
    def words(self) -> list[str]:
        """Return the names of the steps taken beyond shifting, scaling and mixing."""
        return (["turn by distance"] if self.turn is not None else []) + self.margins.words

    def transform(self, rows: RowArray, name: str) -> F32:
        """Map rows `(n, dim)` to canonical coordinates `(n, dim')` float32.

        Raises:
            DataError: for another number of columns, naming the side as `name`.
        """
        if rows.ndim != 2 or rows.shape[1] != self.margins.dim:
            raise DataError(f"{name} has shape {rows.shape}; the transform was fitted on (n, {self.margins.dim}).")
        out = np.empty((len(rows), len(self.matrix)), dtype=np.float32)
        for part in chunks(0, len(rows), self.margins.dim):
            placed = rows[part] if self.turn is None else self.turn(rows[part])
            out[part] = (self.margins(placed).T - self.mean) @ self.matrix.T
        return out

    def arrays(self, prefix: str) -> dict[str, RowArray]:
        """Return everything as flat arrays whose names begin with `prefix`."""
        linear = {f"{prefix}_mean": self.mean, f"{prefix}_matrix": np.ascontiguousarray(self.matrix)}
        turn = {} if self.turn is None else self.turn.arrays(prefix)
        return {**self.margins.arrays(prefix), **linear, **turn}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, RowArray], prefix: str) -> _Side:
        """Rebuild a side from what `arrays` returned."""
        get = below(arrays, f"{prefix}_")
        return cls(Margins.from_arrays(get), get["mean"], get["matrix"], Turn.from_arrays(get))


@dataclass(frozen=True)
class PairTransform:
    """A fitted change of coordinates of x and of y that preserves I(X; Y).

    On the training rows the outputs have mean 0 and identity covariances, and their cross-covariance is diagonal.
    `rho` holds the canonical correlations with the bias of fitting removed; without that, sampling noise would add
    `dim_x * dim_y / 2n` nats of spurious Gaussian information. With fewer than ten rows per dimension the covariances
    are shrunk, so that the outputs' covariances are only near the identity, and `rho` is measured on held-out folds.

    Attributes:
        x, y: the transforms of the two sides.
        rho: `(min(dim_x, dim_y),)` canonical correlations in [0, 1), float64: along the axes of the transform.
        linear: the information of a Gaussian pair behind the rows, nats, whatever axes it lies on; None where the rows
            are too few to tell. Where columns are many for the rows it is more than what `rho` holds, for the axes are
            not known as well.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((4000, 2))
        >>> y = np.exp(0.8 * x[:, :1] + 0.6 * rng.standard_normal((4000, 1)))
        >>> pair = PairTransform.fit(x, y)
        >>> zx, zy = pair.transform(x, y)
        >>> zx.shape, zy.dtype.name, pair.rho.round(1).tolist()
        ((4000, 2), 'float32', [0.8])
        >>> round(pair.gaussian_mi, 1)
        0.5
    """

    x: _Side
    y: _Side
    rho: F64
    linear: GaussianInformation | None = None

    @classmethod
    def fit(cls, x: RowArray, y: RowArray, gaussianise: bool = True) -> PairTransform:
        """Fit on training rows `x` `(n, dim_x)` and `y` `(n, dim_y)` of any real dtype.

        Args:
            x, y: the rows; neither is changed or copied as a whole.
            gaussianise: whether to make each side near normal first (see `Margins`); otherwise columns are only shifted
                and scaled. All columns stay affine where tails are no heavier than normal ones and the linear
                dependence is clearly stronger without the maps (uniform columns with additive noise, say). Rows are
                turned where that makes the linear dependence clearly stronger.

        Raises:
            DataError: for arrays that are not two-dimensional with equal numbers of rows (two at least), hold NaN or
                infinity, or have no column that varies.
        """
        _check_pair(x, y)
        straight = cls._unturned(x, y, gaussianise)
        turns = fit_turns(x, y) if gaussianise else None
        if turns is None:
            return straight
        found = cls._unturned(turns[0](x), turns[1](y), gaussianise)
        turned = replace(found, x=replace(found.x, turn=turns[0]), y=replace(found.y, turn=turns[1]))
        return turned if turned._plainly_above(straight) else straight

    @classmethod
    def _unturned(cls, x: RowArray, y: RowArray, gaussianise: bool) -> PairTransform:
        """Fit all steps but the turn."""
        least = [fit_margins(data, gaussianise) for data in (x, y)]
        fitted = cls._from_margins(least, x, y)
        if all(margins.is_affine for margins in least):
            return fitted
        flat = [flat_margins(margins, data) for margins, data in zip(least, (x, y), strict=True)]
        if None in flat:
            return fitted
        affine = cls._from_margins([margins for margins in flat if margins is not None], x, y)
        return affine if affine._plainly_above(fitted) else fitted

    def _plainly_above(self, other: PairTransform) -> bool:
        return self.gaussian_mi > PLAIN_GAIN * other.gaussian_mi + PLAIN_MARGIN

    @classmethod
    def _from_margins(cls, margins: Sequence[Margins], x: RowArray, y: RowArray) -> PairTransform:
        """Fit whitening and canonical rotation for given margins of x and y."""
        sides = list(zip(margins, (x, y), strict=True))
        n, dim_x, dim_y = len(x), x.shape[1], y.shape[1]
        moments, canonical = (fit_tall if n >= TALL * (dim_x + dim_y) else fit_wide)(sides, n)
        if min(len(canonical.a), len(canonical.b)) == 0:
            raise DataError("No column of x or of y varies in these rows; the mutual information with a constant is 0.")
        return cls(
            _Side(margins[0], moments.mean[:dim_x], canonical.a),
            _Side(margins[1], moments.mean[dim_x:], canonical.b),
            np.clip(canonical.rho, 0.0, RHO_MAX),
            of_covariance(moments.covariance, n, dim_x),
        )

    @property
    def dim_x(self) -> int:
        """Return the dimension of the transformed x, from which linearly dependent directions are dropped."""
        return len(self.x.matrix)

    @property
    def dim_y(self) -> int:
        """Return the dimension of the transformed y, from which linearly dependent directions are dropped."""
        return len(self.y.matrix)

    @property
    def at_limit(self) -> bool:
        """Return whether a correlation is so close to 1 that float64 sums of squares cannot resolve it.

        `rho` is then too low.
        """
        return bool(np.any(self.rho >= RHO_MAX))

    @property
    def gaussian_mi(self) -> float:
        """Return the mutual information (nats) if the transformed rows were Gaussian: -1/2 sum log(1 - rho^2)."""
        return float(-0.5 * np.sum(np.log1p(-self.rho) + np.log1p(self.rho))) + 0.0  # no negative zero

    def transform(self, x: RowArray, y: RowArray) -> tuple[F32, F32]:
        """Map rows `x` `(n, dim_x)` and `y` `(n, dim_y)` to canonical coordinates, float32 and C-contiguous.

        Raises:
            DataError: when the number of columns is not that of the fitted rows.
        """
        return self.x.transform(x, "x"), self.y.transform(y, "y")

    def state(self) -> tuple[dict[str, RowArray], dict[str, Any]]:
        """Return arrays and a JSON-serialisable dictionary, from which `from_state` rebuilds the transform."""
        linear = None if self.linear is None else asdict(self.linear)
        return {**self.x.arrays("x"), **self.y.arrays("y"), "rho": self.rho}, {
            "version": STATE_VERSION,
            "linear": linear,
        }

    @classmethod
    def from_state(cls, arrays: Mapping[str, RowArray], meta: Mapping[str, Any]) -> PairTransform:
        """Rebuild the transform from what `state` returned.

        Raises:
            DataError: for the state of another version.
        """
        if meta.get("version") != STATE_VERSION:
            raise DataError(
                f"The saved transform has version {meta.get('version')!r}, and this release reads {STATE_VERSION}; "
                "fit it again."
            )
        linear = None if meta["linear"] is None else GaussianInformation(**meta["linear"])
        return cls(_Side.from_arrays(arrays, "x"), _Side.from_arrays(arrays, "y"), arrays["rho"], linear)


def _check_pair(x: RowArray, y: RowArray) -> None:
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise DataError(f"x has shape {x.shape} and y {y.shape}; both must be (n, dim) with the same n.")
    if len(x) < 2 or 0 in (x.shape[1], y.shape[1]):
        raise DataError(f"x has shape {x.shape} and y {y.shape}; at least two rows and a column each are needed.")
