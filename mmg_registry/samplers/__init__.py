"""Pairs with known mutual information, for tests, benchmarks and `mmg sample`.

`SAMPLERS` holds the 40 tasks of "Beyond Normal", `HIGH_MI` pairs of 10 to 30 nats, `NULL` independent pairs,
`discrete_pairs` pairs with labels, counts or zeros, and `mutinfo_grid` seven laws at three informations in one to three
columns. `gaussian` and its like make further ones. `mmg_registry.samplers.beyond` holds kinds that these do not.

The modules: `contract` says what a sampler is; `normal`, `heavy_tailed`, `uniform` and `mixtures` are continuous laws,
`maps` bends them; `discrete` holds laws with labels, and `tables` their exact sums; `quadrature` sums over grids;
`bmi`, `high_information`, `null`, `mutinfo`, `discrete.pairs` and `beyond` are the suites; `by_name` finds one.
`conditional` holds triples whose information given the third is known.
"""

from __future__ import annotations

from mmg_registry.samplers.bmi import SAMPLERS
from mmg_registry.samplers.by_name import named
from mmg_registry.samplers.conditional import CONDITIONAL, Triple
from mmg_registry.samplers.contract import DrawSamples, Map, Sampler, Samples, product_of
from mmg_registry.samplers.discrete.pairs import discrete_pairs
from mmg_registry.samplers.heavy_tailed import independent_student, student
from mmg_registry.samplers.high_information import HIGH_MI
from mmg_registry.samplers.maps import (
    asinh,
    bimodal,
    half_cube,
    identity,
    normal_cdf,
    on_both,
    spiral,
    spiralled,
    swiss_roll,
    wiggly_x,
    wiggly_y,
)
from mmg_registry.samplers.mixtures import THREE_COMPONENTS, Mixture, gaussian_mixture, mixture_mi
from mmg_registry.samplers.mutinfo import mutinfo_grid
from mmg_registry.samplers.normal import (
    bivariate_normal,
    gaussian,
    independent,
    multinormal_dense,
    multinormal_sparse,
    sparse_strength,
)
from mmg_registry.samplers.null import NULL
from mmg_registry.samplers.uniform import additive_noise

__all__ = [
    "CONDITIONAL",
    "HIGH_MI",
    "NULL",
    "SAMPLERS",
    "THREE_COMPONENTS",
    "DrawSamples",
    "Map",
    "Mixture",
    "Sampler",
    "Samples",
    "Triple",
    "additive_noise",
    "asinh",
    "bimodal",
    "bivariate_normal",
    "discrete_pairs",
    "gaussian",
    "gaussian_mixture",
    "half_cube",
    "identity",
    "independent",
    "independent_student",
    "mixture_mi",
    "multinormal_dense",
    "multinormal_sparse",
    "mutinfo_grid",
    "named",
    "normal_cdf",
    "on_both",
    "product_of",
    "sparse_strength",
    "spiral",
    "spiralled",
    "student",
    "swiss_roll",
    "wiggly_x",
    "wiggly_y",
]
