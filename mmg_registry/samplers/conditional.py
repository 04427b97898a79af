"""Triples (X, Y, Z) with known conditional information I(X; Y | Z).

`CONDITIONAL` holds twelve of them: chains and forks, whose truth is 0 however x and y depend; colliders and exclusive
ors, where x and y are independent until z is given; normal, bent, heavy-tailed and labelled ones between. Their z have
1, 5 or 20 columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, gammaln, ndtr

from mmg_registry.arrays import F64
from mmg_registry.kinds import KindName
from mmg_registry.limits import checked
from mmg_registry.samplers.tables import table_mi

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(200)  # means over a normal column


class TripleRows(NamedTuple):
    """Rows of x `(n, dim_x)`, of y `(n, dim_y)` and of z `(n, dim_z)`, float64."""

    x: F64
    y: F64
    z: F64


DrawTriple = Callable[[np.random.Generator, int], TripleRows]


@dataclass(frozen=True)
class Triple:
    """Three variables that can be sampled and whose conditional information is known.

    Attributes:
        name: a descriptive name; the number at its end is that of the columns of z.
        true_mi: I(X; Y | Z) in nats.
        draw: maps (generator, n) to rows.
        kinds: kinds of columns by their names ("x", "z0" ..), where the values alone do not tell.

    Example:
        >>> triple = CONDITIONAL["collider-normal-1"]
        >>> triple.sample(100, seed=0).z.shape, round(triple.true_mi, 4)
        ((100, 1), 0.5108)
    """

    name: str
    true_mi: float
    draw: DrawTriple = field(repr=False, compare=False)
    kinds: Mapping[str, KindName] = field(default_factory=dict, repr=False, hash=False)

    def sample(self, n: int, seed: int = 0) -> TripleRows:
        """Draw `n` rows; equal seeds give equal rows.

        Raises:
            OptionError: for an `n` or a `seed` out of range, see `mmg_registry.limits`.
        """
        return self.draw(np.random.default_rng(checked("seed", seed)), checked("rows", n, "n"))


def of_partial(rho: float) -> float:
    """Return the information of two normal columns of partial correlation `rho`, in nats."""
    return -0.5 * math.log((1 - rho) * (1 + rho))


# --- Chains and forks: 0 ----------------------------------------------------------------------------------------------


def chain(noise: float = 0.7) -> Triple:
    """Return x, then z of x, then y of z, each with normal noise."""
    return Triple("chain-normal-1", 0.0, partial(_draw_chain, noise))


def _draw_chain(noise: float, rng: np.random.Generator, n: int) -> TripleRows:
    x, e, f = rng.standard_normal((3, n, 1))
    z = x + noise * e
    return TripleRows(x, z + noise * f, z)


def chain_of_labels(steepness: float = 2.0) -> Triple:
    """Return two labels, each drawn with a probability that rises with z."""
    return Triple("chain-labels-1", 0.0, partial(_draw_chain_of_labels, steepness))


def _draw_chain_of_labels(steepness: float, rng: np.random.Generator, n: int) -> TripleRows:
    z = rng.standard_normal((n, 1))
    x, y = (rng.random((2, n, 1)) < ndtr(steepness * z)).astype(np.float64)
    return TripleRows(x, y, z)


def bent_fork(dim_z: int, noise: float = 0.4) -> Triple:
    """Return x and y that are a wave and a square of the sum of z's columns, each with normal noise."""
    return Triple(f"fork-bent-{dim_z}", 0.0, partial(_draw_bent_fork, dim_z, noise))


def _draw_bent_fork(dim_z: int, noise: float, rng: np.random.Generator, n: int) -> TripleRows:
    z = rng.standard_normal((n, dim_z))
    cause = z.sum(1, keepdims=True) / math.sqrt(dim_z)
    e, f = noise * rng.standard_normal((2, n, 1))
    return TripleRows(np.sin(2 * cause) + e, cause**2 + f, z)


# --- Dependence that z makes or changes -------------------------------------------------------------------------------


def collider(noise: float = 0.5) -> Triple:
    """Return independent normal x and y, and as z their sum with noise."""
    rho = 1 / (1 + noise**2)
    return Triple("collider-normal-1", of_partial(rho), partial(_draw_collider, noise))


def _draw_collider(noise: float, rng: np.random.Generator, n: int) -> TripleRows:
    x, y, e = rng.standard_normal((3, n, 1))
    return TripleRows(x, y, x + y + noise * e)


