"""A grid of seven laws at three informations in one to three columns, after the package `mutinfo`.

Each of d columns shares I / d nats with its partner. The laws: normal; the same turned within each side; its image
under the normal distribution function, uniform on either side; that turned; a uniform number and uniform noise on it;
a normal and the label of the interval that it lies in; labels that are drawn again in a share of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
from scipy.optimize import brentq

from mmg_registry.arrays import F64
from mmg_registry.samplers.contract import Sampler, product_of
from mmg_registry.samplers.discrete.channels import rerolled
from mmg_registry.samplers.discrete.levels import labelled_normal, shares_of_entropy
from mmg_registry.samplers.maps import normal_cdf, on_both
from mmg_registry.samplers.normal import gaussian
from mmg_registry.samplers.uniform import additive_noise

INFORMATIONS = (1.0, 5.0, 10.0)  # nats
DIMENSIONS = (1, 2, 3)
LABELS_BEYOND = 2.0  # labels of a channel over the fewest that can hold the information

OneColumn = Callable[[float], Sampler]  # from an information in nats


def smoothed_uniform(mi: float) -> Sampler:
    """Return X uniform on (0, 1) and Y = X + U, U uniform on (0, w) up to a shift, with a width w for `mi` nats.

    The information is w/2 - ln w for w < 1, else 1 / (2 w).
    """
    if mi <= 0.5:
        return additive_noise(1 / (4 * mi))
    return additive_noise(float(brentq(lambda half: half - math.log(2 * half) - mi, math.exp(-mi) / 4, 0.5)))


def rerolled_labels(mi: float) -> Sampler:
    """Return labels, twice as many as `mi` nats need, that are drawn again in as many rows as leaves `mi`."""
    labels = max(2, math.ceil(LABELS_BEYOND * math.exp(mi)))
    return rerolled(labels, float(brentq(lambda share: rerolled(labels, share).true_mi - mi, 0.0, 1.0, xtol=1e-15)))


def _labelled(mi: float) -> Sampler:
    return labelled_normal(shares_of_entropy(mi))


def _normal(mi: float) -> Sampler:
    return gaussian(1, mi)


def _uniform(mi: float) -> Sampler:
    return on_both("normal_cdf", normal_cdf, gaussian(1, mi))


def _turned(base: Sampler) -> Sampler:
    """Return a pair with each side turned by a rotation of its own, fixed by the number of columns."""
    on_x, on_y = (partial(_turn, _rotation(base.dim_x, seed)) for seed in (0, 1))
    return base.mapped("turned", on_x, on_y)


def _rotation(dim: int, seed: int) -> F64:
    return np.asarray(np.linalg.qr(np.random.default_rng([dim, seed]).standard_normal((dim, dim)))[0])


def _turn(rotation: F64, rows: F64) -> F64:
    return rows @ rotation


COLUMNS: Mapping[str, OneColumn] = {
    "normal": _normal,
    "uniform": _uniform,
    "smoothed-uniform": smoothed_uniform,
    "labelled-normal": _labelled,
    "rerolled": rerolled_labels,
}
TURNED = ("normal", "uniform")


@lru_cache(maxsize=1)
def mutinfo_grid() -> dict[str, list[Sampler]]:
    """Return the pairs by law, each at every information and in every number of columns.

    Example:
        >>> [pair.name for pair in mutinfo_grid()["uniform"]][:3]
        ['uniform-1-1nats', 'uniform-2-1nats', 'uniform-3-1nats']
    """
    plain = {law: [_pair(law, mi, dim) for mi in INFORMATIONS for dim in DIMENSIONS] for law in COLUMNS}
    return plain | {f"turned-{law}": [_turned(pair) for pair in plain[law]] for law in TURNED}


def _pair(law: str, mi: float, dim: int) -> Sampler:
    return replace(product_of(f"{law}-{dim}-{mi:g}nats", [COLUMNS[law](mi / dim)] * dim), truth=mi)
