"""The difference of entropies: its densities, their start, and mixtures; with the critics what all of them share."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from labelled import channel, two_groups, two_groups_mi
from small_runs import MI, Pair, estimate, pair

from mmg_plugins.critics.critics import MINE
from mmg_plugins.densities.doe import Densities, DoE
from mmg_registry.contracts import Run
from mmg_registry.errors import DataError


@pytest.mark.parametrize(("dim_x", "dim_y"), [(3, 1), (1, 4)])
@pytest.mark.parametrize("options", [{}, {"density": "logistic"}])
def test_it_takes_other_widths_on_one_side(dim_x: int, dim_y: int, options: dict[str, str]) -> None:
    result = estimate(DoE, pair(4_000, 0.8, dim_x, dim_y), pair(2_000, 0.8, dim_x, dim_y, 1), **options)
    assert result.mi == pytest.approx(MI, abs=0.1)
    d = result.diagnostics
    assert result.mi == pytest.approx(d["cross_entropy"] - d["cross_entropy_given_x"])


def test_it_mixes_densities_where_one_does_not_fit() -> None:
    """A common scale: no correlation, and neither margins nor conditionals are of one width."""

    def scaled(n: int, seed: int) -> Pair:
        rng = np.random.default_rng(seed)
        scale = np.exp(rng.standard_normal((n, 1)))
        return scale * rng.standard_normal((n, 2)), scale * rng.standard_normal((n, 2))

    train, new = scaled(8_000, 0), scaled(4_000, 1)
    mixed, single = (estimate(DoE, train, new, components=k, steps=400, batch=256).mi for k in (8, 1))
    best = estimate(MINE, train, new, steps=400).mi
    assert abs(mixed - best) < abs(single - best) - 0.02


@pytest.mark.parametrize("density", ["gaussian", "logistic"])
def test_densities_integrate_to_one(density: str) -> None:
    generator = torch.Generator().manual_seed(0)
    made = Densities((2, 1), [8], 3, torch.tensor([0.6]), density, generator)
    for weights in made.parameters():
        torch.nn.init.normal_(weights, std=0.5, generator=generator)
    y = torch.linspace(-60, 60, 24_001)[:, None]
    with torch.no_grad():
        for log_density in (made.log_marginal(y), made.log_conditional(torch.ones(1, 2).expand(len(y), 2), y)):
            assert torch.trapezoid(log_density.exp(), y[:, 0]).item() == pytest.approx(1, abs=1e-3)


def test_a_single_density_starts_from_the_gaussian_pair() -> None:
    made = Densities((1, 2), [8], 1, torch.tensor([0.6]), "gaussian", torch.Generator().manual_seed(0))
    x, y = torch.randn(50, 1), torch.randn(50, 2)
    scale = torch.tensor([0.8, 1.0])
    mean = torch.cat([0.6 * x, torch.zeros(50, 1)], 1)
    assert torch.allclose(
        made.log_conditional(x, y), torch.distributions.Normal(mean, scale).log_prob(y).sum(1), atol=1e-5
    )
    assert torch.allclose(made.log_marginal(y), torch.distributions.Normal(0.0, 1.0).log_prob(y).sum(1), atol=1e-5)


# --- Labels ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("swap", [False, True])
def test_the_side_that_has_a_density_is_modelled(swap: bool) -> None:
    x, y = two_groups(3_000)[:: -1 if swap else 1]
    found = DoE(run=Run(threads=1), steps=300).fit(x[:2_400], y[:2_400]).estimate(x[2_400:], y[2_400:])
    assert found.mi == pytest.approx(two_groups_mi(), abs=0.1)


def test_labels_on_both_sides_are_refused() -> None:
    with pytest.raises(DataError, match="needs a side that has a density"):
        DoE(run=Run(threads=1), steps=20).fit(*channel(300))


def test_rows_have_a_log_ratio() -> None:
    train, new = pair(4_000), pair(1_000, seed=1)
    found = DoE(run=Run(seed=0, threads=1), steps=200).fit(*train).pointwise(*new)
    assert found.values.mean() == pytest.approx(MI, abs=0.1)
    assert not found.errors.any()
