"""Looks at held-out rows: gains, plateaus, the choice of weights, what is left; and which rows are held out."""

from __future__ import annotations

import math

import pytest
import torch

from mmg_registry.training.held_out import Look, choice_error, gained, hold_back, settled


def test_a_choice_that_is_sure_has_no_error() -> None:
    shares = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    kept = Look(0, shares)
    worse, like = (Look(9, torch.stack([shares[:, 0] - by, shares[:, 1].flip(0)], 1)) for by in (1.0, 0.0))
    assert choice_error(kept, kept) == choice_error(kept, worse) == 0.0
    assert choice_error(kept, like) == pytest.approx(math.sqrt(2 / 500), rel=0.1)


def test_weights_that_overflowed_are_never_agained() -> None:
    fine, broken = torch.zeros(3), torch.full((3,), -math.inf)
    assert gained(fine, broken)[0] == -math.inf
    assert gained(broken, fine) == (math.inf, 0.0)


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [([0.1, 0.2], ""), ([0.1, 0.1001], "plateau"), ([0.1, 0.0], "overfitting"), ([], "")],
)
def test_a_training_has_settled_when_its_last_third_gains_nothing(gains: list[float], verdict: str) -> None:
    looks = [Look(300 * (i + 1), torch.full((9, 2), gain)) for i, gain in enumerate([0.0, *gains])]
    assert settled(looks, 0.01) == verdict


def test_what_is_lost_within_the_noise_is_a_plateau() -> None:
    noise = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    assert settled([Look(1, torch.zeros(100, 2)), Look(2, noise - noise.mean(0) - 0.02)], 0.01) == "plateau"


@pytest.mark.parametrize("n", [2, 9, 10, 11, 1_000, 150_000])
def test_rows_held_back_are_a_share_of_all_with_x_and_y_still_paired(n: int) -> None:
    x = torch.arange(n, dtype=torch.float64)[:, None]
    rows, held = hold_back(x.clone(), -x, seed=1)
    assert len(held[0]) == max(1, min(10_000, n // 10))
    assert torch.cat([rows[0], held[0]]).sort(0).values.equal(x)
    assert rows[1].equal(-rows[0])
    assert held[1].equal(-held[0])


def test_rows_held_back_depend_on_the_seed_and_spread_over_all() -> None:
    x = torch.arange(10_000.0)[:, None]
    first, again, other = (hold_back(x.clone(), x.clone(), seed)[1][0] for seed in (1, 1, 2))
    assert first.equal(again)
    assert not first.equal(other)
    assert abs(float(first.mean()) - 5_000) < 4 * 10_000 / (12**0.5) / 1_000**0.5
