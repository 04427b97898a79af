"""Student-t pairs, with heavy tails: their columns are uncorrelated and share each row's scale."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import digamma, gammaln

from mmg_registry.limits import checked, demand_value
from mmg_registry.samplers.contract import DrawSamples, Sampler, Samples


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
