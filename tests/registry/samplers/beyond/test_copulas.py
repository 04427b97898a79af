"""Copulas: densities that integrate to one, uniform margins, and truths against drawn rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from channels import mean
from scipy import stats
from scipy.special import ndtri

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.beyond import copulas
from mmg_registry.samplers.quadrature import copula_mi, normal_nodes

LogDensity = Callable[[np.ndarray, np.ndarray], np.ndarray]
CASES: list[tuple[Sampler, LogDensity]] = [
    (copulas.clayton(5.0), partial(copulas.clayton_log_density, 5.0)),
    (copulas.gumbel(2.5), partial(copulas.gumbel_log_density, 2.5)),
    (copulas.frank(8.0), partial(copulas.frank_log_density, 8.0)),
    (copulas.joe(3.0), partial(copulas.joe_log_density, 3.0)),
    (copulas.sometimes_clayton(8.0, 0.6), partial(copulas._mixed_log_density, 8.0, 0.6)),
]
each = pytest.mark.parametrize(("sampler", "log_density"), CASES, ids=lambda value: getattr(value, "name", ""))


@each
def test_the_density_has_uniform_margins(sampler: Sampler, log_density: LogDensity) -> None:
    rule = normal_nodes(side=0.2)
    scores = np.array([-2.0, 0.0, 1.5])
    margin = np.exp(log_density(scores[:, None], rule.at)) @ rule.weight
    np.testing.assert_allclose(margin, 1.0, atol=1e-6)


@each
def test_rows_follow_the_density(sampler: Sampler, log_density: LogDensity) -> None:
    u, v = sampler.sample(50_000)
    for side in (u, v):
        assert stats.kstest(side[:, 0], stats.uniform.cdf).pvalue > 1e-4
    assert mean(log_density(ndtri(u), ndtri(v))).holds(sampler.true_mi, bias=0.0)
    # Half of u below its median: the share of v below its own tells the strength apart from the truth above.
    rule = normal_nodes(side=0.2)
    below = (rule.at[:, None] < 0) & (rule.at < 0)
    weight = rule.weight[:, None] * rule.weight * np.exp(log_density(rule.at[:, None], rule.at))
    share = ((u < 0.5) & (v < 0.5)).mean()
    assert share == pytest.approx(weight[below].sum(), abs=0.01)


def test_the_closed_form_of_clayton_is_its_integral() -> None:
    for theta in (0.5, 2.0, 5.0):
        integral = copula_mi(partial(copulas.clayton_log_density, theta))
        assert copulas.clayton(theta).true_mi == pytest.approx(integral, abs=1e-5)


def test_frank_rows_follow_its_distribution() -> None:
    u, v = copulas.frank_rows(6.0, np.random.default_rng(0), 50_000)
    for a, b in ((0.2, 0.3), (0.7, 0.4)):
        assert ((u <= a) & (v <= b)).mean() == pytest.approx(
            copulas.frank_distribution(6.0, np.array(a), np.array(b)), abs=0.01
        )
