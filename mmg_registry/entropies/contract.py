"""The contract of an estimator of differential entropy: it is fitted to rows, and tells how surprising others are.

The mean surprisal of rows of the same law is their entropy; that of rows of another law is a cross-entropy, so that two
fits give a divergence.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from typing_extensions import Self

from mmg_registry.arrays import F64, Index
from mmg_registry.contracts import Array, Configured


@dataclass(frozen=True)
class Surprisals:
    """What a fitted density says of rows, in nats.

    Attributes:
        values: `(n,)` estimates of -ln p of the rows; single ones may be noisy, the mean counts.
        optimism: what fitting to so few rows adds to the mean on average, to first order; to be taken off.
        guess_optimism: the same for the mean of `first_guess`.
        unlearned: how far the mean may be off because learning ended early, noise chose what was kept, or others
            disagree.
        diagnostics: numbers and texts of the estimator, JSON-serialisable.
        warnings: complete sentences for the user.
    """

    values: F64
    optimism: float = 0.0
    guess_optimism: float = 0.0
    unlearned: float = 0.0
    diagnostics: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class EntropyEstimator(Configured):
    """Base class of all estimators of differential entropy, found by name in the entry-point group `mmg.entropies`.

    Arrays that reach `fit` and `surprisals` through the registry are finite, two-dimensional `(n, dim)`, float64, of
    continuous columns of which none is constant or a linear combination of others.

    Attributes:
        information: name of the estimator of mutual information that goes with it in conditional entropies.
        max_dim: the most columns that it takes, or None for any number.
        rows_a_column: the fewest rows a column that `fit` takes.
    """

    noun = "entropy estimator"
    information: ClassVar[str] = "auto"
    max_dim: ClassVar[int | None] = None
    rows_a_column: ClassVar[int] = 10

    @abstractmethod
    def fit(self, x: Array, groups: Index | None = None) -> Self:
        """Fit to rows `x` `(n, dim)`, of which those with the same number in `groups` `(n,)` belong together."""

    @abstractmethod
    def surprisals(self, x: Array) -> Surprisals:
        """Return what the fitted density says of rows `x` `(m, dim)` that were not fitted."""

    @abstractmethod
    def first_guess(self, x: Array) -> F64:
        """Return -ln of the closed form that the fit starts from, of rows `x` `(m, dim)`, `(m,)` in nats.

        It costs next to nothing, so that its mean over all rows makes that of the surprisals more precise.
        """
