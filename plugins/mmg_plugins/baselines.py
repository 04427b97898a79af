"""Estimators that need no training: nearest neighbours and two closed forms, for a first look and a sanity check.

All three estimate on the evaluation rows alone; `fit` keeps only a change of coordinates. Their standard error is the
spread of each row's influence over the square root of the rows.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.special import digamma
from typing_extensions import Self

from mmg_registry.arrays import F64, SavedState
from mmg_registry.contracts import Array, Estimator, Options, Progress, Run, below
from mmg_registry.errors import DataError, OptionError
from mmg_registry.preprocess import Margins, PairTransform, fit_margins
from mmg_registry.results import Estimate

TREE_COLUMNS = 6  # of x and y together; with more, comparing all pairs of rows is faster than trees
MANY_COLUMNS = 6  # with more, a second is enough for some thousand rows only
BLOCK = 250  # rows compared with all others at a time


class InstantOptions(Options):
    """Options of the estimators that need no training and map margins first."""

    gaussianise: bool = Field(True, description="map the margins to near-normal ones first (MI does not change)")


class KSGOptions(InstantOptions):
    """Options of `ksg`."""

    k: int = Field(3, ge=1, le=1_000, description="neighbours; more vary less and are lower where MI is high")
    max_rows: int | None = Field(
        None,
        ge=10,
        le=10_000_000,
        description="evaluation rows used at most, drawn at random; 10,000 unless given, 4,000 of more than 6 columns",
    )


class _Instant(Estimator):
    """An estimator whose `fit` keeps margins and nothing else."""

    options: InstantOptions

    def __init__(self, *, run: Run | None = None, **options: Any) -> None:
        super().__init__(run=run, **options)
        self._margins: tuple[Margins, Margins] | None = None

    def fit(self, x: Array, y: Array) -> Self:
        """Fit the margins of x `(n, dim_x)` and y `(n, dim_y)`."""
        if self.run.device.startswith("cuda"):
            raise OptionError(f"The estimator '{self.name}' has no CUDA version; use --device cpu.")
        self._margins = fit_margins(x, self._mapped), fit_margins(y, self._mapped)
        self.run.report(Progress(1.0, "margins"))
        return self

    @abstractmethod
    def estimate(self, x: Array, y: Array) -> Estimate:
        """Estimate on rows x `(n, dim_x)` and y `(n, dim_y)`."""

    def state(self) -> SavedState:
        """The margins' knots as arrays."""
        x, y = self._need_fit()
        return {**x.arrays("x"), **y.arrays("y")}, {}

    def restore(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """The inverse of `state`."""
        self._margins = Margins.from_arrays(below(arrays, "x_")), Margins.from_arrays(below(arrays, "y_"))
        return self

    @property
    def _mapped(self) -> bool:
        return self.options.gaussianise

    def _coordinates(self, x: Array, y: Array) -> tuple[F64, F64]:
        """Evaluation rows after the margins' maps, `(n, dim)` each, C-contiguous."""
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


# --- Nearest neighbours ---------------------------------------------------------------------------------------------


class KSG(_Instant):
    """Algorithm 1 of Kraskov, Stoegbauer and Grassberger, with the maximum norm between x and y.

    The norm within each is free: the maximum too up to six columns, for which there are trees; beyond, the Euclidean
    one, which is less low in many columns.

    With `e_i` the distance of row i to its k-th neighbour and `n_x(i)` the number of other rows whose x is strictly
    nearer than `e_i`, the value of row i is psi(k) + psi(n) - psi(n_x + 1) - psi(n_y + 1) nats.

    Rows with more than k identical copies have `e_i = 0`, where no row is strictly nearer and the formula would give
    some log n. They are treated as in Gao et al., arXiv 1709.06212: k becomes the number of copies, the row itself
    included, and so do `n_x + 1` and `n_y + 1` for x and y alone.

    The standard error is the spread of the values over the root of their number. Neighbours share rows, which it does
    not see: on Gaussian pairs it was a tenth to a sixth below the spread over samples.

    The estimate is low where the information is high for the rows at hand (beyond some log n / 2) and in many columns.

    Raises:
        OptionError: for an option out of range, a CUDA device, or an estimate before `fit`.
        DataError: for fewer than two rows, or other widths than those of `fit`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((2000, 1))
        >>> y = 0.8 * x + 0.6 * rng.standard_normal((2000, 1))
        >>> bool(abs(KSG(run=Run(threads=1)).fit(x, y).estimate(x, y).mi - 0.511) < 0.08)
        True
    """

    name = "ksg"
    summary = "nearest neighbours, no training"
    reference = "Kraskov, Stoegbauer and Grassberger, arXiv cond-mat/0305641"
    Options: ClassVar[type[KSGOptions]] = KSGOptions
    has_pointwise = True

    options: KSGOptions

    def estimate(self, x: Array, y: Array) -> Estimate:
        """The mean of the rows' values; rows beyond `max_rows` have the mean as their pointwise value."""
        columns = x.shape[1] + y.shape[1]
        rows = self._drawn(len(x), self.options.max_rows or (10_000 if columns <= MANY_COLUMNS else 4_000))
        zx, zy = self._coordinates(x[rows], y[rows])
        if len(zx) < 2:
            raise DataError(f"The estimator 'ksg' compares rows, and {len(zx)} is too few; give it more.")
        k = min(self.options.k, len(zx) - 1)
        values, copies = ksg_values(zx, zy, k, self.run.threads)
        return Estimate(
            mi=float(values.mean()),
            std_error=float(values.std(ddof=1) / math.sqrt(len(values))),
            pointwise=_spread_out(values, rows, len(x)),
            device="cpu",
            diagnostics={"k": k, "rows_used": len(zx), "rows_with_copies": copies},
            warnings=self._warnings(k, copies, len(zx)),
        )

    def _drawn(self, n: int, most: int) -> NDArray[np.int64]:
        if n <= most:
            return np.arange(n)
        drawn = np.random.default_rng(self.run.seed).choice(n, most, replace=False)
        return np.sort(drawn).astype(np.int64)

    def _warnings(self, k: int, copies: int, n: int) -> list[str]:
        found = []
        if k < self.options.k:
            found.append(
                f"Only {n} rows are there to compare, so {k} neighbours are used in place of {self.options.k}."
            )
        if copies:
            found.append(
                f"{copies} of {n} rows have more than {k} identical copies, and are counted as discrete; nearest "
                "neighbours are meant for continuous variables."
            )
        return found


def _spread_out(values: F64, rows: NDArray[np.int64], n: int) -> F64:
    whole = np.full(n, values.mean())
    whole[rows] = values
    return whole


def ksg_values(x: F64, y: F64, k: int, threads: int = 1) -> tuple[F64, int]:
    """Values of rows x `(n, dim_x)`, y `(n, dim_y)` in nats, `(n,)`, and how many have more than k identical copies.

    Example:
        >>> same = np.zeros((4, 1))
        >>> values, copies = ksg_values(same, same, k=1)
        >>> values.round(3).tolist(), copies
        ([0.0, 0.0, 0.0, 0.0], 4)
    """
    search = _by_trees if x.shape[1] + y.shape[1] <= TREE_COLUMNS else _by_all_pairs
    radius, neighbours, n_x, n_y = search(x, y, k, threads)
    copied = radius == 0
    own = np.where(copied, neighbours, k)
    values: F64 = digamma(own) + digamma(np.float64(len(x))) - digamma(n_x) - digamma(n_y)
    return values, int(copied.sum())


Counts = tuple[F64, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _by_trees(x: F64, y: F64, k: int, threads: int) -> Counts:
    """Distance to the k-th neighbour; rows there or nearer in (x, y), and strictly nearer in x and in y.

    All counts hold the row itself. At distance 0 nothing is strictly nearer, and the copies are counted instead.
    """
    joint = np.hstack([x, y])
    tree = cKDTree(joint)
    radius = np.ravel(tree.query(joint, [k + 1], p=np.inf, workers=threads)[0])  # a row is its own nearest
    inside = np.nextafter(radius, 0)
    n_x, n_y = (_count(cKDTree(side), side, inside, threads) for side in (x, y))
    return radius, _count(tree, joint, radius, threads), n_x, n_y


def _count(tree: Any, rows: F64, radius: F64, threads: int) -> NDArray[np.int64]:
    found: NDArray[np.int64] = tree.query_ball_point(rows, radius, p=np.inf, return_length=True, workers=threads)
    return found


def _by_all_pairs(x: F64, y: F64, k: int, threads: int) -> Counts:
    """The same by Euclidean norms and from all distances, in blocks of rows: trees are no help in many columns."""
    starts = range(0, len(x), BLOCK)
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda start: _block_counts(x, y, k, slice(start, start + BLOCK)), starts))
    radius, near, n_x, n_y = (np.concatenate(each) for each in zip(*parts, strict=True))
    return radius, near, n_x, n_y


