"""The annealing path pi_beta(z) of every data point, from a start q0(z) to p(z) p(x | z), as one batch of chains.

log pi_beta = log q0 + beta r, where r = log p(x, z) - log q0(z) is the log-likelihood if the start is the prior. Chains
are tensors `(K, n, latent_size)`: K for each of the n data points. They advance as one batch. A user's model sees at
most as many rows (chains times data points) at once as a budget allows; the draws do not depend on that budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from mmg_registry.bounds.contract import Encoder, Handwritten
from mmg_registry.errors import OptionError, PluginError, explain

Start = Literal["prior", "encoder"]
BUDGET = 2**24  # numbers in x and z that a model sees at once: 128 MB in float64, plus the model's own tensors
TermWithGradient = tuple[Tensor, Tensor]


class Tempered(NamedTuple):
    """The values of log pi_beta `(K, n)` at some points, and its gradient in z `(K, n, latent_size)`."""

    value: Tensor
    gradient: Tensor


class Path(Protocol):
    """The parts of a path that annealing and HMC need."""

    def start(self, chains: int, generator: torch.Generator) -> Tensor:
        """Draw `(chains, n, latent_size)` from q0."""

    def log_ratio(self, z: Tensor) -> Tensor:
        """Return r(z) `(K, n)` in float64 at chains `(K, n, latent_size)`.

        Raises:
            PluginError: where it is NaN or +inf.
        """

    def tempered(self, z: Tensor, beta: float) -> Tempered:
        """Return log pi_beta and its gradient at chains `(K, n, latent_size)`."""


def new_seed(generator: torch.Generator) -> int:
    """Draw a seed for a model's own random numbers."""
    return int(torch.randint(2**31 - 1, (1,), generator=generator, device=generator.device))


def path_of(model: Any, x: Tensor, start: Start = "prior", rows: int | None = None) -> ModelPath:
    """Return the path of `model` for the data points `x` `(n, data_size)`.

    The path uses the model's own gradients where it has them for the start, and automatic differentiation otherwise.

    Args:
        model: the joint model.
        x: the data points.
        start: "prior" or "encoder".
        rows: most rows that the model sees at once; None for as many as `BUDGET` allows.

    Raises:
        OptionError: for a start at an encoder that the model does not have.
    """
    if start == "encoder":
        if not isinstance(model, Encoder):
            raise OptionError("The option 'start' is 'encoder', and the model has no log_q and sample_q; use 'prior'.")
        by_hand = isinstance(model, Handwritten) and hasattr(model.condition(x[:1]), "encoder")
        return (HandwrittenEncoderPath if by_hand else EncoderPath)(model, x, rows)
    return (HandwrittenPath if isinstance(model, Handwritten) else ModelPath)(model, x, rows)


