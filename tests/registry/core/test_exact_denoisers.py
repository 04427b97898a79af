"""MI from exact denoisers: Gaussian data and a network that corrects nothing, so that only the integral is tested."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest
import torch
from problems import ISAS, default_proposal, wiener_problem
from scipy.stats import chi2

from mmg_registry.core import Proposal
from mmg_registry.diffusion import gaussian_tail, summarise
from mmg_registry.diffusion.proposals import HIGHEST, LOWEST

N, REPEATS, TRIALS = 10_000, 10, 12


@dataclass(frozen=True)
class Task:
    """A Gaussian pair by its canonical correlations, and the spread of one estimate with exact denoisers.

    The spreads are those of independent log-SNRs with common noise for both denoisers, 10,000 rows and 10 repeats
    (direct, orthogonal); ours are stratified, and must not be larger.
    """

    rho: tuple[float, ...]
    dim: int
    direct_sd: float
    orthogonal_sd: float

    @property
    def mi(self) -> float:
        return -0.5 * sum(math.log((1 - r) * (1 + r)) for r in self.rho)


TASKS = {
    "1x1": Task((0.75,), 1, 0.011, 0.005),
    "dense 5x5": Task((5 / 6,), 5, 0.012, 0.007),
    "dense 25x25": Task((25 / 26,), 25, 0.015, 0.011),
    "2-pair 25x25": Task((0.8, 0.8), 25, 0.015, 0.008),
    "sparse 3x3": Task((200**2 / (1 + 200**2),) * 2, 3, 0.053, 0.049),
}
tasks = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


@lru_cache
def trials(task: Task, proposal: Proposal | None = None) -> torch.Tensor:
    """`(TRIALS, 2)` direct and orthogonal estimates inside the window, each with rows and noise of its own."""
    proposal = proposal or default_proposal()
    rho = torch.tensor(task.rho, dtype=torch.float64)
    found = []
    for seed in range(TRIALS):
        problem = wiener_problem(rho, task.dim, task.dim, N, seed, proposal)
        gap = summarise(*problem.gap(repeats=REPEATS, seed=seed), proposal, REPEATS)
        found.append([gap.direct, gap.orthogonal])
    return torch.tensor(found, dtype=torch.float64)


def tail(task: Task, proposal: Proposal) -> float:
    return gaussian_tail(np.array(task.rho), proposal.low, proposal.high)


@tasks
def test_window_and_tail_together_are_the_true_mi(task: Task) -> None:
    inside = trials(task)
    error = inside.std(0) / math.sqrt(TRIALS)
    bias = inside.mean(0) + tail(task, default_proposal()) - task.mi
    assert bool((bias.abs() < 4 * error).all()), bias
    assert bool((error < 0.02 + 0.002 * task.mi).all())  # tight enough for the bound to mean something


@pytest.mark.parametrize(("strength", "lost"), [(200, 0.02), (650, 0.16), (1100, 0.41), (1550, 0.69), (2000, 0.98)])
def test_published_window_loses_what_the_tail_says(strength: int, lost: float) -> None:
    """Two coordinates of correlation l^2 / (1 + l^2): the known losses of the window -10 to 14, in nats."""
    assert tail(Task((strength**2 / (1 + strength**2),) * 2, 3, 0, 0), default_proposal()) == pytest.approx(
        lost, abs=0.005
    )


@tasks
@pytest.mark.parametrize("integrand", ["direct", "orthogonal"])
def test_spread_is_no_larger_than_that_of_independent_log_snrs(task: Task, integrand: str) -> None:
    column, most = (0, task.direct_sd) if integrand == "direct" else (1, task.orthogonal_sd)
    bound = most * math.sqrt(chi2.ppf(0.999, TRIALS - 1) / (TRIALS - 1))
    assert float(trials(task)[:, column].std()) < bound


@tasks
def test_standard_errors_are_the_spread(task: Task) -> None:
    proposal, rho = default_proposal(), torch.tensor(task.rho, dtype=torch.float64)
    problem = wiener_problem(rho, task.dim, task.dim, N, 0, proposal)
    gap = summarise(*problem.gap(repeats=REPEATS, seed=0), proposal, REPEATS)
    low, high = (math.sqrt(chi2.ppf(p, TRIALS - 1) / (TRIALS - 1)) for p in (0.0005, 0.9995))
    for spread, error in zip(trials(task).std(0).tolist(), (gap.direct_se, gap.orthogonal_se), strict=True):
        assert low * error < spread < high * error


def test_a_window_up_to_what_float32_resolves_needs_little_tail() -> None:
    task = TASKS["sparse 3x3"]
    wide = Proposal.uniform(LOWEST, HIGHEST, 32)
    assert tail(task, wide) < 1e-3 * task.mi
    error = trials(task, wide).std(0) / math.sqrt(TRIALS)
    assert bool(((trials(task, wide).mean(0) + tail(task, wide) - task.mi).abs() < 4 * error).all())


def test_independent_coordinates_have_no_gap_at_all() -> None:
    proposal = default_proposal()
    bins, rows = wiener_problem(torch.zeros(2, dtype=torch.float64), 2, 3, 500, 0, proposal).gap()
    assert float(rows[:, :2].abs().max()) < 1e-4  # two roundings of one formula
    assert float(bins[:, 1:7].abs().max()) < 1e-3


@pytest.mark.parametrize("isa", ISAS)
def test_rows_average_to_the_density_ratio(isa: str) -> None:
    """The direct value of a row is log p(x | y) / p(x), up to its noise: the pointwise identity."""
    rho = torch.tensor([0.8], dtype=torch.float64)
    problem = wiener_problem(rho, 1, 1, 400, 0, default_proposal())
    rows = problem.gap(repeats=400, isa=isa)[1][:, 0]
    x, y = problem.x.double()[:, 0], problem.y.double()[:, 0]
    ratio = 0.5 * (x**2 - (x - 0.8 * y) ** 2 / 0.36) - 0.5 * math.log(0.36)
    assert float((rows - ratio).pow(2).mean().sqrt()) < 0.2  # of a spread of 0.8
    assert abs(float((rows - ratio).mean())) < 4 * float((rows - ratio).std()) / math.sqrt(400)
