"""Labels, counts and zeros: one side or both take few values, or take one value often."""

from __future__ import annotations

import math
from functools import lru_cache, partial

import numpy as np
from scipy.stats import nbinom, norm, poisson

from mmg_registry.arrays import F64
from mmg_registry.samplers import Sampler, Samples
from mmg_registry.samplers.beyond.copulas import frank_distribution, frank_rows
from mmg_registry.samplers.beyond.few_of_many import correlated, pairs_mi
from mmg_registry.samplers.quadrature import even_panels, mi_of_masses, normal_nodes

CENTRE_SEED = 21
REACH = 5.5  # of the normals behind counts: beyond lies a mass of 4e-8, and counts of thousands
GRID = np.linspace(-8, 8, 401)
ARM_GRID = np.linspace(-2, 2, 401)


# ------------------------------------------------------------------------------------------ labels
def quantised_uniform(levels: int) -> Sampler:
    """Return x uniform on (0, 1) and y, which of `levels` equal intervals holds it: log(levels) nats."""
    return Sampler(f"quantised-uniform-{levels}", 1, 1, math.log(levels), partial(_draw_quantised, levels))


def _draw_quantised(levels: int, rng: np.random.Generator, n: int) -> Samples:
    x = rng.random((n, 1))
    return x, np.floor(levels * x)


def labelled_clusters(labels: int, sd: float) -> Sampler:
    """Return round normal clusters in the plane as x, and their label as y."""
    draw = partial(_draw_labelled, labels, sd)
    return Sampler(f"labelled-clusters-{labels}", 2, 1, partial(_labelled_mi, labels, sd), draw)


def _centres(labels: int) -> F64:
    return 2 * np.random.default_rng(CENTRE_SEED).standard_normal((labels, 2))


def _labelled_mi(labels: int, sd: float) -> float:
    across, down = (norm.pdf(GRID, centre[:, None], sd) for centre in _centres(labels).T)
    return mi_of_masses((across[:, :, None] * down[:, None, :]).reshape(labels, -1))


def _draw_labelled(labels: int, sd: float, rng: np.random.Generator, n: int) -> Samples:
    y = rng.integers(labels, size=n)
    return _centres(labels)[y] + sd * rng.standard_normal((n, 2)), y[:, None].astype(np.float64)


def two_arms(sd: float) -> Sampler:
    """Return two arms of a spiral with normal noise as x, and as y which of them a point belongs to."""
    return Sampler("two-arms", 2, 1, partial(_arms_mi, sd), partial(_draw_arms, sd))


def _arm(t: F64, which: F64 | float) -> F64:
    """Return places `(n, 2)` at the shares `t` of the way out along arm 0 or 1."""
    radius, angle = 0.3 + t, 2 * np.pi * 1.25 * t + np.pi * which
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _arms_mi(sd: float) -> float:
    t = (np.arange(800) + 0.5) / 800
    places = [[norm.pdf(ARM_GRID[:, None], axis, sd) for axis in _arm(t, which).T] for which in (0.0, 1.0)]
    return mi_of_masses(np.stack([(across @ down.T).ravel() for across, down in places]))


def _draw_arms(sd: float, rng: np.random.Generator, n: int) -> Samples:
    y = rng.integers(2, size=n).astype(np.float64)
    return _arm(rng.random(n), y) + sd * rng.standard_normal((n, 2)), y[:, None]


# ------------------------------------------------------------------------------------------ both sides discrete
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
    spins: F64 = (2.0 * bits - 1).reshape(-1, side, side)
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


def counts(rho: float, mean: float) -> Sampler:
    """Return Poisson counts at the rates exp(mean + z) of two normals z with the correlation `rho`."""
    return Sampler(f"counts-{rho:g}", 1, 1, partial(_counts_mi, rho, mean), partial(_draw_counts, rho, mean))


def _counts_mi(rho: float, mean: float) -> float:
    z = normal_nodes(side=0.5, reach=REACH)
    other = even_panels(-REACH, REACH, 0.5)
    joint = norm.pdf(other.at, rho * z.at[:, None], math.sqrt(1 - rho * rho)) * other.weight
    chance: F64 = np.asarray(poisson.pmf(np.arange(900)[:, None], np.exp(mean + z.at)))
    return mi_of_masses(chance @ (z.weight[:, None] * joint) @ chance.T)


