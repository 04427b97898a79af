"""Relations of few columns among many that tell nothing, plain or rotated into all of them."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import entr
from scipy.stats import norm

from mmg_registry.arrays import F64
from mmg_registry.samplers.contract import Sampler, Samples
from mmg_registry.samplers.maps import half_cube
from mmg_registry.samplers.quadrature import Nodes, density_entropy, even_panels, noisy_signal_mi, normal_nodes

HIDDEN = 64  # units of the random network that bends two columns into ten


def pairs_mi(rho: float, pairs: int = 1) -> float:
    """Return the information in nats of independent pairs of normals with the correlation `rho`."""
    return -0.5 * pairs * math.log1p(-rho * rho)


def flip_mi(flipped: float) -> float:
    """Return the information in nats between a fair bit and itself after a flip with probability `flipped`."""
    return float(math.log(2) - entr(flipped) - entr(1 - flipped))


def rotation(dim: int, rng: np.random.Generator) -> F64:
    """Return a random orthogonal matrix `(dim, dim)`."""
    return np.asarray(np.linalg.qr(rng.standard_normal((dim, dim)))[0], dtype=np.float64)


def correlated(rho: float, pairs: int, rng: np.random.Generator, n: int) -> Samples:
    """Draw `pairs` independent pairs of standard normals with the correlation `rho`."""
    x = rng.standard_normal((n, pairs))
    return x, rho * x + math.sqrt(1 - rho * rho) * rng.standard_normal((n, pairs))


# ------------------------------------------------------------------------------------------ one curved column
def square_in(dim: int, noise: float, rho: float) -> Sampler:
    """Return y0 = x0^2 + noise, y1 correlated with x1 by `rho`, and independent normals up to `dim` + `dim` columns."""
    draw = partial(_draw_square, dim, noise, rho)
    return Sampler(f"square-in-{dim}", dim, dim, partial(_square_mi, noise, rho), draw)


def _square_mi(noise: float, rho: float) -> float:
    rule = normal_nodes()
    return noisy_signal_mi(Nodes(rule.at**2, rule.weight), norm(scale=noise)) + pairs_mi(rho)


def _draw_square(dim: int, noise: float, rho: float, rng: np.random.Generator, n: int) -> Samples:
    x, y = rng.standard_normal((n, dim)), rng.standard_normal((n, dim))
    y[:, 0] = x[:, 0] ** 2 + noise * y[:, 0]
    y[:, 1] = rho * x[:, 1] + math.sqrt(1 - rho * rho) * y[:, 1]
    return x, y


def sine_in(dim: int, noise: float) -> Sampler:
    """Return y0 = 2 sin(3 x0) + noise beside independent normals, with both sides rotated into `dim` columns."""
    return Sampler(f"sine-in-{dim}", dim, dim, partial(_sine_mi, noise), partial(_draw_sine, dim, noise))


def _sine_mi(noise: float) -> float:
    rule = normal_nodes()
    return noisy_signal_mi(Nodes(2 * np.sin(3 * rule.at), rule.weight), norm(scale=noise))


def _draw_sine(dim: int, noise: float, rng: np.random.Generator, n: int) -> Samples:
    x, y = rng.standard_normal((n, dim)), rng.standard_normal((n, dim))
    y[:, 0] = 2 * np.sin(3 * x[:, 0]) + noise * y[:, 0]
    turns = np.random.default_rng(5)
    return x @ rotation(dim, turns), y @ rotation(dim, turns)


# ------------------------------------------------------------------------------------------ several columns together
def parity(columns: int, flipped: float) -> Sampler:
    """Return normal x, and y, whose sign is the product of the signs of x but for flips: all pairs are independent."""
    draw = partial(_draw_parity, columns, flipped)
    return Sampler(f"parity-{columns}", columns, 1, flip_mi(flipped), draw)


def _draw_parity(columns: int, flipped: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, columns))
    sign = np.sign(x).prod(1, keepdims=True) * np.where(rng.random((n, 1)) < flipped, -1, 1)
    return x, sign * np.abs(rng.standard_normal((n, 1)))


def vote(voters: int, dim: int, flipped: float) -> Sampler:
    """Return normal x `(n, dim)`, and y, a label: the sign of the sum of an odd number of columns, but for flips."""
    draw = partial(_draw_vote, voters, dim, flipped)
    return Sampler(f"vote-{voters}-of-{dim}", dim, 1, flip_mi(flipped), draw)


def _draw_vote(voters: int, dim: int, flipped: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, dim))
    won = x[:, :voters].sum(1, keepdims=True) > 0
    return x, (won ^ (rng.random((n, 1)) < flipped)).astype(np.float64)


def polynomial_in(dim: int, noise: float) -> Sampler:
    """Return normal x `(n, dim)`, and y = x0 x1 + x2^2 + noise beside two columns that tell nothing."""
    return Sampler(
        f"polynomial-in-{dim}", dim, 3, partial(_polynomial_mi, noise), partial(_draw_polynomial, dim, noise)
    )


def _polynomial_mi(noise: float) -> float:
    """Invert the characteristic function of y, (1 + t^2)^(-1/2) (1 - 2 i t)^(-1/2) exp(-noise^2 t^2 / 2)."""
    step = 0.02  # the inverse repeats every 2 pi / step = 314, and y lies within 155
    t = step * np.arange(math.ceil(9 / noise / step))
    transform = np.exp(-0.5 * (noise * t) ** 2) / np.sqrt((1 + t**2) * (1 - 2j * t))
    transform[0] /= 2
    y = even_panels(-45.0, 110.0, noise)
    density = step / np.pi * (np.exp(-1j * np.outer(y.at, t)) @ transform).real
    return density_entropy(density, y.weight) - float(norm.entropy(scale=noise))


def _draw_polynomial(dim: int, noise: float, rng: np.random.Generator, n: int) -> Samples:
    x, y = rng.standard_normal((n, dim)), rng.standard_normal((n, 3))
    y[:, 0] = x[:, 0] * x[:, 1] + x[:, 2] ** 2 + noise * y[:, 0]
    return x, y


# ------------------------------------------------------------------------------------------ known pairs in many columns
def curved_in(bent: int, plain: int, rho: float) -> Sampler:
    """Return two correlated pairs, each side bent into `bent` columns, beside `plain` ones that tell nothing, rotated.

    A random network bends: it is injective, so the information is that of the pairs.
    """
    draw = partial(_draw_curved, bent, plain, rho)
    return Sampler(f"curved-in-{bent + plain}", bent + plain, bent + plain, pairs_mi(rho, 2), draw)


def _draw_curved(bent: int, plain: int, rho: float, rng: np.random.Generator, n: int) -> Samples:
    z = correlated(rho, 2, rng, n)
    x, y = (np.hstack([_bend(side, bent, 100 + k), 0.5 * rng.standard_normal((n, plain))]) for k, side in enumerate(z))
    turns = [rotation(bent + plain, np.random.default_rng(200 + k)) for k in (0, 1)]
    return x @ turns[0], y @ turns[1]


def _bend(z: F64, columns: int, seed: int) -> F64:
    """Map `z` `(n, d)` to `(n, columns)` by a random network with one layer of tanh."""
    rng = np.random.default_rng(seed)
    inner, bias = rng.standard_normal((z.shape[1], HIDDEN)), rng.standard_normal(HIDDEN)
    outer = rng.standard_normal((HIDDEN, columns)) / math.sqrt(HIDDEN)
    return np.asarray(np.tanh(z @ inner + bias) @ outer, dtype=np.float64)


def projected(dim: int, pairs: int, rho: float) -> Sampler:
    """Return correlated pairs, half-cubed and projected at random into `dim` + `dim` columns, which is injective."""
    draw = partial(_draw_projected, dim, rho, pairs)
    return Sampler(f"projected-{pairs}-to-{dim}", dim, dim, pairs_mi(rho, pairs), draw)


def _draw_projected(dim: int, rho: float, pairs: int, rng: np.random.Generator, n: int) -> Samples:
    x, y = correlated(rho, pairs, rng, n)
    outer = np.random.default_rng(7).standard_normal((2, pairs, dim)) / math.sqrt(pairs)
    return half_cube(x) @ outer[0], half_cube(y) @ outer[1]
