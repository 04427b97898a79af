"""Temperatures, the pilot that tunes, and HMC that leaves its target alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmg_registry.annealing.hmc import hmc
from mmg_registry.annealing.path import path_of
from mmg_registry.annealing.schedule import Pilot, linear, root_within, sigmoid
from mmg_registry.models.built_in import MixtureChannel, generator, linear_gaussian
from mmg_registry.threads import torch_threads


@pytest.mark.parametrize("make", [linear, sigmoid])
@pytest.mark.parametrize("n", [1, 2, 50])
def test_schedules_rise_from_zero_to_one(make, n: int) -> None:
    betas = make(n)
    assert (len(betas), betas[0], betas[-1]) == (n + 1, 0.0, 1.0)
    assert (np.diff(betas) > 0).all()


@pytest.mark.parametrize("schedule", ["adaptive-kl", "adaptive-ess"])
@pytest.mark.parametrize("mass", ["dense", "diagonal", "identity"])
def test_the_pilot_tunes_to_its_target(schedule, mass) -> None:
    model = linear_gaussian(latent=4, data=20, mi=6.0)
    x, _ = model.sample(32, seed=0)
    tuned = Pilot(path_of(model, x), schedule, mass, 10, 0.75).run(generator(0))
    betas = tuned.temperatures(schedule, 100)
    assert abs(tuned.acceptance - 0.75) < 0.15
    assert (np.diff(betas) > 0).all()
    assert betas[1] < 0.01 < np.diff(betas)[-1] * 10  # the prior's end is steep


def test_a_root_has_the_same_bits_for_any_number_of_threads() -> None:
    z, roots = torch.randn(16, 960, 5, dtype=torch.float64, generator=generator(0, "cpu")), []
    for threads in (1, 2):
        with torch_threads(threads):
            roots.append(root_within(z, dense=True))
    assert torch.equal(*roots)


def test_hmc_keeps_its_target() -> None:
    model = MixtureChannel(dim=1, mode=1.5)
    x, z = model.sample(20_000, seed=0)
    path, draws, step = path_of(model, x), generator(1), torch.full((20_000,), 0.4).double()
    chains = z[None]
    for _ in range(5):
        chains, acceptance = hmc(path, chains, 1.0, step, torch.ones(1).double(), 3, draws)
    assert 0.5 < float(acceptance.mean()) < 1
    for power in (1, 2):  # pairs (x, z) stay pairs of the model
        gap = ((chains[0] ** power - z**power) * x**power).mean()
        assert abs(float(gap)) < 0.25 * power**3


def test_frozen_moves_change_with_no_state() -> None:
    model = linear_gaussian(latent=2, data=5, mi=2.0)
    x, z = model.sample(8, seed=0)
    path = path_of(model, x)
    tuned = Pilot(path, "adaptive-kl", "dense", 10, 0.75).run(generator(0))
    moves = tuned.moves(path, linear(10), 10)
    before = moves.steps.clone()
    once = [moves(z[None], 5, generator(7))[0] for _ in range(2)]
    assert torch.equal(*once)
    assert torch.equal(before, moves.steps)
