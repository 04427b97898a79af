"""The 40 tasks of Czyz, Grabowski, Vogt, Beerenwinkel and Marx, under their published ids.

"Beyond Normal: On the Evaluation of Mutual Information Estimators" (NeurIPS 2023). Every true value has a closed form,
because an invertible map of x alone or of y alone does not change the mutual information.
"""

from __future__ import annotations

from functools import partial

from mmg_registry.samplers.contract import Sampler
from mmg_registry.samplers.heavy_tailed import student
from mmg_registry.samplers.maps import (
    asinh,
    bimodal,
    half_cube,
    identity,
    normal_cdf,
    on_both,
    spiralled,
    swiss_roll,
    wiggly_x,
    wiggly_y,
)
from mmg_registry.samplers.normal import bivariate_normal, multinormal_dense, multinormal_sparse
from mmg_registry.samplers.uniform import additive_noise


def _one_dimensional() -> list[Sampler]:
    normal = bivariate_normal(0.75)
    cdf = on_both("normal_cdf", normal_cdf, normal)
    two_x, two_y = (partial(bimodal, weights=w, modes=m) for w, m in (((0.3, 0.7), (0, 5)), ((0.5, 0.5), (-1, 3))))
    two_modes = Sampler("1v1-bimodal-0.75", 1, 1, normal.true_mi, normal.mapped("", two_x, two_y).draw)
    wiggly = normal.mapped("wiggly", wiggly_x, wiggly_y)
    cauchy = student(1, 1)
    roll = cdf.mapped("swissroll_x", swiss_roll, identity, dim_x=2)
    noisy = [additive_noise(0.1), additive_noise(0.75)]
    bent = [two_modes, wiggly, on_both("half_cube", half_cube, normal)]
    return [normal, cdf, *noisy, *bent, cauchy, on_both("asinh", asinh, cauchy), roll]


def _many_dimensional() -> list[Sampler]:
    dense = [multinormal_dense(d) for d in (2, 3, 5, 25, 50)]
    sparse = [multinormal_sparse(d) for d in (2, 3, 5, 25)]
    heavy = [student(d, dof) for d, dof in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3))]
    cdf = [on_both("normal_cdf", normal_cdf, base) for base in sparse[1:]]
    cubes = [on_both("half_cube", half_cube, base) for base in sparse[1:]]
    spirals = [spiralled(base) for base in (*sparse[1:], *cdf)]
    tamed = [on_both("asinh", asinh, heavy[k]) for k in (0, 2, 4)]
    return [*dense, *sparse, *heavy, *cdf, *cubes, *spirals, *tamed]


SAMPLERS: dict[str, Sampler] = {task.name: task for task in (*_one_dimensional(), *_many_dimensional())}