def _draw_counts(rho: float, mean: float, rng: np.random.Generator, n: int) -> Samples:
    x, y = correlated(rho, 1, rng, n)
    return rng.poisson(np.exp(mean + x)).astype(np.float64), rng.poisson(np.exp(mean + y)).astype(np.float64)


def ordinal(theta: float, cuts_x: tuple[float, ...], cuts_y: tuple[float, ...]) -> Sampler:
    """Return the two sides of a Frank copula, each cut into levels at the given quantiles."""
    draw = partial(_draw_ordinal, theta, cuts_x, cuts_y)
    name = f"ordinal-{len(cuts_x) + 1}-{len(cuts_y) + 1}"
    return Sampler(name, 1, 1, partial(_ordinal_mi, theta, cuts_x, cuts_y), draw)


def _ordinal_mi(theta: float, cuts_x: tuple[float, ...], cuts_y: tuple[float, ...]) -> float:
    u, v = (np.array([0.0, *cuts, 1.0]) for cuts in (cuts_x, cuts_y))
    below = frank_distribution(theta, u[:, None], v)
    return mi_of_masses(np.diff(np.diff(below, axis=0), axis=1))


def _draw_ordinal(
    theta: float, cuts_x: tuple[float, ...], cuts_y: tuple[float, ...], rng: np.random.Generator, n: int
) -> Samples:
    u, v = frank_rows(theta, rng, n)
    return np.digitize(u, cuts_x).astype(np.float64), np.digitize(v, cuts_y).astype(np.float64)


# ------------------------------------------------------------------------------------------ counts beside a number
def tuned_neuron() -> Sampler:
    """Return a uniform angle and the Poisson count of a neuron that prefers the angle 0."""
    return Sampler("tuned-neuron", 1, 1, _neuron_mi, _draw_neuron)


def _rate(angle: F64) -> F64:
    """Return the expected count: 0.5 far from the preferred angle, 10.5 at it."""
    return np.asarray(0.5 + 10 * np.exp(3 * (np.cos(angle) - 1)), dtype=np.float64)


def _neuron_mi() -> float:
    angle = 2 * np.pi * np.arange(2000) / 2000
    return mi_of_masses(np.asarray(poisson.pmf(np.arange(80)[:, None], _rate(angle))))


def _draw_neuron(rng: np.random.Generator, n: int) -> Samples:
    x = rng.uniform(0, 2 * np.pi, (n, 1))
    return x, rng.poisson(_rate(x)).astype(np.float64)


def overdispersed(mean: float, size: float) -> Sampler:
    """Return a standard normal x and a negative binomial count y of the mean exp(mean + x) and the size `size`.

    Its variance is m + m^2 / size at the mean m.
    """
    draw = partial(_draw_overdispersed, mean, size)
    return Sampler(f"overdispersed-{size:g}", 1, 1, partial(_overdispersed_mi, mean, size), draw)


def _overdispersed_mi(mean: float, size: float) -> float:
    x = normal_nodes(side=1.0, reach=REACH)
    chance = nbinom.pmf(np.arange(8000), size, size / (size + np.exp(mean + x.at[:, None])))
    return mi_of_masses(x.weight[:, None] * chance)


def _draw_overdispersed(mean: float, size: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, 1))
    return x, rng.poisson(rng.gamma(size, np.exp(mean + x) / size)).astype(np.float64)


# ------------------------------------------------------------------------------------------ zeros
def dropout(rho: float, kept: float) -> Sampler:
    """Return two correlated log-normals, of each of which a value is kept with probability `kept` and else 0.

    Where one side is 0 the other tells nothing: kept^2 times the information of the pair.
    """
    return Sampler(f"dropout-{kept:g}", 1, 1, kept**2 * pairs_mi(rho), partial(_draw_dropout, rho, kept))


def _draw_dropout(rho: float, kept: float, rng: np.random.Generator, n: int) -> Samples:
    x, y = correlated(rho, 1, rng, n)
    return np.exp(x) * (rng.random((n, 1)) < kept), np.exp(y) * (rng.random((n, 1)) < kept)
