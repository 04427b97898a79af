"""The contracts of a model with known densities, and of a bound on its mutual information I(X; Z).

Densities are functions of torch tensors with one row per pair: `z` `(m, latent_size)`, `x` `(m, data_size)`, values
`(m,)` in nats. HMC needs them differentiable in `z` by autograd; a model may compute its gradients itself instead (see
`Handwritten`). A model need not inherit from these classes; it only needs their methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from mmg_registry.bounds.result import Bound, BoundKind
from mmg_registry.contracts import Configured

if TYPE_CHECKING:  # torch is slow to import, and listing plugins does not need it
    import torch
    from torch import Tensor

    from mmg_registry.bounds.checkpoint import Checkpoint

Needs = Literal["joint", "marginal"]


class MarginalModel(ABC):
    """A model with known p(z) from which pairs (x, z) can be drawn; `true_mi`, in nats, is None if it is unknown.

    A class that is only used with given pairs may have `sample_prior(n, seed)` `(n, latent_size)` instead of `sample`.
    """

    true_mi: float | None = None

    @abstractmethod
    def log_prior(self, z: Tensor) -> Tensor:
        """Return the normalised log p(z), `(m,)` in nats, of the rows of `z` `(m, latent_size)`."""

    @abstractmethod
    def sample(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """Draw `n` independent pairs `x` `(n, data_size)`, `z` `(n, latent_size)`; the seed determines them."""


class JointModel(MarginalModel):
    """A model with known p(z) and p(x | z).

    It may have an encoder, that is both `log_q(z, x)` `(m,)` and `sample_q(x, n, seed)` `(n, len(x), latent_size)`.
    """

    @abstractmethod
    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """Return log p(x | z), `(m,)` in nats, normalised in x."""


@runtime_checkable
class Encoder(Protocol):
    """A learned or known approximation q(z | x) of the posterior."""

    def log_q(self, z: Tensor, x: Tensor) -> Tensor:
        """Return log q(z | x), `(m,)` in nats, of the rows of `z` `(m, latent_size)` and `x` `(m, data_size)`."""

    def sample_q(self, x: Tensor, n: int, seed: int) -> Tensor:
        """Draw `n` points from q(z | x) for each row of `x`, `(n, len(x), latent_size)`."""


class Conditioned(Protocol):
    """A model with fixed data points `x` `(n, data_size)`, for K chains per point at `z` `(K, n, latent_size)`.

    With a further method `encoder(z)`, which returns the same of log q(z | x), chains that start at the encoder do not
    need autograd either.
    """

    def prior(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return log p(z) `(K, n)` in nats, and its gradient in z `(K, n, latent_size)`."""

    def likelihood(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return log p(x | z) `(K, n)` in nats, and its gradient in z `(K, n, latent_size)`."""


@runtime_checkable
class Handwritten(Protocol):
    """A model that computes its gradients without autograd, and may precompute terms that depend on `x` alone."""

    def condition(self, x: Tensor) -> Conditioned:
        """Return the model with the data points `x` `(n, data_size)` fixed."""


class ExactlyTempered(Protocol):
    """A `Conditioned` that can sample p(z) p(x | z)^beta exactly: such transitions serve deterministic tests."""

    def draw(self, beta: float, chains: int, generator: torch.Generator) -> Tensor:
        """Draw `chains` points per data point from p(z) p(x | z)^beta, `(chains, n, latent_size)`."""


class BoundEstimator(Configured):
    """Base class of all bounds: options as for estimators, and `bound` in place of `fit` and `estimate`.

    `needs` names the kind of model that the bound requires: "joint" (a `JointModel`) or "marginal" (a `MarginalModel`).
    `checkpoint` is set for a run that must survive being killed; bounds save their states in it with
    `checkpoint.Stages`.
    """

    noun = "bound"
    checkpoint: Checkpoint | None = None
    kind: ClassVar[BoundKind]
    needs: ClassVar[Needs] = "joint"

    @abstractmethod
    def bound(self, model: Any, x: Tensor, z: Tensor) -> Bound:
        """Bound I(X; Z) in nats from pairs `x` `(n, data_size)`, `z` `(n, latent_size)` drawn from the model."""
