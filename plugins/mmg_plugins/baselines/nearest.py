"""Entropy by nearest neighbours: rows whose neighbours are far are surprising."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from pydantic import Field
from scipy.spatial import cKDTree
from scipy.special import digamma, gammaln, polygamma
from typing_extensions import Self

from mmg_plugins.baselines.neighbours import Search
from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array, Options
from mmg_registry.devices import device_name, refuse_device
from mmg_registry.entropies.contract import EntropyEstimator, Surprisals
from mmg_registry.errors import OptionError
from mmg_registry.preprocess.density import NormalDensity

LEAST_DISTANCE = 1e-12  # in units of a column's spread: nearer rows are copies to float64


def surprisals_of(fitted: F64, rows: F64, how: Search) -> F64:
    """Return -ln p of `rows` `(m, dim)` by their Euclidean distance to the k-th nearest of `fitted` `(n, dim)`.

    ln V + dim ln e + psi(n + 1) - psi(k), with V the volume of the unit ball: the ball that reaches a row's k-th
    neighbour holds a share whose logarithm has the mean psi(k) - psi(n + 1) (Kozachenko and Leonenko, Problems of
    Information Transmission 1987, whose rows are their own neighbours; Wang, Kulkarni and Verdu, IEEE Trans. Inf.
    Theory 2009, for rows of another law).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = surprisals_of(rng.random((20_000, 1)), rng.random((5_000, 1)), Search())
        >>> bool(abs(found.mean()) < 0.05)
        True
    """
    n, dim = fitted.shape
    k = min(how.k, n)
    far = np.ravel(cKDTree(fitted).query(rows, [k], workers=how.threads)[0])
    ball = dim / 2 * math.log(math.pi) - gammaln(dim / 2 + 1)
    values: F64 = ball + dim * np.log(np.maximum(far, LEAST_DISTANCE)) + digamma(n + 1) - digamma(k)
    return values


class NearestOptions(Options):
    """Options of `neighbours`."""

    k: int = Field(3, ge=1, le=1_000, description="neighbours; more vary less and blur more")
    gaussianise: bool = Field(True, description="map the columns to near-normal ones first")


class NearestEntropy(EntropyEstimator):
    """Entropy by the distance to the k-th nearest fitted row, in mapped and whitened coordinates.

    Nothing is trained. In more than a few columns neighbours are far, and the estimate is too high.

    Raises:
        OptionError: for an option out of range, a CUDA device, or `surprisals` before `fit`.

    Example:
        >>> from mmg_registry import Run
        >>> rows = np.random.default_rng(0).exponential(1.0, (4000, 1))  # h = 1
        >>> fitted = NearestEntropy(run=Run(threads=1)).fit(rows[:3000])
        >>> bool(abs(fitted.surprisals(rows[3000:]).values.mean() - 1.0) < 0.1)
        True
    """

    name: ClassVar[str] = "neighbours"
    summary: ClassVar[str] = "distances to nearest neighbours, no training"
    reference: ClassVar[str] = "Kozachenko and Leonenko, Problems of Information Transmission 1987"
    Options: ClassVar[type[NearestOptions]] = NearestOptions
    information: ClassVar[str] = "ksg"
    rows_a_column: ClassVar[int] = 10

    options: NearestOptions
    _fitted: tuple[NormalDensity, F64] | None = None

    def fit(self, x: Array, groups: Index | None = None) -> Self:
        on_cpu = device_name(self.run.device) == "cpu"
        refuse_device(self.run.device, "" if on_cpu else f"the entropy estimator '{self.name}' has no CUDA version")
        density = NormalDensity.fit(x, self.options.gaussianise)
        self._fitted = density, density.place(x)[0]
        return self

    @property
    def fitted(self) -> tuple[NormalDensity, F64]:
        """Return the density and the mapped rows that `fit` left.

        Raises:
            OptionError: before `fit`.
        """
        if self._fitted is None:
            raise OptionError(f"The entropy estimator '{self.name}' is not fitted; call fit(x) first.")
        return self._fitted

    def surprisals(self, x: Array) -> Surprisals:
        density, rows = self.fitted
        places, log_density = density.place(x)
        # what the maps stretch: the density of rows over that of their images
        stretch = log_density + (np.sum(places**2, axis=1) + density.dim * math.log(2 * math.pi)) / 2
        values = surprisals_of(rows, places, Search(self.options.k, threads=self.run.threads)) - stretch
        # fitted rows share their neighbours' luck: as many independent balls as there are k rows for each
        of_balls = math.sqrt(float(polygamma(1, self.options.k)) * self.options.k / len(rows))
        return Surprisals(
            values,
            guess_optimism=density.parameters / (2 * density.rows),
            unlearned=of_balls,
            diagnostics={"maps": density.margins.words, "k": self.options.k},
        )

    def first_guess(self, x: Array) -> F64:
        return -self.fitted[0].log_density(x)
