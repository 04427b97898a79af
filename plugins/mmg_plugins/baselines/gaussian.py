"""Closed forms: what a Gaussian pair with the same canonical correlations would share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmg_plugins.baselines.innovations import (
    NOTICEABLE,
    WHOLE_SIDE_COLUMNS,
    counted_twice,
    folded,
    left_over,
    more_than_linear,
    nothing_linear,
)
from mmg_plugins.baselines.instant import Instant, InstantOptions
from mmg_plugins.baselines.ranks import surely_more, too_skewed
from mmg_registry.arrays import F64
from mmg_registry.contracts import Array, Options
from mmg_registry.data.dependence import sample_rows
from mmg_registry.data.order import normal_scores
from mmg_registry.errors import BiasWarning, DataError, about
from mmg_registry.preprocess.covariance import canonical_of, moments_of
from mmg_registry.preprocess.margins import Margins, fit_margins
from mmg_registry.preprocess.pair import RHO_MAX
from mmg_registry.preprocess.wishart import SPARE_ROWS, GaussianInformation, information
from mmg_registry.results import Estimate, Pointwise

MOST_RANKED = 10_000  # rows that are looked at for doubts; more take time and change nothing
MOST_FOLDED = 10  # canonical columns of a side that are compared with one another
FOLDED_RHO = 0.2  # canonical correlation of such columns: weaker ones add little, counted twice or not
TOLD_ERRORS = 2.0  # standard errors from which a value is told from 0
JACKKNIFE = 10  # parts of the rows that are left out in turn for the error of a row's value
LABELLED = (
    "Some columns are labels, which no Gaussian describes: the closed form of their correlations neither estimates the "
    "information nor bounds it. Compare with --plugin ksg or auto."
)
GIVEN_BENDS = (
    "Both x and y depend on what is given otherwise than linearly, and only linear prediction from it is taken off: "
    "what is left of it in both may be counted as shared, so the estimate may be too high. Compare with --plugin ksg "
    "or auto."
)
AT_LIMIT = (
    "A linear combination of x and one of y agree to all digits that double-precision sums hold, so the information is "
    "larger than the estimate, perhaps infinite."
)


class Gaussian(Instant):
    """What a Gaussian pair with the same canonical correlations would share, after near-normal margins.

    -1/2 sum log(1 - r_i^2) nats over the sample canonical correlations of all rows, less what sampling adds to it
    (see `mmg_registry.preprocess.wishart`): without bias for normal rows, at any number of rows and columns. Exact for
    a Gaussian copula; else it misses what is not linear in these coordinates, or, less often, is too high.

    Where z is given, the correlations are the partial ones, of what linear prediction from z leaves of both sides (Rao,
    "Partial canonical correlations", Trabajos de Estadistica 1969).

    Raises:
        OptionError: for an option out of range, a CUDA device, or an estimate before `fit`.
        DataError: for fewer rows than columns of x and y together and three more, or other widths than those of `fit`.

    Example:
        >>> from mmg_registry import Run
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = np.exp(0.8 * x + 0.6 * rng.standard_normal((2000, 1)))
        >>> bool(abs(Gaussian().fit(x, y).estimate(x, y).mi - 0.511) < 0.08)
        True
    """

    name = "gaussian"
    summary = "closed form after Gaussianising margins"
    reference = "Cover and Thomas, Elements of Information Theory, section 8.5"
    Options: ClassVar[type[Options]] = InstantOptions
    form = "normal"
    has_pointwise = True
    conditional = True

    def estimate(self, x: Array, y: Array, z: Array | None = None) -> Estimate:
        """Return the closed form; the pointwise values are each row's Gaussian log-density ratio, moved to its mean."""
        zx, zy, *given = self._enough(x, y, *(() if z is None else (z,)))
        unlike = [doubt for side in given for doubt in doubted_given(zx, zy, side)]
        for side in given:
            zx, zy = residuals(zx, side), residuals(zy, side)
        found, values, rho = of_gaussian_pair(zx, zy, sum(side.shape[1] for side in given))
        return Estimate(
            mi=found.mi,
            std_error=found.std_error,
            pointwise=values,
            device="cpu",
            diagnostics={"canonical_correlations": rho.tolist()},
            warnings=about(BiasWarning, [*unlike, *self._doubts(rho, found, zx, zy)]),
        )

    def pointwise(self, x: Array, y: Array, z: Array | None = None) -> Pointwise:
        """Return each row's Gaussian log-density ratio under the law of the rows, and its jackknife error.

        Given z it is that of what linear prediction from z leaves.

        The law is that of all rows, and its error is told by those of all but a part of them, for `JACKKNIFE` parts
        (Tukey, Ann. Math. Statist. 1958; of groups of rows: Efron and Tibshirani, An Introduction to the Bootstrap,
        chapter 11).
        """
        zx, zy, *given = self._enough(x, y, *(() if z is None else (z,)))
        for side in given:
            zx, zy = residuals(zx, side), residuals(zy, side)
        part = np.random.default_rng(self.run.seed).permutation(len(zx)) % JACKKNIFE
        others = [Canonical.of(zx[part != k], zy[part != k]).log_ratio(zx, zy) for k in range(JACKKNIFE)]
        error = math.sqrt(JACKKNIFE - 1) * np.std(others, axis=0)
        return Pointwise(of_gaussian_pair(zx, zy, sum(side.shape[1] for side in given))[1], np.asarray(error))

    def _enough(self, *sides: Array) -> list[F64]:
        """Return the rows of each side after the margins' maps; refuse too few of them."""
        mapped = list(self._coordinates(*sides))
        columns, rows = sum(side.shape[1] for side in mapped), len(mapped[0])
        if rows < columns + SPARE_ROWS:
            raise DataError(
                f"The estimator '{self.name}' needs {columns + SPARE_ROWS} rows for {columns} columns, and has "
                f"{rows}; give it more rows or fewer columns."
            )
        return mapped

    def _doubts(self, rho: F64, found: GaussianInformation, zx: F64, zy: F64) -> list[str]:
        if np.any(rho >= RHO_MAX):
            return [] if self._counted else [AT_LIMIT]
        told = found.mi > TOLD_ERRORS * found.std_error
        if told and any(kind.name == "category" for kind in (*self.x_kinds, *self.y_kinds)):
            return [LABELLED]
        some = sample_rows(len(zx), MOST_RANKED)
        zx, zy = zx[some], zy[some]
        doubts = doubted_by_ranks(zx, zy) or doubted_by_innovations(zx, zy)
        columns = zx.shape[1] + zy.shape[1]
        return doubts or ([] if told or columns <= 2 * WHOLE_SIDE_COLUMNS else [nothing_linear(columns)])

    @property
    def _counted(self) -> bool:
        """Whether a side is of categories alone, whose information is finite however well it is known."""
        sides = (self.x_kinds, self.y_kinds)
        return any(kinds and all(kind.name == "category" for kind in kinds) for kinds in sides)


