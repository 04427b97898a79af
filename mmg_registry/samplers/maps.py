"""Invertible maps of rows, which leave the mutual information as it is."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import ndtr

from mmg_registry.arrays import F64
from mmg_registry.samplers.contract import Map, Sampler


def half_cube(x: F64) -> F64:
    """Return sign(x) |x|^(3/2), coordinate by coordinate."""
    return np.asarray(x * np.sqrt(np.abs(x)))


def normal_cdf(x: F64) -> F64:
    """Return the standard normal distribution function of x, coordinate by coordinate."""
    return np.asarray(ndtr(x), dtype=np.float64)


def asinh(x: F64) -> F64:
    """Return the inverse hyperbolic sine of x, coordinate by coordinate."""
    return np.asarray(np.arcsinh(x))


def wiggly_x(x: F64) -> F64:
    """Return x plus three sine waves, which is still strictly increasing, coordinate by coordinate."""
    return np.asarray(x + 0.4 * np.sin(x) + 0.2 * np.sin(1.7 * x + 1) + 0.03 * np.sin(3.3 * x - 2.5))


def wiggly_y(y: F64) -> F64:
    """Return y plus three other sine waves, which is still strictly increasing, coordinate by coordinate."""
    return np.asarray(y - 0.4 * np.sin(0.4 * y) + 0.17 * np.sin(1.3 * y + 3.5) + 0.02 * np.sin(4.3 * y - 2.5))


def bimodal(z: F64, weights: tuple[float, float], modes: tuple[float, float]) -> F64:
    """Map standard normals z to a mixture of two normals of unit variance, F^-1(Phi(z)), by bisection.

    Args:
        z: standard normals of any shape.
        weights, modes: weights and means of the two components.
    """
    low, high = np.minimum(z + modes[0], z + modes[1]), np.maximum(z + modes[0], z + modes[1])
    sign = np.where(z < 0, 1.0, -1.0)  # compare the smaller tails, so that neither end loses digits
    target = ndtr(-np.abs(z))
    for _ in range(60):
        middle = (low + high) / 2
        tail = sum(w * ndtr(sign * (middle - m)) for w, m in zip(weights, modes, strict=True))
        above = sign * (tail - target) > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray((low + high) / 2, dtype=np.float64)


def swiss_roll(u: F64) -> F64:
    """Map `u` `(n, 1)` in (0, 1) onto a spiral in the plane `(n, 2)`."""
    t = 1.5 * np.pi * (1 + 2 * u)
    return np.hstack([t * np.cos(t), t * np.sin(t)]) / 21


def spiral(v: F64, i: int, j: int) -> F64:
    """Rotate coordinates `i` and `j` of each row of `v` `(n, d)` by the angle |v|^2 / d.

    The map is invertible, because rotations preserve the norm and thus the angle.
    """
    theta = np.sum(v**2, axis=1) / v.shape[1]
    out: F64 = v.copy()
    out[:, i] = np.cos(theta) * v[:, i] - np.sin(theta) * v[:, j]
    out[:, j] = np.sin(theta) * v[:, i] + np.cos(theta) * v[:, j]
    return out


def identity(x: F64) -> F64:
    """Return x unchanged."""
    return x


def on_both(prefix: str, on_either: Map, base: Sampler) -> Sampler:
    """Return the pair with one map on either side, under its name after `prefix`."""
    return base.mapped(prefix, on_either, on_either)


def spiralled(base: Sampler) -> Sampler:
    """Return the pair with the first two columns of x, and the second and third of y, turned by `spiral`."""
    return base.mapped("spiral", partial(spiral, i=0, j=1), partial(spiral, i=1, j=2))
