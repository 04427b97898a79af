"""Built-in models of known mutual information, in float64, with hand-written gradients.

Example:
    >>> model = built_in("linear-gaussian", latent=3, data=20, mi=4.0)
    >>> x, z = model.sample(5, seed=0)
    >>> x.shape, z.shape, round(model.true_mi, 6)
    (torch.Size([5, 20]), torch.Size([5, 3]), 4.0)
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmg_registry.bounds.contract import JointModel
from mmg_registry.errors import OptionError
from mmg_registry.limits import demand_value
from mmg_registry.names import nearest

LOG_2PI = math.log(2 * math.pi)
MOST_NATS = 32.0  # most nats per column: float64 has 53 bits, 36.7 nats, some of which the noise needs


def standard_normal(z: Tensor) -> Tensor:
    """Return log N(z; 0, I) in nats, summed over the last axis of z `(.., dim)`."""
    return -0.5 * (z.square().sum(-1) + z.shape[-1] * LOG_2PI)


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a new random generator, so that no draw depends on the global one."""
    return torch.Generator(device=device).manual_seed(seed)


class LinearGaussian(JointModel):
    """The linear-Gaussian model x = W z + b + N(0, s^2 I) with z ~ N(0, I), which has closed forms throughout.

    I(X; Z) = 1/2 logdet(I + W'W / s^2) is computed in this latent-sized form, which neither overflows nor costs
    data_size^3.

    Attributes:
        weight: W `(data_size, latent_size)`.
        offset: b `(data_size,)`.
        scale: s.
        true_mi: I(X; Z) in nats.
    """

    def __init__(self, weight: Tensor, offset: Tensor, scale: float) -> None:
        self.weight, self.offset, self.scale = weight.double(), offset.double(), float(scale)
        # The decomposition is of W itself, because W'W has the square of its condition number.
        self.left, self.root, axes = torch.linalg.svd(self.weight / self.scale, full_matrices=False)
        self.gain, self.axes = self.root.square(), axes.mT.contiguous()
        self.true_mi = float(0.5 * torch.log1p(self.gain).sum())

    def to(self, device: torch.device | str) -> LinearGaussian:
        """Return the same model on another device."""
        return LinearGaussian(self.weight.to(device), self.offset.to(device), self.scale)

    def log_prior(self, z: Tensor) -> Tensor:
        return standard_normal(z)

    def sample_prior(self, n: int, seed: int) -> Tensor:
        device = self.weight.device
        shape = (n, self.weight.shape[1])
        return torch.randn(shape, generator=generator(seed, device), dtype=torch.float64, device=device)

    def sample(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        z = self.sample_prior(n, seed)
        noise = torch.randn(
            (n, len(self.weight)), generator=generator(seed + 1, z.device), dtype=z.dtype, device=z.device
        )
        return z @ self.weight.mT + self.offset + self.scale * noise, z

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        residual = (x - self.offset - z @ self.weight.mT) / self.scale
        return standard_normal(residual) - residual.shape[-1] * math.log(self.scale)

    def log_marginal(self, x: Tensor) -> Tensor:
        """Return the exact log p(x) `(n,)` in nats at x `(n, data_size)`."""
        outside, target = self.split(x)
        deviation = (1 + self.gain).sqrt()
        found: Tensor = outside + standard_normal(target / deviation) - deviation.log().sum()
        return found

    def log_q(self, z: Tensor, x: Tensor) -> Tensor:
        """Return log p(z | x) in nats: the exact posterior serves as the encoder."""
        mean, sd = self.posterior(x, 1.0)
        return standard_normal((z @ self.axes - mean) / sd) - sd.log().sum()

    def sample_q(self, x: Tensor, n: int, seed: int) -> Tensor:
        """Draw `(n, n_points, latent_size)` from the exact posterior of all data points x `(n_points, data_size)`."""
        return LinearGaussianAt(self, x).draw(1.0, n, generator(seed, x.device))

    def posterior(self, x: Tensor, beta: float) -> tuple[Tensor, Tensor]:
        """Return mean `(n, latent_size)` and deviation `(latent_size,)` of p(z) p(x | z)^beta in coordinates `axes`."""
        precision = 1 + beta * self.gain
        return beta * self.root * self.split(x)[1] / precision, precision.rsqrt()

    def condition(self, x: Tensor) -> LinearGaussianAt:
        return LinearGaussianAt(self, x)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Split x `(n, data_size)` into its parts outside and along the columns of W.

        The squared norm outside is that of a difference, not a difference of squares, which would cancel at many nats
        per column.

        Returns:
            The log-density `(n,)` of the part outside, and the whitened coordinates `(n, latent_size)` along W.
        """
        residual = (x - self.offset) / self.scale
        target: Tensor = residual @ self.left
        square = (residual - target @ self.left.mT).square().sum(-1)
        free = len(self.weight) - len(self.gain)
        return -0.5 * (square + free * LOG_2PI) - len(self.weight) * math.log(self.scale), target


class LinearGaussianAt:
    """A `LinearGaussian` for given data, where a chain's step costs latent_size^2 for any number of columns of x."""

    def __init__(self, model: LinearGaussian, x: Tensor) -> None:
        self.model, self.x = model, x
        self.outside, self.target = model.split(x)

    def prior(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return standard_normal(z), -z

    def likelihood(self, z: Tensor) -> tuple[Tensor, Tensor]:
        residual = self.target - self.model.root * (z @ self.model.axes)
        return self.outside + standard_normal(residual), (self.model.root * residual) @ self.model.axes.mT

    def draw(self, beta: float, chains: int, generator: torch.Generator) -> Tensor:
        mean, sd = self.model.posterior(self.x, beta)
        shape = (chains, *mean.shape)
        noise = torch.randn(shape, generator=generator, dtype=mean.dtype, device=mean.device)
        turned: Tensor = (mean + sd * noise) @ self.model.axes.mT
        return turned


def linear_gaussian(
    latent: int = 10, data: int = 784, mi: float = 20.0, seed: int = 0, spread: float = 0.5
) -> LinearGaussian:
    """Return a random linear-Gaussian model with `mi` nats.

    The information of the latent columns lies evenly between 1 - spread and 1 + spread times the mean. None may exceed
    `MOST_NATS`, the most that pairs in float64 can hold.

    Raises:
        OptionError: for a setting out of range.
    """
    _demand_setting(1 <= latent <= data, "latent", latent, "between 1 and 'data'")
    _demand_setting(0 <= spread < 1, "spread", spread, "0 or more and below 1")
    _demand_setting(0 < mi < math.inf, "mi", mi, "a positive number of nats")
    share = np.linspace(1 - spread, 1 + spread, latent) if latent > 1 else np.ones(1)
    _demand_representable(mi, latent, float(share.max()))
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.standard_normal((data, latent)))[0]
    right = np.linalg.qr(rng.standard_normal((latent, latent)))[0]
    singular = np.sqrt(np.expm1(2 * share * mi / latent))
    offset = torch.from_numpy(rng.standard_normal(data))
    return LinearGaussian(torch.from_numpy(left * singular @ right.T), offset, scale=1.0)


def gaussian_channel(dim: int = 5, mi: float = 5.0) -> LinearGaussian:
    """Return `dim` uses of the additive Gaussian channel x = gain z + noise of unit variance, with `mi` nats in all.

    Raises:
        OptionError: for a setting out of range.
    """
    _demand_setting(dim >= 1, "dim", dim, "1 or more")
    _demand_setting(0 < mi < math.inf, "mi", mi, "a positive number of nats")
    _demand_representable(mi, dim, 1.0)
    gain = math.sqrt(math.expm1(2 * mi / dim))
    return LinearGaussian(gain * torch.eye(dim, dtype=torch.float64), torch.zeros(dim, dtype=torch.float64), 1.0)


def _demand_representable(mi: float, columns: int, largest: float) -> None:
    """Refuse more nats than pairs in float64 can hold, because their noise would be rounded away."""
    most = MOST_NATS * columns / largest
    allowed = f"at most {most:.4g}, for a float64 column holds no more than {MOST_NATS:.0f} nats; take more columns"
    _demand_setting(mi <= most * (1 + 1e-12), "mi", mi, allowed)


class MixtureChannel(JointModel):
    """The channel x = z + N(0, noise^2), where each column of z is +-mode with deviation `sd`: a two-mode posterior.

    Modes far apart (mode above about 4 sd) trap HMC's chains in one of them. The bounds still hold then, but stay wide
    with any number of temperatures. I(X; Z) = h(X) - h(noise), with h(X) by Gauss-Legendre quadrature of one column.

    Attributes:
        dim: number of columns of x and of z.
        mode, sd: distance of the modes from 0, and standard deviation around each.
        noise: standard deviation of the noise.
        true_mi: I(X; Z) in nats.

    Raises:
        OptionError: for a setting that is not positive and finite.
    """

    def __init__(self, dim: int = 2, mode: float = 1.0, sd: float = 0.5, noise: float = 1.0) -> None:
        for name, value in {"dim": dim, "mode": mode, "sd": sd, "noise": noise}.items():
            _demand_setting(0 < value < math.inf, name, value, "a positive number")
        self.dim, self.mode, self.sd, self.noise = dim, mode, sd, noise
        entropy_of_noise = 0.5 * (LOG_2PI + 1) + math.log(noise)
        self.true_mi = dim * (self._entropy() - entropy_of_noise)

    def _entropy(self) -> float:
        total = math.hypot(self.sd, self.noise)
        nodes, weights = np.polynomial.legendre.leggauss(400)
        reach = self.mode + 12 * total
        log_density = self._columns(torch.from_numpy(reach * nodes), total)[0].numpy()
        return float(-(reach * weights * np.exp(log_density) * log_density).sum())

    def _columns(self, points: Tensor, sd: float) -> tuple[Tensor, Tensor]:
        """Return the log-density of the two-mode mixture with deviation `sd`, and its derivative, column by column."""
        hump = points.abs() - self.mode  # distance from the nearer mode; the other one follows by symmetry
        other = torch.nn.functional.softplus(-2 * self.mode * points.abs() / sd**2)
        value = -0.5 * (hump / sd).square() - 0.5 * LOG_2PI - math.log(2 * sd) + other
        return value, (self.mode * torch.tanh(self.mode * points / sd**2) - points) / sd**2

    def log_prior(self, z: Tensor) -> Tensor:
        return self._columns(z, self.sd)[0].sum(-1)

    def log_marginal(self, x: Tensor) -> Tensor:
        """Return the exact log p(x) `(n,)` in nats at x `(n, data_size)`."""
        return self._columns(x, math.hypot(self.sd, self.noise))[0].sum(-1)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        return standard_normal((x - z) / self.noise) - self.dim * math.log(self.noise)

    def sample(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        draw = generator(seed)
        sign = 2.0 * torch.randint(2, (n, self.dim), generator=draw).double() - 1
        z = self.mode * sign + self.sd * torch.randn((n, self.dim), generator=draw, dtype=torch.float64)
        return z + self.noise * torch.randn((n, self.dim), generator=draw, dtype=torch.float64), z

    def condition(self, x: Tensor) -> MixtureChannelAt:
        return MixtureChannelAt(self, x)


class MixtureChannelAt:
    """A `MixtureChannel` for given data."""

    def __init__(self, model: MixtureChannel, x: Tensor) -> None:
        self.model, self.x = model, x

    def prior(self, z: Tensor) -> tuple[Tensor, Tensor]:
        value, gradient = self.model._columns(z, self.model.sd)
        return value.sum(-1), gradient

    def likelihood(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.log_likelihood(self.x, z), (self.x - z) / self.model.noise**2


BUILT_IN: dict[str, Callable[..., JointModel]] = {
    "linear-gaussian": linear_gaussian,
    "gaussian-channel": gaussian_channel,
    "gaussian-mixture": MixtureChannel,
}


def built_in(name: str, **settings: Any) -> JointModel:
    """Return the built-in model called `name` with the given settings.

    Raises:
        OptionError: for an unknown name or setting, or a value out of range.
    """
    if name not in BUILT_IN:
        close = nearest(name, sorted(BUILT_IN))
        raise OptionError(f"There is no model '{name}'; {close}, and a model of yours is FILE.py:NAME.")
    known = inspect.signature(BUILT_IN[name]).parameters
    for key, value in settings.items():
        _demand_setting(key in known, key, value, f"left out: the model '{name}' has {', '.join(known)}")
        whole = isinstance(known[key].default, int)
        fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        _demand_setting(fits, key, value, "a whole number" if whole else "a number")
    return BUILT_IN[name](**settings)


def _demand_setting(condition: bool, name: str, value: Any, allowed: str) -> None:
    demand_value(condition, name, value, allowed, what="model's setting")