class CCA(Gaussian):
    """What a Gaussian pair with the canonical correlations of the raw columns would share: no margins are mapped.

    Everything else is as in `Gaussian`. Heavy tails make it unreliable, and its standard error large.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 2))
        >>> y = 0.8 * x[:, :1] + 0.6 * rng.standard_normal((2000, 1))
        >>> bool(abs(CCA().fit(x, y).estimate(x, y).mi - 0.511) < 0.08)
        True
    """

    name = "cca"
    summary = "canonical correlations of the raw columns"
    reference = "Hotelling, Biometrika 1936; Kay, IEEE Signal Processing Letters 1992"
    Options = Options


def of_gaussian_pair(x: F64, y: F64, spent: int = 0) -> tuple[GaussianInformation, F64, F64]:
    """Return the closed form of rows, its values by row `(n,)` in nats, and the canonical correlations, falling.

    So many degrees of freedom are `spent` as columns that were given, whose linear part was taken off both sides.
    """
    a, b, rho = canonical_rows(x, y)
    ratio = log_ratio(a, b, rho)
    found = information(rho, ratio, a.shape[1], b.shape[1], independent=len(x) - spent)
    return found, ratio - ratio.mean() + found.mi, rho


def residuals(side: F64, z: F64) -> F64:
    """Return what linear prediction from z `(n, dim_z)` leaves of the rows of a side `(n, d)`, with mean 0.

    Example:
        >>> z = np.arange(6.0)[:, None]
        >>> bool(np.abs(residuals(2 * z + 1, z)).max() < 1e-12)
        True
    """
    centred = z - z.mean(axis=0)
    left = side - side.mean(axis=0)
    found: F64 = left - centred @ np.linalg.lstsq(centred, left, rcond=None)[0]
    return found


