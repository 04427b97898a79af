"""Mixtures of normal densities: fitted to rows by expectation-maximisation, their log-density ratio, their denoisers.

The algorithm is that of Dempster, Laird and Rubin (JRSS B 1977). Covariances are drawn towards their common mean, as by
the conjugate prior (Fraley and Raftery, J. Classification 2007, section 3), so that components of few rows keep one.
Rows left out of a fit choose the number of components.

All denoisers of a mixture are known. A component of x, of mean m and covariance S, becomes one of mean a m and
covariance a^2 S + b^2 in z = a x + b eps. The best guess of eps is the mean over components of
b (a^2 S + b^2)^-1 (z - a m), each weighted by its probability given z. Given y, the weights are the probabilities given
z and y, and m and S are mean and covariance of x given y.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.special import logsumexp
from torch import Tensor

from mmg_registry.arrays import F64
from mmg_registry.core.reference import Draws, channel

SIZES_TRIED = (1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64)  # numbers tried, each a third larger than the one before
GIVE_UP = 2  # larger numbers in turn that do worse end the search
COMPONENT_ROWS = 8  # rows for each component
MIXTURE_FOLDS = 4
CHOOSING_ROWS = 4_000  # rows that choose the number of components, of which one fold then says enough: for time
MOST_ROUNDS = 100  # of expectation and maximisation
LEAST_GAIN = 1e-3  # nats a row that a round must gain; the number of components changes ten times as much
RIDGE = 1e-6  # of a column's variance, so that columns that repeat others have a density


# --- The density --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NormalMixture:
    """A mixture of k normal densities in d columns.

    Attributes:
        log_share: `(k,)` logarithms of the components' shares.
        mean: `(k, d)` means.
        covariance: `(k, d, d)` covariances.
    """

    log_share: F64
    mean: F64
    covariance: F64

    def of(self, columns: slice) -> NormalMixture:
        """Return the mixture that some of the columns have."""
        return NormalMixture(self.log_share, self.mean[:, columns], self.covariance[:, columns, columns])

    def log_parts(self, rows: F64) -> F64:
        """Return the logarithm of share times density of every row `(n, d)` and component, `(n, k)`."""
        root = np.linalg.cholesky(self.covariance)
        unit = np.linalg.inv(root).transpose(0, 2, 1)
        squares = np.square((rows - self.mean[:, None]) @ unit).sum(2).T
        volume = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1) + rows.shape[1] / 2 * math.log(2 * math.pi)
        return np.asarray(self.log_share - volume - squares / 2)

    def log_density(self, rows: F64) -> F64:
        """Return the logarithm of the density of every row `(n, d)`, `(n,)`."""
        return np.asarray(logsumexp(self.log_parts(rows), axis=1))

    def log_ratio(self, x: F64, y: F64) -> F64:
        """Return log p(x, y) / (p(x) p(y)) of rows `(n, dim_x)` and `(n, dim_y)` of a mixture of both, in nats."""
        alone = self.of(slice(0, x.shape[1])).log_density(x) + self.of(slice(x.shape[1], None)).log_density(y)
        return self.log_density(np.concatenate([x, y], axis=1)) - alone

    def arrays(self) -> dict[str, Tensor]:
        """Return named tensors, from which `of_arrays` rebuilds the mixture."""
        return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in vars(self).items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Tensor]) -> NormalMixture:
        """Rebuild what `arrays` returned."""
        return cls(**{name: array.numpy() for name, array in arrays.items()})


# --- Fitting ------------------------------------------------------------------------------------------------


def fit_mixture(rows: F64, seed: int) -> NormalMixture:
    """Fit a mixture to `rows` `(n, d)`, with as many components as rows left out of the fit favour.

    Of many rows some choose the number, and all are fitted.

    Args:
        rows: rows of mean 0 and variance 1 or so.
        seed: seed of the folds and of the first centres.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> rows = rng.standard_normal((600, 2)) + 8.0 * rng.integers(0, 3, (600, 1))
        >>> len(fit_mixture(rows, seed=0).log_share)
        3
    """
    some = rows[:: -(-len(rows) // CHOOSING_ROWS)]
    fold = np.random.default_rng(seed).permutation(len(some)) % MIXTURE_FOLDS
    left_out = [fold == i for i in range(MIXTURE_FOLDS if len(some) == len(rows) else 1)]
    found = [each for pull in (math.inf, rows.shape[1] + 1.0) for each in _tried(some, left_out, pull, seed)]
    _, k, pull = max(found)
    return maximised(rows, k, pull, seed)


def _tried(
    rows: F64, left_out: Sequence[NDArray[np.bool_]], pull: float, seed: int
) -> Iterator[tuple[float, int, float]]:
    """Yield the log-density (nats) of rows left out, for ever more components, until these do worse."""
    best, worse = -math.inf, 0
    for k in SIZES_TRIED:
        if worse == GIVE_UP or k * COMPONENT_ROWS > len(rows):
            return
        parts = [maximised(rows[~out], k, pull, seed).log_density(rows[out]) for out in left_out]
        value = float(np.concatenate(parts).mean())
        worse = 0 if value > best else worse + 1
        best = max(best, value)
        yield value, k, pull


def maximised(rows: F64, k: int, pull: float, seed: int) -> NormalMixture:
    """Return the mixture of `k` components of greatest likelihood near a start from k-means.

    Args:
        rows: `(n, d)` rows.
        k: number of components.
        pull: rows that the common covariance counts as in that of each component; infinite for the common one alone.
        seed: seed of the first centres.
    """
    mixture, last = _of_shares(rows, np.eye(k)[_nearest(rows, k, seed)], pull), -math.inf
    for _ in range(MOST_ROUNDS):
        parts = mixture.log_parts(rows)
        total = logsumexp(parts, axis=1, keepdims=True)
        mixture, now = _of_shares(rows, np.exp(parts - total), pull), float(total.mean())
        if now - last < LEAST_GAIN:
            break
        last = now
    return mixture


def _nearest(rows: F64, k: int, seed: int) -> NDArray[np.int64]:
    """Return the number of the centre that each row is nearest to; a centre without rows starts at the mean."""
    if k == 1:
        return np.zeros(len(rows), dtype=np.int64)
    with warnings.catch_warnings():  # of centres without rows
        warnings.simplefilter("ignore", UserWarning)
        return np.asarray(kmeans2(rows, k, minit="++", seed=seed % 2**32)[1], dtype=np.int64)


def _of_shares(rows: F64, share: F64, pull: float) -> NormalMixture:
    """Return the mixture in which every row belongs to the components by its shares `(n, k)`."""
    (n, d), count = rows.shape, share.sum(0) + 1e-9
    mean = share.T @ rows / count[:, None]
    left = rows - mean[:, None]
    scatter = (share.T[:, :, None] * left).transpose(0, 2, 1) @ left
    common = scatter.sum(0) / n + RIDGE * np.eye(d)
    drawn = (scatter + pull * common) / (count + pull)[:, None, None] if pull < math.inf else 0.0 * scatter + common
    return NormalMixture(np.log((count + 1) / (n + len(count))), mean, drawn)


# --- Denoising ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Components:
    """Covariances `(k, d, d)` by their variances `(k, d)` along their axes `(k, d, d)`."""

    variance: Tensor
    axes: Tensor

    @classmethod
    def of(cls, covariance: F64) -> _Components:
        variance, axes = np.linalg.eigh(covariance)
        return cls(torch.from_numpy(np.maximum(variance, RIDGE**2)), torch.from_numpy(axes))

    def noise(self, z: Tensor, channel: tuple[Tensor, Tensor], log_share: Tensor, mean: Tensor) -> Tensor:
        """Return the best guess `(n, d)` of the noise in `z`, for components of `mean` `(n, k, d)` or `(1, k, d)`."""
        a, b = channel
        along = torch.einsum("nki,kij->nkj", z[:, None] - a[:, None] * mean, self.axes)
        total = a.square()[:, None] * self.variance + b.square()[:, None]
        fits = log_share - 0.5 * (along.square() / total + total.log()).sum(2)
        pull = torch.softmax(fits, 1)[:, :, None] * (along / total)
        return b * torch.einsum("nkj,kij->ni", pull, self.axes)


class MixtureDenoisers:
    """The denoisers of x without and with y, of a mixture of (x, y).

    Args:
        mixture: a mixture of the columns of x, then of y.
        dim_x: number of columns of x, all of them noised.
    """

    def __init__(self, mixture: NormalMixture, dim_x: int) -> None:
        x, y = slice(0, dim_x), slice(dim_x, None)
        whole = mixture.covariance
        gain = np.linalg.solve(whole[:, y, y], whole[:, y, x]).transpose(0, 2, 1)
        self.mixture, self._of_y = mixture, mixture.of(y)
        self._log_share, self._gain = torch.from_numpy(mixture.log_share), torch.from_numpy(gain)
        self._mean_x, self._mean_y = (torch.from_numpy(mixture.mean[:, side]) for side in (x, y))
        self._plain = _Components.of(whole[:, x, x])
        self._given = _Components.of(whole[:, x, x] - gain @ whole[:, y, x])

    def errors(self, x: Tensor, y: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
        """Return the errors eps - eps_hat without and with y on the drawn rows, `(n, dim_x)` float32 each."""
        rows, eps = y[draws.row].double(), draws.eps.double()
        a, b = channel(draws.logsnr.double())
        z = a * x[draws.row].double() + b * eps
        log_share = torch.from_numpy(self._of_y.log_parts(rows.numpy()))
        mean = self._mean_x + torch.einsum("kij,nkj->nki", self._gain, rows[:, None] - self._mean_y)
        plain = self._plain.noise(z, (a, b), self._log_share, self._mean_x[None])
        given = self._given.noise(z, (a, b), log_share, mean)
        return (eps - plain).float(), (eps - given).float()