def xor(flipped: float = 0.1) -> Triple:
    """Return fair bits x and z, and as y their exclusive or, flipped in a share of the rows."""
    law = np.array([[1 - flipped, flipped], [flipped, 1 - flipped]]) / 2
    return Triple("xor-1", table_mi(law), partial(_draw_xor, flipped))


def _draw_xor(flipped: float, rng: np.random.Generator, n: int) -> TripleRows:
    x, z = rng.integers(0, 2, (2, n, 1))
    y = (x ^ z) ^ (rng.random((n, 1)) < flipped)
    return TripleRows(x.astype(np.float64), y.astype(np.float64), z.astype(np.float64))


def product(noise: float = 0.5) -> Triple:
    """Return independent normal x and z, and as y their product with noise: no correlation shows until z is told."""
    truth = float(WEIGHTS @ (0.5 * np.log1p((NODES / noise) ** 2)) / WEIGHTS.sum())
    return Triple("product-1", truth, partial(_draw_product, noise))


def _draw_product(noise: float, rng: np.random.Generator, n: int) -> TripleRows:
    x, z, e = rng.standard_normal((3, n, 1))
    return TripleRows(x, z * x + noise * e, z)


def regimes(rho: tuple[float, ...] = (-0.8, 0.0, 0.5, 0.9)) -> Triple:
    """Return normal x and y whose correlation and means are told by the label z."""
    truth = float(np.mean([of_partial(each) for each in rho]))
    return Triple("regimes-1", truth, partial(_draw_regimes, rho), {"z": "category"})


def _draw_regimes(rho: tuple[float, ...], rng: np.random.Generator, n: int) -> TripleRows:
    label = rng.integers(0, len(rho), (n, 1))
    own, (x, e) = np.array(rho)[label], rng.standard_normal((2, n, 1))
    y = own * x + np.sqrt(1 - own**2) * e
    return TripleRows(x + label, y - label, label.astype(np.float64))


# --- Normal triples, and what becomes of them by maps and by a common scale -------------------------------------------


def normal(dim_z: int, rho: float = 0.6) -> Triple:
    """Return two columns each of x and of y, which depend on all columns of z and have partial correlations `rho`."""
    return Triple(f"normal-{dim_z}", 2 * of_partial(rho), partial(_draw_normal, dim_z, 2, rho))


def _draw_normal(dim_z: int, dim: int, rho: float, rng: np.random.Generator, n: int) -> TripleRows:
    z, e, f = (rng.standard_normal((n, each)) for each in (dim_z, dim, dim))
    load = np.cos(np.arange(dim_z)[:, None] + np.arange(dim)) / math.sqrt(dim_z)
    x = z @ load + e
    return TripleRows(x, z @ load[:, ::-1] + rho * e + math.sqrt(1 - rho**2) * f, z)


def transformed(rho: float = 0.8) -> Triple:
    """Return a normal triple behind an exponential, a cube and a hyperbolic sine."""
    return Triple("transformed-1", of_partial(rho), partial(_draw_transformed, rho))


def _draw_transformed(rho: float, rng: np.random.Generator, n: int) -> TripleRows:
    x, y, z = _draw_normal(1, 1, rho, rng, n)
    return TripleRows(np.exp(x), y**3, np.sinh(2 * z))


def student(dim_z: int, degrees: float = 4.0, rho: float = 0.6) -> Triple:
    """Return a normal triple whose columns share one random scale, which makes them Student's.

    The entropy of d such columns is that of normal ones but for a function of d (Kotz and Nadarajah, Multivariate t
    Distributions and Their Applications, 2004, section 1.9), whose differences the scale adds.
    """
    beyond = 2 * _of_scale(1 + dim_z, degrees) - _of_scale(2 + dim_z, degrees) - _of_scale(dim_z, degrees)
    return Triple(f"student-{dim_z}", of_partial(rho) + beyond, partial(_draw_student, dim_z, degrees, rho))


def _of_scale(dim: int, degrees: float) -> float:
    half = (degrees + dim) / 2
    return float(half * (digamma(half) - digamma(degrees / 2)) - gammaln(half))


def _draw_student(dim_z: int, degrees: float, rho: float, rng: np.random.Generator, n: int) -> TripleRows:
    rows = _draw_normal(dim_z, 1, rho, rng, n)
    scale = np.sqrt(degrees / rng.chisquare(degrees, (n, 1)))
    return TripleRows(*(scale * side for side in rows))


CONDITIONAL: dict[str, Triple] = {
    triple.name: triple
    for triple in (
        chain(), chain_of_labels(), bent_fork(1), bent_fork(5), collider(), xor(),
        product(), regimes(), normal(5), normal(20), transformed(), student(5),
    )
}  # fmt: skip
