"""Pairs with known mutual information, for tests, benchmarks and `mmg sample`.

`SAMPLERS` holds the 40 tasks of Czyz, Grabowski, Vogt, Beerenwinkel and Marx, "Beyond Normal: On the Evaluation of
Mutual Information Estimators" (NeurIPS 2023) under their published ids. Every true value has a closed form, because an
invertible map of x alone or of y alone does not change the mutual information. `HIGH_MI` holds pairs of 10 to 30 nats,
and `NULL` independent pairs; `gaussian` and `gaussian_mixture` make further ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial

import numpy as np
from scipy.special import digamma, gammaln, logsumexp, ndtr

from mmg_registry.arrays import F64
from mmg_registry.errors import OptionError
from mmg_registry.limits import checked, demand_value
from mmg_registry.names import nearest

Samples = tuple[F64, F64]
DrawSamples = Callable[[np.random.Generator, int], Samples]
Map = Callable[[F64], F64]


@dataclass(frozen=True)
class Sampler:
    """A pair (X, Y) that can be sampled and whose mutual information is known.

    Attributes:
        name: its published id, or a descriptive name.
        dim_x, dim_y: dimensions of X and of Y.
        truth: I(X; Y) in nats, or a function that computes it, which runs when `true_mi` is first asked for.
        draw: maps (generator, n) to rows (x, y).

    Example:
        >>> task = SAMPLERS["1v1-normal-0.75"]
        >>> x, y = task.sample(1000, seed=0)
        >>> x.shape, y.shape, round(task.true_mi, 4)
        ((1000, 1), (1000, 1), 0.4133)
    """

    name: str
    dim_x: int
    dim_y: int
    truth: float | Callable[[], float]
    draw: DrawSamples = field(repr=False, compare=False)

    @cached_property
    def true_mi(self) -> float:
        """Return I(X; Y) in nats."""
        return self.truth() if callable(self.truth) else self.truth

    def sample(self, n: int, seed: int = 0) -> Samples:
        """Draw `x` `(n, dim_x)` and `y` `(n, dim_y)` in float64; equal seeds give equal rows.

        Raises:
            OptionError: for an `n` or a `seed` out of range, see `mmg_registry.limits`.
        """
        return self.draw(np.random.default_rng(checked("seed", seed)), checked("rows", n, "n"))

    def mapped(self, prefix: str, on_x: Map, on_y: Map, dim_x: int | None = None) -> Sampler:
        """Return the pair (on_x(X), on_y(Y)) for invertible maps, which has the same mutual information.

        Args:
            prefix: beginning of the new name, before this pair's name.
            on_x, on_y: maps of rows `(n, dim)`.
            dim_x: dimension of on_x(X), if it differs.
        """
        draw = partial(_draw_mapped, self.draw, on_x, on_y)
        return Sampler(f"{prefix}-{self.name}", dim_x or self.dim_x, self.dim_y, self.truth, draw)


def _draw_mapped(base: DrawSamples, on_x: Map, on_y: Map, rng: np.random.Generator, n: int) -> Samples:
    x, y = base(rng, n)
    return on_x(x), on_y(y)


# ------------------------------------------------------------------------------------------ Gaussian pairs
def gaussian(dim: int = 5, mi: float = 1.0) -> Sampler:
    """Return standard normals in `dim` independent coordinate pairs that share `mi` nats in equal parts.

    Raises:
        OptionError: for a dimension below 1, or an information that is negative or not finite.

    Example:
        >>> gaussian(dim=2, mi=0.5).true_mi
        0.5
    """
    dim, mi = checked("dim", dim), checked("mi", mi)
    noise = math.exp(-mi / dim)  # sd of y given x; 1 - rho^2 = noise^2 keeps its digits for rho near 1
    rho = np.full(dim, math.sqrt(-math.expm1(-2 * mi / dim)))
    return Sampler(f"gaussian-{dim}-{mi:g}", dim, dim, float(mi), partial(_draw_pairs, rho, np.full(dim, noise)))


def independent(dim: int = 5) -> Sampler:
    """Return independent standard normals, `dim` against `dim` columns: 0 nats.

    Raises:
        OptionError: for a dimension below 1.
    """
    base = gaussian(dim, 0.0)
    return Sampler(f"independent-{dim}", dim, dim, 0.0, base.draw)


def bivariate_normal(rho: float = 0.75) -> Sampler:
    """Return two standard normals with correlation `rho`: -1/2 log(1 - rho^2) nats.

    Raises:
        OptionError: for a correlation outside (-1, 1).
    """
    demand_value(-1 < rho < 1, "rho", rho, "a correlation between -1 and 1")
    return Sampler(f"1v1-normal-{rho:g}", 1, 1, _gaussian_mi(np.array([rho])), _pairs(np.array([rho])))


def multinormal_sparse(dim: int, strength: float = 2.0, n_pairs: int = 2) -> Sampler:
    """Return standard normals, `dim` against `dim` columns, of which the first `n_pairs` pairs are correlated.

    Each correlated pair is a shared factor of loading `strength` plus unit noises, so its correlation is
    strength^2 / (1 + strength^2), 0.8 for strength 2, and it shares log(1 + strength^2) - 1/2 log(1 + 2 strength^2)
    nats.

    Raises:
        OptionError: for fewer dimensions than correlated pairs.

    Example:
        >>> round(multinormal_sparse(5).true_mi, 4)
        1.0217
    """
    demand_value(0 <= n_pairs <= dim, "n_pairs", n_pairs, f"from 0 to dim, which is {dim}")
    correlation, squared = np.zeros(dim), strength**2
    correlation[:n_pairs] = squared / (1 + squared)
    noise = np.ones(dim)
    noise[:n_pairs] = math.sqrt(1 + 2 * squared) / (1 + squared)  # 1 - rho^2 without cancellation
    name = f"multinormal-sparse-{dim}-{dim}-{n_pairs}-{float(strength)}"
    return Sampler(name, dim, dim, -float(np.sum(np.log(noise))), partial(_draw_pairs, correlation, noise))


def sparse_strength(mi: float, n_pairs: int = 2) -> float:
    """Return the strength s at which `multinormal_sparse` shares `mi` nats.

    It solves (1 + s^2)^2 / (1 + 2 s^2) = exp(2 mi / n_pairs).

    Raises:
        OptionError: for an information that is negative or too large for float64.

    Example:
        >>> round(sparse_strength(1.0216512475319814), 6)
        2.0
    """
    demand_value(0 <= 2 * mi / n_pairs < 350, "mi", mi, f"between 0 and {175 * n_pairs} nats")
    grown = math.expm1(2 * mi / n_pairs)
    return math.sqrt(grown + math.sqrt(grown * (grown + 1)))


def multinormal_dense(dim: int, correlation: float = 0.5) -> Sampler:
    """Return standard normals, `dim` against `dim` columns, all pairs of which have the same correlation, in [0, 1).

    Raises:
        OptionError: for a correlation outside [0, 1).
    """
    r = correlation
    demand_value(0 <= r < 1, "correlation", r, "0 or more and below 1")
    ratio = (1 + (dim - 1) * r) ** 2 / ((1 - r) * (1 + (2 * dim - 1) * r))
    return Sampler(f"multinormal-dense-{dim}-{dim}-{r}", dim, dim, 0.5 * math.log(ratio), partial(_draw_dense, dim, r))


def _gaussian_mi(rho: F64) -> float:
    return float(-0.5 * np.sum(np.log1p(-rho) + np.log1p(rho)))


def _pairs(rho: F64) -> DrawSamples:
    return partial(_draw_pairs, rho, np.sqrt((1 - rho) * (1 + rho)))


def _draw_pairs(rho: F64, noise: F64, rng: np.random.Generator, n: int) -> Samples:
    x = rng.standard_normal((n, len(rho)))
    return x, rho * x + noise * rng.standard_normal((n, len(rho)))


def _draw_dense(dim: int, r: float, rng: np.random.Generator, n: int) -> Samples:
    z = math.sqrt(r) * rng.standard_normal((n, 1)) + math.sqrt(1 - r) * rng.standard_normal((n, 2 * dim))
    return z[:, :dim], z[:, dim:]


# ------------------------------------------------------------------------------------------ Student and uniform pairs
def student(dim: int, dof: int) -> Sampler:
    """Return a multivariate Student-t, `dim` against `dim` uncorrelated columns, which share only each row's scale.

    The information is h(X) + h(Y) - h(X, Y) with the entropy of the multivariate t (Arellano-Valle, Contreras-Reyes
    and Genton, "Shannon entropy and mutual information for multivariate skew-elliptical distributions", 2013).

    Raises:
        OptionError: for a dimension or degrees of freedom below 1.
    """
    dim = checked("dim", dim)
    demand_value(dof >= 1, "dof", dof, "1 or more degrees of freedom")
    mi = 2 * _student_entropy(dim, dof) - _student_entropy(2 * dim, dof)
    return Sampler(f"student-identity-{dim}-{dim}-{dof}", dim, dim, mi, partial(_draw_student, dim, dof))


def _student_entropy(dim: int, dof: int) -> float:
    """Return the differential entropy in nats of the standard t in `dim` dimensions."""
    low, high = dof / 2, (dof + dim) / 2
    log_norm = gammaln(low) - gammaln(high) + dim / 2 * math.log(dof * math.pi)
    return float(log_norm + high * (digamma(high) - digamma(low)))


def _draw_student(dim: int, dof: int, rng: np.random.Generator, n: int) -> Samples:
    z = rng.standard_normal((n, 2 * dim)) * np.sqrt(dof / rng.chisquare(dof, (n, 1)))
    return z[:, :dim], z[:, dim:]


def independent_student(dim: int, dof: int) -> Sampler:
    """Return two independent multivariate Student-t, `dim` against `dim` columns, with separate row scales: 0 nats.

    Raises:
        OptionError: for a dimension or degrees of freedom below 1.
    """
    base = student(dim, dof)
    return Sampler(f"independent-student-{dim}-{dim}-{dof}", dim, dim, 0.0, partial(_draw_unpaired, base.draw))


def _draw_unpaired(draw: DrawSamples, rng: np.random.Generator, n: int) -> Samples:
    return draw(rng, n)[0], draw(rng, n)[1]


def additive_noise(width: float) -> Sampler:
    """Return X uniform on (0, 1) and Y = X + N with N uniform on (-width, width).

    Raises:
        OptionError: for a width that is not positive.
    """
    demand_value(width > 0, "width", width, "a positive number")
    mi = width - math.log(2 * width) if width <= 0.5 else 1 / (4 * width)
    return Sampler(f"1v1-additive-{width:g}", 1, 1, mi, partial(_draw_additive, width))


def _draw_additive(width: float, rng: np.random.Generator, n: int) -> Samples:
    x = rng.random((n, 1))
    return x, x + rng.uniform(-width, width, (n, 1))


# ------------------------------------------------------------------------------------------ Gaussian mixtures
@dataclass(frozen=True)
class Mixture:
    """A mixture of k bivariate Gaussians.

    Attributes:
        weights: `(k,)`, summing to 1.
        means: `(k, 2)`.
        covariances: `(k, 2, 2)`.
    """

    weights: F64
    means: F64
    covariances: F64

    def log_density(self, points: F64) -> F64:
        """Return log p(x, y) `(n,)` in nats at `points` `(n, 2)`."""
        parts = [self._part(k, points) for k in range(len(self.weights))]
        return np.asarray(logsumexp(np.stack(parts), axis=0), dtype=np.float64)

    def log_marginal(self, axis: int, points: F64) -> F64:
        """Return log p(x) for `axis` 0 or log p(y) for `axis` 1, `(n,)` in nats, at `points` `(n,)`."""
        variance = self.covariances[:, axis, axis]
        z2 = (points[:, None] - self.means[:, axis]) ** 2 / variance
        parts = np.log(self.weights) - 0.5 * (z2 + np.log(2 * np.pi * variance))
        return np.asarray(logsumexp(parts, axis=1), dtype=np.float64)

    def pointwise(self, points: F64) -> F64:
        """Return log(p(x, y) / (p(x) p(y))) in nats at `points` `(n, 2)`; its mean over the pair is I(X; Y)."""
        return self.log_density(points) - self.log_marginal(0, points[:, 0]) - self.log_marginal(1, points[:, 1])

    def _part(self, k: int, points: F64) -> F64:
        factor = np.linalg.cholesky(self.covariances[k])
        z = np.linalg.solve(factor, (points - self.means[k]).T)
        log_norm = math.log(2 * math.pi) + float(np.sum(np.log(np.diag(factor))))
        return np.asarray(np.log(self.weights[k]) - log_norm - 0.5 * np.sum(z**2, axis=0), dtype=np.float64)


def mixture_mi(mixture: Mixture, order: int = 24) -> float:
    """Return I(X; Y) in nats of a bivariate Gaussian mixture, by Gauss-Legendre quadrature over the plane.

    The domain reaches nine standard deviations beyond every component's mean. It is cut into panels whose sides are at
    most four times the smallest conditional standard deviation, with `order` nodes per side in each.
    """
    axes = [_panel_nodes(mixture, axis, order) for axis in (0, 1)]
    (x, wx), (y, wy) = axes
    total = 0.0
    for node, weight in zip(x, wx, strict=True):
        points = np.column_stack([np.full_like(y, node), y])
        total += weight * float(np.sum(wy * np.exp(mixture.log_density(points)) * mixture.pointwise(points)))
    return float(total)


def _panel_nodes(mixture: Mixture, axis: int, order: int) -> tuple[F64, F64]:
    """Return nodes and weights of a composite Gauss-Legendre rule along one axis."""
    sd = np.sqrt(mixture.covariances[:, axis, axis])
    low, high = np.min(mixture.means[:, axis] - 9 * sd), np.max(mixture.means[:, axis] + 9 * sd)
    narrow = np.sqrt(np.min(1 / np.linalg.inv(mixture.covariances)[:, axis, axis]))
    edges = np.linspace(low, high, math.ceil((high - low) / (4 * narrow)) + 1)
    node, weight = np.polynomial.legendre.leggauss(order)
    half = np.diff(edges)[:, None] / 2
    nodes: F64 = (edges[:-1, None] + half * (node + 1)).ravel()
    return nodes, np.asarray((half * weight).ravel(), dtype=np.float64)


THREE_COMPONENTS = Mixture(
    weights=np.array([0.4, 0.35, 0.25]),
    means=np.array([[-1.5, -1.0], [1.5, 1.2], [0.5, -1.8]]),
    covariances=np.array([[[0.5, 0.3], [0.3, 0.6]], [[0.7, -0.4], [-0.4, 0.5]], [[0.3, 0.0], [0.0, 0.4]]]),
)


@lru_cache(maxsize=1)
def gaussian_mixture() -> Sampler:
    """Return a mixture of three bivariate Gaussians with positive, negative and no correlation: 0.4460 nats.

    Example:
        >>> round(gaussian_mixture().true_mi, 4)
        0.446
    """
    return Sampler("gaussian-mixture-3", 1, 1, mixture_mi(THREE_COMPONENTS), partial(_draw_mixture, THREE_COMPONENTS))


def _draw_mixture(mixture: Mixture, rng: np.random.Generator, n: int) -> Samples:
    component = rng.choice(len(mixture.weights), size=n, p=mixture.weights)
    factors = np.linalg.cholesky(mixture.covariances)[component]  # (n, 2, 2)
    z = mixture.means[component] + np.einsum("nij,nj->ni", factors, rng.standard_normal((n, 2)))
    return z[:, :1], z[:, 1:]


# ------------------------------------------------------------------------------------------ invertible maps
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


# ------------------------------------------------------------------------------------------ the 40 tasks
def _both(prefix: str, on_either: Map, base: Sampler) -> Sampler:
    return base.mapped(prefix, on_either, on_either)


def _spiralled(base: Sampler) -> Sampler:
    return base.mapped("spiral", partial(spiral, i=0, j=1), partial(spiral, i=1, j=2))


def _one_dimensional() -> list[Sampler]:
    normal = bivariate_normal(0.75)
    cdf = _both("normal_cdf", normal_cdf, normal)
    two_x, two_y = (partial(bimodal, weights=w, modes=m) for w, m in (((0.3, 0.7), (0, 5)), ((0.5, 0.5), (-1, 3))))
    two_modes = Sampler("1v1-bimodal-0.75", 1, 1, normal.true_mi, normal.mapped("", two_x, two_y).draw)
    wiggly = normal.mapped("wiggly", wiggly_x, wiggly_y)
    cauchy = student(1, 1)
    roll = cdf.mapped("swissroll_x", swiss_roll, identity, dim_x=2)
    noisy = [additive_noise(0.1), additive_noise(0.75)]
    bent = [two_modes, wiggly, _both("half_cube", half_cube, normal)]
    return [normal, cdf, *noisy, *bent, cauchy, _both("asinh", asinh, cauchy), roll]


def _many_dimensional() -> list[Sampler]:
    dense = [multinormal_dense(d) for d in (2, 3, 5, 25, 50)]
    sparse = [multinormal_sparse(d) for d in (2, 3, 5, 25)]
    heavy = [student(d, dof) for d, dof in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3))]
    cdf = [_both("normal_cdf", normal_cdf, base) for base in sparse[1:]]
    cubes = [_both("half_cube", half_cube, base) for base in sparse[1:]]
    spirals = [_spiralled(base) for base in (*sparse[1:], *cdf)]
    tamed = [_both("asinh", asinh, heavy[k]) for k in (0, 2, 4)]
    return [*dense, *sparse, *heavy, *cdf, *cubes, *spirals, *tamed]


SAMPLERS: dict[str, Sampler] = {task.name: task for task in (*_one_dimensional(), *_many_dimensional())}


# ------------------------------------------------------------------------------------------ beyond the 40 tasks
def _high_mi() -> list[Sampler]:
    """Return samplers of two correlated pairs in 3x3: 9.9 to 14.5 nats, plain and mapped; 20 and 30 nats, plain."""
    plain = [multinormal_sparse(3, strength) for strength in (200, 650, 1100, 1550, 2000)]
    mapped = [_both("half_cube", half_cube, base) for base in plain] + [_spiralled(base) for base in plain]
    extreme = [replace(multinormal_sparse(3, sparse_strength(mi)), truth=mi, name=_nats(mi)) for mi in (20.0, 30.0)]
    return [*plain, *mapped, *extreme]


def _nats(mi: float) -> str:
    return f"multinormal-sparse-3-3-2-{mi:g}nats"


def _null() -> list[Sampler]:
    dims = (1, 5, 25, 50)
    normal = [replace(independent(d), name=f"independent-normal-{d}-{d}") for d in dims]
    return [*normal, *(independent_student(d, 2) for d in dims)]


HIGH_MI: dict[str, Sampler] = {task.name: task for task in _high_mi()}
NULL: dict[str, Sampler] = {task.name: task for task in _null()}


def named(name: str, dim: int = 5, mi: float = 1.0) -> Sampler:
    """Return the sampler called `name`.

    Args:
        name: "gaussian", "independent", "mixture", or a task's id.
        dim: columns on each side of "gaussian" and "independent".
        mi: mutual information of "gaussian" in nats.

    Raises:
        OptionError: for an unknown name, with the nearest known one, and for a `dim` or `mi` out of range.

    Example:
        >>> named("gaussian", dim=3, mi=0.7).dim_x
        3
    """
    made: dict[str, Callable[[], Sampler]] = {
        "gaussian": partial(gaussian, dim, mi),
        "independent": partial(independent, dim),
        "mixture": gaussian_mixture,
    }
    if name in made:
        return made[name]()
    if name not in SAMPLERS:
        raise OptionError(f"There is no sampler '{name}'; {nearest(name, [*made, *SAMPLERS])}.")
    return SAMPLERS[name]
