"""Decoders: z ~ N(0, I) and x = mean(z) + scale * noise with a small tanh network as the mean; a VAE's has an encoder.

Chains and sums are float64, and the networks' products float32 (or whatever dtype the network has), which gives a
log-likelihood a relative rounding error of 1e-6.

Example:
    >>> model = Decoder(mlp([2, 8, 20]), scale=0.1)
    >>> x, z = model.sample(5, seed=0)
    >>> x.shape, z.shape, model.log_likelihood(x, z).shape
    (torch.Size([5, 20]), torch.Size([5, 2]), torch.Size([5]))
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from mmg_registry.bounds.contract import JointModel
from mmg_registry.models.built_in import LOG_2PI, generator, standard_normal

ROWS = 512  # rows of chains that pass at a time, so that the hidden layers stay in a core's cache


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Return linear layers of the given sizes with tanh between them; HMC needs a smooth activation.

    Example:
        >>> [len(layer.bias) for layer in mlp([2, 8, 20]) if isinstance(layer, nn.Linear)]
        [8, 20]
    """
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        layers += [nn.Tanh()] if i else []
        layers.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*layers)


class Decoder(JointModel):
    """A model with p(x | z) = N(x; mean(z), scale^2 I), a density on all of R^data_size.

    Attributes:
        mean: an `mlp` from latent_size to data_size.
        scale: standard deviation of every column of x given z.
        about: JSON-serialisable facts about its training.
        latent_size, data_size: columns of z and of x.
    """

    def __init__(self, mean: nn.Sequential, scale: float, about: Mapping[str, Any] | None = None) -> None:
        self.mean, self.scale = mean.requires_grad_(False).eval(), float(scale)
        self.about = dict(about or {})
        layers = linear_layers(mean)
        self.latent_size, self.data_size = layers[0].in_features, layers[-1].out_features

    def to(self, place: torch.device | str | torch.dtype) -> Decoder:
        """Return a copy of the model on another device, or with its networks in another dtype."""
        other = copy.deepcopy(self)
        for network in other.networks().values():
            network.to(place)
        return other

    def networks(self) -> dict[str, nn.Sequential]:
        """Return the trained networks by name."""
        return {"mean": self.mean}

    def log_prior(self, z: Tensor) -> Tensor:
        return standard_normal(z)

    def sample_prior(self, n: int, seed: int) -> Tensor:
        return self._normal((n, self.latent_size), seed)

    def sample(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        z = self.sample_prior(n, seed)
        return _through(self.mean, z).double() + self.scale * self._normal((n, self.data_size), seed + 1), z

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        residual = (x - _through(self.mean, z).double()) / self.scale
        return standard_normal(residual) - self.data_size * math.log(self.scale)

    def condition(self, x: Tensor) -> DecoderAt:
        return DecoderAt(self, x)

    def _normal(self, shape: tuple[int, ...], seed: int) -> Tensor:
        device = next(self.mean.parameters()).device
        return torch.randn(shape, generator=generator(seed, device), dtype=torch.float64, device=device)


class EncodedDecoder(Decoder):
    """A decoder with an encoder q(z | x), which is normal with independent columns.

    Attributes:
        code: an `mlp` from data_size to the means and log standard deviations of z, side by side.
    """

    def __init__(
        self, mean: nn.Sequential, code: nn.Sequential, scale: float, about: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(mean, scale, about)
        self.code = code.requires_grad_(False).eval()

    def networks(self) -> dict[str, nn.Sequential]:
        return {"mean": self.mean, "code": self.code}

    def log_q(self, z: Tensor, x: Tensor) -> Tensor:
        mean, log_sd = self.encoded(x)
        return standard_normal((z - mean) / log_sd.exp()) - log_sd.sum(-1)

    def sample_q(self, x: Tensor, n: int, seed: int) -> Tensor:
        mean, log_sd = self.encoded(x)
        return mean + log_sd.exp() * self._normal((n, *mean.shape), seed)

    def encoded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log standard deviation of q(z | x), `(n, latent_size)` each."""
        mean, log_sd = _through(self.code, x).double().chunk(2, -1)
        return mean, log_sd

    def condition(self, x: Tensor) -> EncodedDecoderAt:
        return EncodedDecoderAt(self, x)


class DecoderAt:
    """A `Decoder` for given data, with hand-written gradients.

    The mean is linear in the last hidden layer, so |x - mean|^2 splits into a constant and a part of that layer's size:
    a step of a chain costs hidden * hidden for any number of columns of x.
    """

    def __init__(self, model: Decoder, x: Tensor) -> None:
        *hidden, last = linear_layers(model.mean)
        self.dtype = last.weight.dtype
        self.hidden = [(layer.weight, layer.bias) for layer in hidden]
        left, root = torch.linalg.qr(last.weight.double() / model.scale)
        residual = (x - last.bias.double()) / model.scale
        target = residual @ left
        square = (residual - target @ left.mT).square().sum(-1)
        self.outside = -0.5 * (square + model.data_size * LOG_2PI) - model.data_size * math.log(model.scale)
        self.target, self.root = target.to(self.dtype), root.to(self.dtype)

    def prior(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return standard_normal(z), -z

    def likelihood(self, z: Tensor) -> tuple[Tensor, Tensor]:
        parts = [self._likelihood(part) for part in z.split(max(1, ROWS // z.shape[-2]))]
        value, gradient = (torch.cat(side) for side in zip(*parts, strict=True))
        return value, gradient

    def _likelihood(self, z: Tensor) -> tuple[Tensor, Tensor]:
        states = [z.to(self.dtype)]
        for weight, bias in self.hidden:
            states.append(linear(states[-1], weight, bias).tanh_())
        residual = self.target - linear(states[-1], self.root)
        gradient = residual @ self.root
        for (weight, _), state in zip(reversed(self.hidden), reversed(states), strict=False):
            gradient = torch.addcmul(gradient, gradient * state, state, value=-1) @ weight  # tanh' = 1 - tanh^2
        return self.outside - 0.5 * residual.square_().sum(-1).double(), gradient.double()


class EncodedDecoderAt(DecoderAt):
    """An `EncodedDecoder` for given data."""

    def __init__(self, model: EncodedDecoder, x: Tensor) -> None:
        super().__init__(model, x)
        self.center, log_sd = model.encoded(x)
        self.sd, self.log_volume = log_sd.exp(), log_sd.sum(-1)

    def encoder(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return log q(z | x) `(K, n)` and its gradient in z `(K, n, latent_size)`."""
        deviation = (z - self.center) / self.sd
        return standard_normal(deviation) - self.log_volume, -deviation / self.sd


def linear_layers(network: nn.Sequential) -> list[nn.Linear]:
    """Return the linear layers of an `mlp`, in order."""
    return [layer for layer in network if isinstance(layer, nn.Linear)]


def _through(network: nn.Sequential, rows: Tensor) -> Tensor:
    found: Tensor = network(rows.to(linear_layers(network)[0].weight.dtype))
    return found
