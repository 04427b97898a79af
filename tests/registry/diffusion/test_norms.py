"""Lengths of rows: a floor that holds, an error that is right, and silence where nothing is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmg_registry.diffusion import norm_information
from mmg_registry.samplers import SAMPLERS


@pytest.mark.parametrize("name", ["student-identity-2-2-1", "student-identity-5-5-2", "1v1-additive-0.75"])
def test_it_is_a_floor_under_the_truth(name: str) -> None:
    sampler = SAMPLERS[name]
    floor, error = norm_information(*sampler.sample(20_000, 0))
    assert floor - 3 * error < sampler.true_mi
    assert error < 0.02


def test_a_pair_of_normal_lengths_is_known_exactly() -> None:
    """|exp(u)| and |exp(v)|, u and v normal with correlation 0.8."""
    rng = np.random.default_rng(0)
    u = rng.standard_normal((50_000, 1))
    v = 0.8 * u + 0.6 * rng.standard_normal((50_000, 1))
    floor, error = norm_information(np.exp(u), np.exp(v))
    assert floor == pytest.approx(-0.5 * math.log(1 - 0.64), abs=4 * error)


def test_its_error_is_the_spread_over_samples() -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        scale = np.sqrt(rng.chisquare(2, (400, 1)))
        found.append(norm_information(*(rng.standard_normal((2, 400, 2)) / scale)))
    floors, errors = np.array(found).T
    assert errors.mean() == pytest.approx(floors.std(), rel=0.2)


def test_unrelated_rows_have_no_floor_to_speak_of() -> None:
    rng = np.random.default_rng(0)
    floors = [norm_information(*rng.standard_normal((2, 400, 3)))[0] for _ in range(50)]
    assert np.mean(floors) < 0.002
    assert max(floors) < 0.02


@pytest.mark.parametrize("case", ["few rows", "copies", "one length"])
def test_nothing_is_said_where_ranks_tell_nothing(case: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100, 2))
    sides = {"few rows": (x[:19], x[:19]), "copies": (x, np.round(x)), "one length": (x, np.ones_like(x))}[case]
    assert norm_information(*sides) == (0.0, 0.0)


def test_what_is_the_same_shares_no_more_than_the_rows_can_tell() -> None:
    x = np.random.default_rng(0).standard_normal((100, 2))
    floor, _ = norm_information(x, x)
    assert floor == pytest.approx(0.5 * math.log(100), abs=0.01)