class ModelPath:
    """The path from the prior, with gradients by automatic differentiation."""

    def __init__(self, model: Any, x: Tensor, rows: int | None = None) -> None:
        self.model, self.x, self.rows = model, x, rows

    def start(self, chains: int, generator: torch.Generator) -> Tensor:
        return draw_prior(self.model, chains * len(self.x), generator).view(chains, len(self.x), -1)

    def log_ratio(self, z: Tensor) -> Tensor:
        return self._weighed(z)[1].double()

    def log_joint(self, z: Tensor) -> Tensor:
        """Return log p(x, z) `(K, n)` for any start of the path.

        Raises:
            PluginError: as `log_ratio`.
        """
        start, ratio = self._weighed(z)
        return start + ratio

    def _weighed(self, z: Tensor) -> TermWithGradient:
        """Return log q0 and r, `(K, n)` each, without gradients."""
        with torch.no_grad():
            parts = [self._row_terms(*rows) for rows in self._pieces(z)]
        start, ratio = (torch.cat(each).view(z.shape[:-1]) for each in zip(*parts, strict=True))
        return start, checked_density(ratio, "log_likelihood")

    def tempered(self, z: Tensor, beta: float) -> Tempered:
        pieces = [self._tempered(x, rows, beta) for x, rows in self._pieces(z)]
        value, gradient = (torch.cat(each) for each in zip(*pieces, strict=True))
        return Tempered(value.view(z.shape[:-1]), gradient.view(z.shape))

    def _tempered(self, x: Tensor, z: Tensor, beta: float) -> Tempered:
        with torch.enable_grad():
            leaf = z.detach().requires_grad_(True)
            start, ratio = self._row_terms(x, leaf)
            value = start + beta * ratio
            return Tempered(value.detach(), gradient_of(value, leaf))

    def _pieces(self, z: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        return pieces(self.x, z, self.rows)

    def _row_terms(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        return density_of(self.model.log_prior, z), density_of(self.model.log_likelihood, x, z)


def pieces(x: Tensor, z: Tensor, rows: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield matching rows of data points x `(n, data_size)` and chains z `(K, n, latent_size)`, at most `rows` at once.

    Example:
        >>> x, z = torch.zeros(3, 2), torch.zeros(2, 3, 1)
        >>> [tuple(part.shape) for _, part in pieces(x, z, 4)]
        [(4, 1), (2, 1)]
    """
    most = rows or max(1, BUDGET // (x.shape[-1] + z.shape[-1]))
    points = torch.arange(z.shape[0] * z.shape[1], device=x.device) % len(x)
    for which, part in zip(points.split(most), z.reshape(-1, z.shape[-1]).split(most), strict=True):
        yield x[which], part


class EncoderPath(ModelPath):
    """The path from an encoder q(z | x), with gradients by automatic differentiation."""

    def start(self, chains: int, generator: torch.Generator) -> Tensor:
        z: Tensor = self.model.sample_q(self.x, chains, new_seed(generator))
        if z.shape[:2] != (chains, len(self.x)):
            shape = tuple(z.shape)
            raise PluginError(
                f"The model's sample_q returned shape {shape}, not ({chains}, {len(self.x)}, latent_size)."
            )
        return z

    def _row_terms(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        prior, likelihood = super()._row_terms(x, z)
        encoder = density_of(self.model.log_q, z, x)
        return encoder, prior + likelihood - encoder


@dataclass(frozen=True)
class Known:
    """States of chains, with the log density of the start and the log ratio to the target there, and their gradients.

    Attributes:
        z: `(K, n, latent_size)` chains.
        start, ratio: values `(K, n)` and gradients `(K, n, latent_size)` of log q0 and of r.
        version: torch's version counter of `z` at the time of evaluation.
    """

    z: Tensor
    start: TermWithGradient
    ratio: TermWithGradient
    version: int

    @property
    def valid(self) -> bool:
        """Return whether `z` has not been changed in place since the evaluation."""
        return self.version == self.z._version

    def mixed(self, other: Known, z: Tensor) -> Known | None:
        """Return the values at `z` if each of its chains is here or in `other`, as after partly rejected moves.

        Return None if some chain is in neither.
        """
        if not self.z.shape == other.z.shape == z.shape or not (self.valid and other.valid):
            return None
        there = (z == other.z).all(-1)
        if not bool((there | (z == self.z).all(-1)).all()):
            return None
        pairs = zip((*self.start, *self.ratio), (*other.start, *other.ratio), strict=True)
        parts = [torch.where(there if old.ndim == 2 else there[..., None], new, old) for old, new in pairs]
        return Known(z, (parts[0], parts[1]), (parts[2], parts[3]), z._version)


class HandwrittenPath(ModelPath):
    """The path from the prior, with the model's own gradients.

    Densities are evaluated once at every state: the weight after a move reuses the values at the move's two ends.
    """

    def __init__(self, model: Any, x: Tensor, rows: int | None = None) -> None:
        super().__init__(model, x, rows)
        self.given = model.condition(x)
        self.weighed: Known | None = None  # the chains that `_weighed` saw last
        self.last: Known | None = None  # the last chains that `tempered` had to evaluate

    def tempered(self, z: Tensor, beta: float) -> Tempered:
        if self.weighed and self.weighed.z is z and self.weighed.valid:
            known = self.weighed
        else:
            known = self.last = self._evaluated(z)
        (start, down), (ratio, up) = known.start, known.ratio
        return Tempered(start + beta * ratio, down + beta * up)

    def _weighed(self, z: Tensor) -> TermWithGradient:
        mixed = self.weighed.mixed(self.last, z) if self.weighed and self.last else None
        self.weighed = mixed or self._evaluated(z)
        return self.weighed.start[0], checked_density(self.weighed.ratio[0], "log_likelihood")

    def _evaluated(self, z: Tensor) -> Known:
        return Known(z, *self._given_terms(z), z._version)

    def _given_terms(self, z: Tensor) -> tuple[TermWithGradient, TermWithGradient]:
        return self.given.prior(z), self.given.likelihood(z)


class HandwrittenEncoderPath(HandwrittenPath):
    """The path from an encoder q(z | x), with the model's own gradients."""

    start = EncoderPath.start

    def _given_terms(self, z: Tensor) -> tuple[TermWithGradient, TermWithGradient]:
        joint = zip(self.given.prior(z), self.given.likelihood(z), strict=True)
        start = self.given.encoder(z)
        value, gradient = (prior + likelihood - part for (prior, likelihood), part in zip(joint, start, strict=True))
        return start, (value, gradient)


def draw_prior(model: Any, n: int, generator: torch.Generator) -> Tensor:
    """Draw `(n, latent_size)` from p(z): by the model's `sample_prior`, or else as the z of n sampled pairs."""
    seed = new_seed(generator)
    z: Tensor = model.sample_prior(n, seed) if hasattr(model, "sample_prior") else model.sample(n, seed)[1]
    return z.to(generator.device)


def density_of(density: Callable[..., Tensor], *rows: Tensor) -> Tensor:
    """Return the values `(m,)` of a model's density at m rows.

    Raises:
        PluginError: when the density raises, or returns something other than one number per row.
    """
    name = getattr(density, "__name__", "density")
    try:
        found = density(*rows)
    except Exception as error:
        raise PluginError(f"The model's {name} failed ({explain(error)}).") from error
    if not isinstance(found, Tensor) or found.shape != (len(rows[0]),):
        got = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise PluginError(f"The model's {name} returned {got} for {len(rows[0])} rows, not one value a row.")
    return found


def checked_density(found: Tensor, name: str) -> Tensor:
    """Return `found` if it has neither NaN nor +inf, of which no importance weight can be made; -inf is a weight of 0.

    Raises:
        PluginError: for NaN or +inf, naming the density and the number of such values.
    """
    wrong = int((found.isnan() | found.isposinf()).sum())
    if wrong:
        raise PluginError(f"The model's {name} returned NaN or +inf at {wrong} of {found.numel()} points.")
    return found


def gradient_of(value: Tensor, leaf: Tensor) -> Tensor:
    """Return the gradient of the summed `value` in `leaf`, of the shape of `leaf`.

    Raises:
        PluginError: when torch cannot differentiate the density.
    """
    try:
        (gradient,) = torch.autograd.grad(value.sum(), leaf)
    except RuntimeError as error:
        raise PluginError(
            "The model's densities cannot be differentiated in z by torch, which HMC needs; write them in torch "
            "operations, or use the plugin iwae."
        ) from error
    return gradient