def _block_counts(x: F64, y: F64, k: int, rows: slice) -> Counts:
    of_x, of_y = cdist(x[rows], x, "sqeuclidean"), cdist(y[rows], y, "sqeuclidean")
    joint = np.maximum(of_x, of_y)
    radius = np.partition(joint, k, axis=1)[:, k]  # squared, as all of them are
    inside = np.nextafter(radius, 0)[:, None]
    n_x, n_y = ((distance <= inside).sum(axis=1) for distance in (of_x, of_y))
    return radius, (joint <= radius[:, None]).sum(axis=1), n_x, n_y


# --- Closed forms ---------------------------------------------------------------------------------------------------


class Gaussian(_Instant):
    """What a Gaussian pair with the same canonical correlations would share, after near-normal margins.

    -1/2 sum log(1 - rho_i^2) nats over the canonical correlations of the evaluation rows, freed of what fitting them
    adds (see `mmg_registry.preprocess.PairTransform`); the margins' maps are those of the training rows. Exact for a
    Gaussian copula; else it misses what is not linear in these coordinates, or, less often, is too high.

    The standard error is that of the delta method: the influence of a row on the closed form is its Gaussian
    log-density ratio. Where rho is 0 that vanishes, and the second-order term sqrt(dim_x dim_y / 2) / n remains.

    Raises:
        OptionError: for an option out of range, a CUDA device, or an estimate before `fit`.
        DataError: for fewer than two rows, or other widths than those of `fit`.

    Example:
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
    has_pointwise = True

    def estimate(self, x: Array, y: Array) -> Estimate:
        """The closed form; the pointwise values are each row's Gaussian log-density ratio, moved to its mean."""
        zx, zy = self._coordinates(x, y)
        pair = PairTransform.fit(zx, zy, gaussianise=False)
        influence = log_ratio(*pair.transform(zx, zy), pair.rho)
        return Estimate(
            mi=pair.gaussian_mi,
            std_error=_delta_error(influence, pair),
            pointwise=influence - influence.mean() + pair.gaussian_mi,
            device="cpu",
            diagnostics={"canonical_correlations": pair.rho.tolist()},
            warnings=[AT_LIMIT] if pair.at_limit else [],
        )


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

    @property
    def _mapped(self) -> bool:
        return False


AT_LIMIT = (
    "A linear combination of x and one of y agree to all digits that double-precision sums hold, so the information is "
    "larger than the estimate, perhaps infinite."
)


def log_ratio(x: NDArray[Any], y: NDArray[Any], rho: F64) -> F64:
    """Gaussian log-density ratio, nats, `(n,)`, of rows in canonical coordinates with correlations `rho` `(m,)`.

    Example:
        >>> log_ratio(np.array([[1.0]]), np.array([[1.0]]), np.array([0.0])).tolist()
        [0.0]
    """
    a, b = (side[:, : len(rho)].astype(np.float64) for side in (x, y))
    rest = (1 - rho) * (1 + rho)
    parts = (rho * (2 * a * b - rho * (a * a + b * b))) / rest - np.log(rest)
    ratio: F64 = 0.5 * parts.sum(axis=1)
    return ratio


def _delta_error(influence: F64, pair: PairTransform) -> float:
    n = len(influence)
    return math.hypot(float(influence.std(ddof=1)) / math.sqrt(n), math.sqrt(pair.dim_x * pair.dim_y / 2) / n)