def doubted_given(x: F64, y: F64, z: F64) -> list[str]:
    """Return a warning where both sides depend on z beyond linear prediction, which would be counted as shared."""
    some = sample_rows(len(z), MOST_RANKED)
    left = [left_over(z[some], side[some]) for side in (x, y)]
    return [GIVEN_BENDS] if all(each is not None for each in left) else []


def doubted_by_innovations(x: F64, y: F64) -> list[str]:
    """Return a warning where the pair is surely more than its correlations, or they count something twice."""
    left = left_over(x, y)
    if left is not None:
        return [more_than_linear(left)]
    if len(x) < x.shape[1] + y.shape[1] + SPARE_ROWS:
        return []
    a, b, rho = canonical_rows(x, y)
    strong = min(int((rho > FOLDED_RHO).sum()), MOST_FOLDED)
    twice = max(folded(side[:, :strong]) for side in (a, b))
    return [counted_twice(twice)] if twice > NOTICEABLE else []


def doubted_by_ranks(x: F64, y: F64) -> list[str]:
    """Return a warning where the ranks of rows share surely more than their values do."""
    if len(x) < x.shape[1] + y.shape[1] + SPARE_ROWS:
        return []
    by_values, by_ranks = of_gaussian_pair(x, y), of_gaussian_pair(normal_scores(x), normal_scores(y))
    if not surely_more(by_ranks[1], by_values[1], by_values[0].mi):
        return []
    return [too_skewed(by_ranks[0].mi, by_values[0].mi)]


@dataclass(frozen=True)
class Canonical:
    """The way of rows into canonical coordinates, from which linearly dependent directions are dropped.

    Attributes:
        margins: affine maps of the columns of x and of y.
        means: `(dim,)` means of x and of y after these.
        matrices: `(dim', dim)` for x and for y.
        rho: sample correlations in canonical coordinates, falling.
    """

    margins: tuple[Margins, Margins]
    means: tuple[F64, F64]
    matrices: tuple[F64, F64]
    rho: F64

    @classmethod
    def of(cls, x: F64, y: F64) -> Canonical:
        """Fit to rows `x` `(n, dim_x)` and `y` `(n, dim_y)`."""
        margins = fit_margins(x, gaussianise=False), fit_margins(y, gaussianise=False)
        moments = moments_of(list(zip(margins, (x, y), strict=True)), 0, len(x))
        fitted = canonical_of(moments, x.shape[1], shrink=False)
        if min(len(fitted.a), len(fitted.b)) == 0:
            raise DataError("No column of x or of y varies in these rows; the mutual information with a constant is 0.")
        means = moments.mean[: x.shape[1]], moments.mean[x.shape[1] :]
        return cls(margins, means, (fitted.a, fitted.b), np.clip(fitted.rho, 0.0, RHO_MAX))

    def __call__(self, x: F64, y: F64) -> tuple[F64, F64]:
        """Return rows in canonical coordinates, `(n, dim_x')` and `(n, dim_y')`."""
        placed = zip(self.margins, (x, y), self.means, self.matrices, strict=True)
        a, b = ((margins(rows).T - mean) @ matrix.T for margins, rows, mean, matrix in placed)
        return a, b

    def log_ratio(self, x: F64, y: F64) -> F64:
        """Return the Gaussian log-density ratio of rows `(n,)` in nats."""
        return log_ratio(*self(x, y), self.rho)


def canonical_rows(x: F64, y: F64) -> tuple[F64, F64, F64]:
    """Return rows in canonical coordinates `(n, dim_x')`, `(n, dim_y')`, and their sample correlations, falling.

    Linearly dependent directions are dropped.
    """
    fitted = Canonical.of(x, y)
    return *fitted(x, y), fitted.rho


def log_ratio(x: NDArray[Any], y: NDArray[Any], rho: F64) -> F64:
    """Return the Gaussian log-density ratio, nats, `(n,)`, of rows in canonical coordinates with correlations `rho`.

    Example:
        >>> log_ratio(np.array([[1.0]]), np.array([[1.0]]), np.array([0.0])).tolist()
        [0.0]
    """
    a, b = (side[:, : len(rho)].astype(np.float64) for side in (x, y))
    rest = (1 - rho) * (1 + rho)
    parts = (rho * (2 * a * b - rho * (a * a + b * b))) / rest - np.log(rest)
    ratio: F64 = 0.5 * parts.sum(axis=1)
    return ratio
