"""Mutual information in nats as sums over grids, for laws without a closed form.

A joint law is a matrix of masses: those of atoms, or a density times the weights of a quadrature rule along each axis.
The weights cancel from the ratio p(x, y) / (p(x) p(y)), so that one sum serves both (`tables.table_mi`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import entr
from scipy.stats import norm

from mmg_registry.arrays import F64
from mmg_registry.samplers.tables import table_mi

FAR = 9.0  # standard deviations of a normal that are integrated; beyond lies a mass of 1e-19
TAIL = 1e-18  # probability of the noise that is left out at either end


class Nodes(NamedTuple):
    """The nodes `(k,)` of a quadrature rule, with their weights `(k,)`."""

    at: F64
    weight: F64


def panels(edges: Sequence[float] | F64, order: int = 8) -> Nodes:
    """Return Gauss-Legendre nodes of `order` in each interval between neighbours of `edges`.

    Example:
        >>> rule = panels([0.0, 1.0, 2.0])
        >>> round(float(rule.weight @ rule.at**3), 12)
        4.0
    """
    node, weight = np.polynomial.legendre.leggauss(order)
    low, half = np.asarray(edges[:-1])[:, None], np.diff(edges)[:, None] / 2
    return Nodes((low + half * (node + 1)).ravel(), (half * weight).ravel())


def even_panels(low: float, high: float, side: float, order: int = 8) -> Nodes:
    """Return Gauss-Legendre nodes on [low, high] in equal panels that are at most `side` long."""
    return panels(np.linspace(low, high, math.ceil((high - low) / side) + 1), order)


def normal_nodes(side: float = 0.1, reach: float = FAR) -> Nodes:
    """Return nodes up to `reach` on either side of 0 whose weights are those of the standard normal law.

    Example:
        >>> rule = normal_nodes()
        >>> round(float(rule.weight @ rule.at**2), 12)
        1.0
    """
    rule = even_panels(-reach, reach, side)
    return Nodes(rule.at, rule.weight * norm.pdf(rule.at))


def density_entropy(density: F64, weight: F64) -> float:
    """Return the differential entropy in nats of a density given at the nodes of a rule, scaled to integrate to 1.

    Args:
        density: values `(k,)` of the density at the nodes.
        weight: weights `(k,)` of the nodes.

    Example:
        >>> rule = even_panels(-9.0, 9.0, 0.5)
        >>> round(density_entropy(norm.pdf(rule.at), rule.weight) - float(norm.entropy()), 12)
        0.0
    """
    scaled = np.maximum(density, 0.0) / float(weight @ np.maximum(density, 0.0))
    return float(weight @ entr(scaled))


def noisy_signal_mi(signal: Nodes, noise: Any) -> float:
    """Return I(S; S + N) = h(S + N) - h(N) in nats for noise N that is independent of the signal S.

    Args:
        signal: values of S with their probabilities, spaced well below the width of the noise.
        noise: a frozen continuous distribution of SciPy.

    Example:
        >>> rule = normal_nodes()
        >>> round(noisy_signal_mi(rule, norm(scale=0.5)) - 0.5 * math.log(5), 9)
        0.0
    """
    low, high = signal.at.min() + noise.ppf(TAIL), signal.at.max() + noise.isf(TAIL)
    rule = even_panels(float(low), float(high), float(noise.std()))
    density = noise.pdf(rule.at[:, None] - signal.at) @ signal.weight
    return density_entropy(density, rule.weight) - float(noise.entropy())


def copula_mi(log_density: Callable[[F64, F64], F64]) -> float:
    """Return the information of a copula in nats, integrated over normal scores.

    Args:
        log_density: log c(Phi(a), Phi(b)) as a function of the scores a and b, which broadcast.
    """
    rule = normal_nodes(side=0.2)
    weight = rule.weight[:, None] * rule.weight
    return table_mi(weight * np.exp(log_density(rule.at[:, None], rule.at)))
