"""Relations with branches: their truths against Monte Carlo over drawn rows."""

from __future__ import annotations

import numpy as np
import pytest
from channels import LogLaw, by_channel
from scipy import stats

from mmg_registry.samplers import Sampler
from mmg_registry.samplers.beyond import folded


def around(curve: LogLaw, noise: float) -> LogLaw:
    return lambda x, y: stats.norm.logpdf(y[..., 0], curve(x[..., 0]), noise)  # type: ignore[call-arg]


def either(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = x[..., 0], y[..., 0]
    return np.log(0.5 * stats.norm.pdf(y, x, 0.3) + 0.5 * stats.norm.pdf(y, -x, 0.3))


def ring_law(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The joint density over that of x, which is integrated over y."""
    x, y = x[..., 0], y[..., 0]
    over = np.linspace(-2.4, 2.4, 801)
    margin = folded._ring_density(np.hypot(x[..., None], over), 0.15).sum(-1) * (over[1] - over[0])
    return np.log(folded._ring_density(np.hypot(x, y), 0.15) / margin)


@pytest.mark.parametrize(
    ("sampler", "law"),
    [
        (folded.chirp(5, 0.1), around(lambda x: np.sin(5 * x), 0.1)),
        (folded.logistic_map(1, 0.05), around(lambda x: 4 * x * (1 - x), 0.05)),
        (folded.logistic_map(3, 0.1), around(lambda x: np.sin(8 * np.arcsin(np.sqrt(x))) ** 2, 0.1)),
        (folded.continued_fraction(0.1), around(lambda x: np.mod(1 / x, 1), 0.1)),
        (folded.fork(0.3), either),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_truths_are_those_of_the_rows(sampler: Sampler, law: LogLaw) -> None:
    found = by_channel(sampler, law)
    assert found.error < 0.025
    assert found.holds(sampler.true_mi)


def test_the_ring() -> None:
    found = by_channel(folded.ring(0.15), ring_law, rows=500, others=600)
    assert found.holds(folded.ring(0.15).true_mi, bias=0.02)
    x, y = folded.ring(0.15).sample(20_000)
    assert stats.kstest(np.hypot(x, y)[:, 0], stats.norm(1, 0.15).cdf).pvalue > 1e-4


def test_more_branches_tell_no_less_of_what_is_seen() -> None:
    assert folded.chirp(2, 0.1).true_mi == folded.chirp(9, 0.1).true_mi > folded.chirp(2, 0.3).true_mi
