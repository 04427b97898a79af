"""What a model with known densities offers, and what a bound on its mutual information I(X; Z) is.

Densities are functions of torch tensors with one row per pair: `z` `(m, latent_size)`, `x` `(m, data_size)`, values
`(m,)` in nats. HMC needs them differentiable in `z` by autograd; a model may give its gradients by hand instead (see
`Handwritten`). A model of somebody else's need not inherit from these classes, only have their methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from mmg_registry.bounds.result import Bound, Kind
from mmg_registry.contracts import Configured

if TYPE_CHECKING:  # listing plugins must not import torch
    import torch
    from torch import Tensor

    from mmg_registry.bounds.checkpoint import Checkpoint

Needs = Literal["joint", "marginal"]


class MarginalModel(ABC):
    """A model of which p(z) is known and pairs (x, z) can be drawn; `true_mi` in nats where it is known.

    Where pairs are given, a class of one's own may have `sample_prior(n, seed)` `(n, latent_size)` instead of `sample`.
    """

    true_mi: float | None = None

    @abstractmethod
    def log_prior(self, z: Tensor) -> Tensor:
        """log p(z) `(m,)` of the rows of `z`, normalised."""

    @abstractmethod
    def sample(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """`n` independent pairs `x` `(n, data_size)`, `z` `(n, latent_size)`, the same for the same seed."""


class JointModel(MarginalModel):
    """A model of which p(z) and p(x | z) are known.

    It may have an encoder: `log_q(z, x)` `(m,)`, and `sample_q(x, n, seed)` `(n, len(x), latent_size)`. Both or none.
    """

    @abstractmethod
    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z) `(m,)`, normalised in x."""


@runtime_checkable
class Encoder(Protocol):
    """A learned or known q(z | x)."""

    def log_q(self, z: Tensor, x: Tensor) -> Tensor: ...

    def sample_q(self, x: Tensor, n: int, seed: int) -> Tensor: ...


class Conditioned(Protocol):
    """A model with its data points fixed: values `(K, n)` and gradients `(K, n, latent_size)` at `z` `(K, n, ..)`.

    With `encoder(z)`, the same of log q(z | x), chains that start at the encoder do without autograd too.
    """

    def prior(self, z: Tensor) -> tuple[Tensor, Tensor]: ...

    def likelihood(self, z: Tensor) -> tuple[Tensor, Tensor]: ...


@runtime_checkable
class Handwritten(Protocol):
    """A model that gives its gradients by hand, and may keep what depends on `x` alone."""

    def condition(self, x: Tensor) -> Conditioned: ...


class ExactlyTempered(Protocol):
    """A `Conditioned` whose path p(z) p(x | z)^beta can be drawn from exactly: transitions for deterministic tests."""

    def draw(self, beta: float, chains: int, generator: torch.Generator) -> Tensor: ...


class BoundEstimator(Configured):
    """Base class of all bounds: options as for estimators, and `bound` in place of `fit` and `estimate`.

    `needs` says what must be known of the model: "joint" (a `JointModel`) or "marginal" (a `MarginalModel`).
    `checkpoint` is set where the run is to survive a kill; bounds keep their states there by `checkpoint.Stages`.
    """

    noun = "bound"
    checkpoint: Checkpoint | None = None
    kind: ClassVar[Kind]
    needs: ClassVar[Needs] = "joint"

    @abstractmethod
    def bound(self, model: Any, x: Tensor, z: Tensor) -> Bound:
        """Bound I(X; Z) in nats from pairs `x` `(n, data_size)`, `z` `(n, latent_size)` drawn from the model."""
