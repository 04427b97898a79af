"""The annealing path pi_beta(z) of every data point, from a start q0(z) to p(z) p(x | z), as one batch of chains.

log pi_beta = log q0 + beta r, with r = log p(x, z) - log q0(z): the log-likelihood where the start is the prior.
Chains are tensors `(K, n, latent_size)`: K of each of the n data points. They advance as one batch; a model of somebody
else's sees as many rows (of chains and points) at once as the budget allows, with the same draws whatever it is.
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
BUDGET = 2**24  # numbers of x and z that a model sees at once: 128 MB in double, and what it makes of them
TermWithGradient = tuple[Tensor, Tensor]


class Tempered(NamedTuple):
    """log pi_beta `(K, n)` at some points, and its gradient in z `(K, n, latent_size)`."""

    value: Tensor
    gradient: Tensor


class Path(Protocol):
    """What annealing and HMC need to know of a path."""

    def start(self, chains: int, generator: torch.Generator) -> Tensor:
        """Draws of q0, `(chains, n, latent_size)`."""

    def log_ratio(self, z: Tensor) -> Tensor:
        """r(z), `(K, n)` in float64.

        Raises:
            PluginError: where it is NaN or +inf.
        """

    def tempered(self, z: Tensor, beta: float) -> Tempered:
        """log pi_beta and its gradient."""


def new_seed(generator: torch.Generator) -> int:
    """A seed for a model's own draws."""
    return int(torch.randint(2**31 - 1, (1,), generator=generator, device=generator.device))


def path_of(model: Any, x: Tensor, start: Start = "prior", rows: int | None = None) -> ModelPath:
    """The path of `model` for the rows of `x`; gradients by hand where the model gives them for the start.

    Args:
        rows: how many rows the model sees at once, or None for what `BUDGET` holds.

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
    """From the prior, with gradients by autograd."""

    def __init__(self, model: Any, x: Tensor, rows: int | None = None) -> None:
        self.model, self.x, self.rows = model, x, rows

    def start(self, chains: int, generator: torch.Generator) -> Tensor:
        return draw_prior(self.model, chains * len(self.x), generator).view(chains, len(self.x), -1)

    def log_ratio(self, z: Tensor) -> Tensor:
        return self._weighed(z)[1].double()

    def log_joint(self, z: Tensor) -> Tensor:
        """log p(x, z) `(K, n)`, wherever the path starts; errors as of `log_ratio`."""
        start, ratio = self._weighed(z)
        return start + ratio

    def _weighed(self, z: Tensor) -> TermWithGradient:
        """log q0 and r, without gradients."""
        with torch.no_grad():
            parts = [self._row_terms(*rows) for rows in self._pieces(z)]
        start, ratio = (torch.cat(each).view(z.shape[:-1]) for each in zip(*parts, strict=True))
        return start, checked(ratio, "log_likelihood")

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
        return values(self.model.log_prior, z), values(self.model.log_likelihood, x, z)


def pieces(x: Tensor, z: Tensor, rows: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows of x and z, at most `rows` at once, for x `(n, data_size)` and chains z `(K, n, latent_size)`.

    >>> x, z = torch.zeros(3, 2), torch.zeros(2, 3, 1)
    >>> [tuple(part.shape) for _, part in pieces(x, z, 4)]
    [(4, 1), (2, 1)]
    """
    most = rows or max(1, BUDGET // (x.shape[-1] + z.shape[-1]))
    points = torch.arange(z.shape[0] * z.shape[1], device=x.device) % len(x)
    for which, part in zip(points.split(most), z.reshape(-1, z.shape[-1]).split(most), strict=True):
        yield x[which], part


class EncoderPath(ModelPath):
    """From a q(z | x)."""

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
        encoder = values(self.model.log_q, z, x)
        return encoder, prior + likelihood - encoder


@dataclass(frozen=True)
class Known:
    """Chains, and log q0 and r there with their gradients."""

    z: Tensor
    start: TermWithGradient
    ratio: TermWithGradient
    version: int

    @property
    def valid(self) -> bool:
        """Whether the chains are still what they were."""
        return self.version == self.z._version

    def mixed(self, other: Known, z: Tensor) -> Known | None:
        """What is known at `z` if each of its chains is here or in `other`, as after moves partly refused."""
        if not self.z.shape == other.z.shape == z.shape or not (self.valid and other.valid):
            return None
        there = (z == other.z).all(-1)
        if not bool((there | (z == self.z).all(-1)).all()):
            return None
        pairs = zip((*self.start, *self.ratio), (*other.start, *other.ratio), strict=True)
        parts = [torch.where(there if old.ndim == 2 else there[..., None], new, old) for old, new in pairs]
        return Known(z, (parts[0], parts[1]), (parts[2], parts[3]), z._version)


class HandwrittenPath(ModelPath):
    """From the prior, with the model's own gradients.

    Densities are evaluated once at every state: the weight after a move finds what the move found at its two ends.
    """

    def __init__(self, model: Any, x: Tensor, rows: int | None = None) -> None:
        super().__init__(model, x, rows)
        self.given = model.condition(x)
        self.weighed: Known | None = None  # the last chains that were weighed
        self.last: Known | None = None  # the last that tempered was new to

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
        return self.weighed.start[0], checked(self.weighed.ratio[0], "log_likelihood")

    def _evaluated(self, z: Tensor) -> Known:
        return Known(z, *self._given_terms(z), z._version)

    def _given_terms(self, z: Tensor) -> tuple[TermWithGradient, TermWithGradient]:
        return self.given.prior(z), self.given.likelihood(z)


class HandwrittenEncoderPath(HandwrittenPath):
    """From a q(z | x), with the model's own gradients."""

    start = EncoderPath.start

    def _given_terms(self, z: Tensor) -> tuple[TermWithGradient, TermWithGradient]:
        joint = zip(self.given.prior(z), self.given.likelihood(z), strict=True)
        start = self.given.encoder(z)
        value, gradient = (prior + likelihood - part for (prior, likelihood), part in zip(joint, start, strict=True))
        return start, (value, gradient)


def draw_prior(model: Any, n: int, generator: torch.Generator) -> Tensor:
    """`n` draws of p(z): by `sample_prior` where the model has it, else the z of as many pairs."""
    seed = new_seed(generator)
    z: Tensor = model.sample_prior(n, seed) if hasattr(model, "sample_prior") else model.sample(n, seed)[1]
    return z.to(generator.device)


def values(density: Callable[..., Tensor], *rows: Tensor) -> Tensor:
    """The values `(m,)` of a model's density.

    Raises:
        PluginError: when it raises, or returns something else than one number a row.
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


def checked(found: Tensor, name: str) -> Tensor:
    """`found`, unless it holds NaN or +inf, which no weight can be made of; -inf is a weight of zero.

    Raises:
        PluginError: naming the density and how many of its values are wrong.
    """
    wrong = int((found.isnan() | found.isposinf()).sum())
    if wrong:
        raise PluginError(f"The model's {name} returned NaN or +inf at {wrong} of {found.numel()} points.")
    return found


def gradient_of(value: Tensor, leaf: Tensor) -> Tensor:
    """d value / d leaf.

    Raises:
        PluginError: when the density is not differentiable by torch.
    """
    try:
        (gradient,) = torch.autograd.grad(value.sum(), leaf)
    except RuntimeError as error:
        raise PluginError(
            "The model's densities cannot be differentiated in z by torch, which HMC needs; write them in torch "
            "operations, or use the plugin iwae."
        ) from error
    return gradient
