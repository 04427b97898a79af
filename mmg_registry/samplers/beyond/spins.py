"""Spins of a lattice: both sides take few values in many columns."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from mmg_registry.arrays import F64
from mmg_registry.samplers import Sampler, Samples
from mmg_registry.samplers.quadrature import mi_of_masses


def ising(beta: float, side: int = 4) -> Sampler:
    """Return the left and the right half of an open `side` x `side` lattice of Ising spins at the coupling `beta`.

    All 2^(side^2) states are enumerated.
    """
    half = side * side // 2
    return Sampler(f"ising-{side}x{side}", half, half, partial(_ising_mi, beta, side), partial(_draw_ising, beta, side))


@lru_cache(maxsize=2)
def _ising_law(beta: float, side: int) -> tuple[F64, F64]:
    """Return the spins of all states `(k, side, side)` and their probabilities `(k,)`."""
    bits = (np.arange(2 ** (side * side))[:, None] >> np.arange(side * side)) & 1
    spins = np.asarray(2.0 * bits - 1, dtype=np.float64).reshape(-1, side, side)
    aligned = (spins[:, 1:] * spins[:, :-1]).sum((1, 2)) + (spins[:, :, 1:] * spins[:, :, :-1]).sum((1, 2))
    weight = np.exp(beta * aligned)
    return spins, np.asarray(weight / weight.sum(), dtype=np.float64)


def _halves(spins: F64) -> Samples:
    middle = spins.shape[2] // 2
    return spins[:, :, :middle].reshape(len(spins), -1), spins[:, :, middle:].reshape(len(spins), -1)


def _ising_mi(beta: float, side: int) -> float:
    spins, probability = _ising_law(beta, side)
    place = 2 ** np.arange(side * side // 2)
    left, right = (((half > 0) @ place).astype(int) for half in _halves(spins))
    masses = np.zeros((2 ** len(place),) * 2)
    masses[left, right] = probability
    return mi_of_masses(masses)


def _draw_ising(beta: float, side: int, rng: np.random.Generator, n: int) -> Samples:
    spins, probability = _ising_law(beta, side)
    return _halves(spins[rng.choice(len(probability), size=n, p=probability)])
