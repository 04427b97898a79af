"""Paths: how many rows a model sees at once, and that it does not matter."""

from __future__ import annotations

import pytest
import torch
from bad_models import Encoded

import mmg_registry as mmg
from mmg_registry.annealing import path
from mmg_registry.models.built_in import linear_gaussian

LINEAR = linear_gaussian(latent=2, data=6, mi=3.0)


class Counting:
    """A linear decoder without gradients by hand, in float64, that notes how many rows it saw at once."""

    def __init__(self) -> None:
        self.most = 0
        self.log_prior, self.sample, self.sample_prior = LINEAR.log_prior, LINEAR.sample, LINEAR.sample_prior
        self.log_q, self.sample_q = LINEAR.log_q, LINEAR.sample_q

    def log_likelihood(self, x, z):
        self.most = max(self.most, len(z))
        return LINEAR.log_likelihood(x, z)


@pytest.mark.parametrize(
    ("plugin", "options"),
    [
        ("ais", {"temperatures": 20, "chains": 4, "decay": False}),
        ("ais", {"temperatures": 20, "chains": 4, "decay": False, "start": "encoder"}),
        ("iwae", {"chains": 50}),
        ("giwae", {"chains": 50, "start": "encoder"}),
    ],
)
def test_the_bounds_do_not_depend_on_how_much_fits_into_memory(plugin: str, options: dict) -> None:
    models = [Counting(), Counting()]
    at_once, in_parts = (
        mmg.bound(model, plugin, n=10, rows=rows, **options) for model, rows in zip(models, (None, 11), strict=True)
    )
    assert in_parts.lower == pytest.approx(at_once.lower, abs=1e-9)
    assert in_parts.upper == (None if at_once.upper is None else pytest.approx(at_once.upper, abs=1e-9))
    assert models[1].most <= 11 < models[0].most


def test_the_budget_counts_numbers_of_x_and_z(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "BUDGET", 8 * 5)
    model = Counting()
    mmg.bound(model, "iwae", n=10, chains=3)
    assert model.most == 10  # the pairs themselves, before any chain
    found = [len(rows) for _, rows in path.pieces(torch.zeros(10, 6), torch.zeros(3, 10, 2))]
    assert found == [5] * 6


def test_pieces_keep_the_pairs_together() -> None:
    x, z = torch.arange(3.0)[:, None], torch.arange(6.0).view(2, 3, 1)
    for rows, chains in path.pieces(x, z, 4):
        torch.testing.assert_close(chains % 3, rows)


def test_gradients_in_parts_are_gradients() -> None:
    model = Encoded()
    x, _ = model.sample(6, seed=0)
    z = torch.randn(4, 6, 1, generator=torch.Generator().manual_seed(0))
    whole, parts = (path.path_of(model, x, "prior", rows).tempered(z, 0.3) for rows in (None, 5))
    torch.testing.assert_close(whole, parts)
