"""The oracle itself: Philox against its publication, normals, streams, channel and loss against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from problems import default_proposal, gaussian_pair, make_problem, wiener_problem
from torch import Tensor

from mmg_registry.core import Network, Proposal, TrainPlan, compiled, reference

needs_core = pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")

# Known-answer tests of philox4x32-10, published with the generator (Salmon et al., SC 2011): counter, key, result.
KNOWN_ANSWERS = [
    ([0x00000000] * 4, [0x00000000] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


# --- Philox ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_philox_gives_the_published_words(counter: list[int], key: list[int], words: list[int]) -> None:
    found = reference.philox(key[0] | key[1] << 32, *(torch.tensor([c]) for c in counter))
    assert [int(word) for word in found] == words


@needs_core
@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_compiled_philox_gives_the_published_words(counter: list[int], key: list[int], words: list[int]) -> None:
    core: Any = compiled()
    assert core.philox(key[0] | key[1] << 32, *counter) == words


@needs_core
def test_both_philoxes_agree_on_random_counters_and_seeds() -> None:
    core: Any = compiled()
    counters = torch.randint(0, 2**32, (4, 200), generator=torch.Generator().manual_seed(0))
    for seed in (0, 1, 2**31, 2**32 + 7, 2**63 - 1):
        found = torch.stack(reference.philox(seed, *counters), 1).tolist()
        assert found == [core.philox(seed, *column) for column in counters.T.tolist()]


def test_open_unit_never_reaches_its_ends() -> None:
    ends = reference.open_unit(torch.tensor([0, 2**32 - 1]))
    assert 0.0 < ends[0] < 1e-7
    assert 1 - 1e-6 < ends[1] < 1.0


# --- Noise ----------------------------------------------------------------------------------------------------------
def test_noise_has_the_moments_of_a_standard_normal() -> None:
    n = 100_000
    eps = reference.noise(3, torch.arange(n), torch.zeros(n, dtype=torch.int64), 1, 6).double()
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        error = eps.pow(power).mean(0) - moment
        assert error.abs().max() < 4.5 * math.sqrt(variance / n), power
    assert (torch.corrcoef(eps.T) - torch.eye(6)).abs().max() < 4.5 / math.sqrt(n)
    assert 4.0 < eps.abs().max() < 6.0  # the tails are there, and 2^-24 bounds them


def test_a_coordinate_of_the_noise_does_not_depend_on_how_many_there_are() -> None:
    slot, step = torch.arange(10), torch.full((10,), 7)
    wide = reference.noise(1, slot, step, 1, 9)
    for dim in (1, 2, 4, 5):
        assert torch.equal(reference.noise(1, slot, step, 1, dim), wide[:, :dim])


def test_noise_changes_with_seed_counters_and_stream() -> None:
    one = torch.ones(1, dtype=torch.int64)
    places = [(0, 1, 1, 1), (5, 1, 1, 1), (0, 2, 1, 1), (0, 1, 2, 1), (0, 1, 1, 3)]
    draws = [reference.noise(seed, c0 * one, c1 * one, stream, 4) for seed, c0, c1, stream in places]
    assert len({tuple(d[0].tolist()) for d in draws}) == len(places)


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Every counter that the reference asks Philox for from now on."""
    seen: list[tuple[int, ...]] = []
    genuine: Callable[..., tuple[Tensor, ...]] = reference.philox

    def spy(seed: int, *words: Tensor) -> tuple[Tensor, ...]:
        seen.extend(zip(*(w.flatten().tolist() for w in torch.broadcast_tensors(*words)), strict=True))
        return genuine(seed, *words)

    monkeypatch.setattr(reference, "philox", spy)
    return seen


def test_no_two_draws_share_a_counter(counters: list[tuple[int, ...]]) -> None:
    proposal, rows = default_proposal(), torch.arange(20)
    for step in range(3):
        reference.training_draws(proposal, 0, step, 20, 100, 9, paired=False)
        reference.gap_draws(proposal, 0, step, 3, rows, 9)
    assert len(counters) == 3 * 20 * (2 + 2 * 3)  # of each row: one draw and three blocks of noise, twice
    assert len(set(counters)) == len(counters)


def test_training_rows_are_drawn_evenly_and_log_snrs_one_a_stratum() -> None:
    draws = [reference.training_draws(default_proposal(), 0, step, 500, 10, 1, paired=False) for step in range(40)]
    counts = torch.cat([d.row for d in draws]).bincount(minlength=10)
    assert (counts - 2000).abs().max() < 4.5 * math.sqrt(2000)
    assert all(bool((d.logsnr.diff() > 0).all()) for d in draws)


@pytest.mark.parametrize("batch", [1, 6, 7])
def test_paired_slots_share_all_but_the_sign_of_their_noise(batch: int) -> None:
    draws = reference.training_draws(default_proposal(), 0, 3, batch, 100, 5)
    for first in range(0, batch - 1, 2):
        assert draws.row[first] == draws.row[first + 1]
        assert draws.logsnr[first] == draws.logsnr[first + 1]
        assert torch.equal(draws.eps[first], -draws.eps[first + 1])
    assert len(set(draws.logsnr.tolist())) == (batch + 1) // 2


def test_pairs_take_one_log_snr_from_each_double_stratum() -> None:
    proposal = Proposal.uniform(-8.0, 8.0, 4)
    draws = [reference.training_draws(proposal, 0, step, 8, 100, 1) for step in range(500)]
    strata = torch.stack([d.logsnr[::2] for d in draws])
    assert bool((strata >= torch.tensor([-8.0, -4.0, 0.0, 4.0])).all())
    assert bool((strata <= torch.tensor([-4.0, 0.0, 4.0, 8.0])).all())
    torch.testing.assert_close(strata.mean(0), torch.tensor([-6.0, -2.0, 2.0, 6.0]), atol=0.2, rtol=0)


# --- Channel, denoisers, loss ---------------------------------------------------------------------------------------
def test_wiener_errors_are_those_of_the_textbook_formulas() -> None:
    rho = torch.tensor([0.8, 0.3], dtype=torch.float64)
    x, y = (t.double() for t in gaussian_pair(rho, 50, 3, 2))
    draws = reference.gap_draws(default_proposal(), 0, 0, 1, torch.arange(50), 3)
    draws = reference.Draws(draws.row, draws.logsnr.double(), draws.weight, draws.bin, draws.eps.double())
    errors = reference.denoiser_errors(lambda z, logsnr, y: (torch.zeros_like(z),) * 2, x, y, rho, draws)
    a, b = draws.logsnr.sigmoid().sqrt()[:, None], (-draws.logsnr).sigmoid().sqrt()[:, None]
    z = a * x + b * draws.eps
    mean, variance = torch.cat([rho * y, torch.zeros(50, 1)], 1), 1 - torch.cat([rho, torch.zeros(1)]) ** 2
    given = b * (z - a * mean) / (a**2 * variance + b**2)
    torch.testing.assert_close(errors.marginal, draws.eps - b * z, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(errors.given, draws.eps - given, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(errors.wiener_given, errors.given)


def test_a_network_without_preconditioning_is_scored_on_the_noise_itself() -> None:
    problem = make_problem()
    draws = reference.gap_draws(problem.proposal, 0, 0, 1, torch.arange(len(problem.x)), 3)
    half = reference.noise_errors(
        lambda z, logsnr, y: (0.5 * torch.ones_like(z), 0.25 * torch.ones_like(z)),
        problem.x,
        problem.y,
        problem.rho,
        draws,
    )
    assert torch.equal(half.given, draws.eps - 0.5)
    assert torch.equal(half.marginal, draws.eps - 0.25)


def test_the_pass_without_y_can_be_left_out() -> None:
    problem = make_problem()
    draws = reference.gap_draws(problem.proposal, 3, 0, 1, torch.arange(50), problem.x.shape[1])
    whole, half = (
        reference.network_errors(problem.network, problem.weights, problem.rho, marginal)(problem.x, problem.y, draws)
        for marginal in (True, False)
    )
    assert torch.equal(half.given, whole.given)
    assert torch.equal(half.marginal, whole.wiener)
    assert not torch.equal(whole.marginal, whole.wiener)


def test_cross_term_is_twice_the_product_of_error_and_difference() -> None:
    problem = make_problem()
    errors_of = reference.network_errors(problem.network, problem.weights, problem.rho)
    draws = reference.gap_draws(problem.proposal, 0, 0, 1, torch.arange(len(problem.x)), 3)
    errors = errors_of(problem.x, problem.y, draws)
    direct, orthogonal = reference._gap_values(errors, draws.weight)[:, :2].unbind(1)
    product = (errors.given * (errors.marginal - errors.given)).sum(1)
    torch.testing.assert_close(direct - orthogonal, draws.weight.double() * product.double(), rtol=1e-3, atol=1e-3)


def test_loss_of_exact_denoisers_is_the_mean_of_the_known_curves() -> None:
    rho = torch.tensor([0.8], dtype=torch.float64)
    problem = wiener_problem(rho, 1, 1, 4000, 0, Proposal.uniform(-10.0, 14.0, 8))
    losses, _ = reference.denoiser_grad(problem.problem(seed=0), problem.weights, step=0, batch=20_000)
    edges = torch.tensor([-10.0, 14.0], dtype=torch.float64)
    for loss, s2 in zip(losses.tolist(), (1.0, 1 - 0.64), strict=True):
        softplus = torch.nn.functional.softplus(edges + math.log(s2))  # the integral of sigmoid(logsnr + log s2)
        assert loss == pytest.approx(0.5 * float(softplus[1] - softplus[0]) / 24, rel=0.05)


# --- The optimiser, against torch's own -----------------------------------------------------------------------------
def test_adam_step_is_torchs_adamw() -> None:
    plan = TrainPlan(batch=1, lr=1e-2, warmup=0, hold_until=100, total=100, weight_decay=0.1)
    start = torch.randn(30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    state = tuple(t.clone() for t in (start, torch.zeros_like(start), torch.zeros_like(start), start))
    torchs = start.clone().requires_grad_(True)
    adam = torch.optim.AdamW([torchs], plan.lr, (plan.beta1, plan.beta2), plan.eps, plan.weight_decay)
    for step in range(20):
        grad = torch.randn(30, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
        reference.adam_step(state, grad, plan, step)
        torchs.grad = grad
        adam.step()
    torch.testing.assert_close(state[0], torchs.detach(), rtol=1e-9, atol=1e-9)


def test_average_lies_between_the_first_and_the_last_weights() -> None:
    plan = TrainPlan(batch=1, lr=1e-2, warmup=0, hold_until=100, total=100)
    state = tuple(torch.zeros(1) for _ in range(4))
    averages = []
    for step in range(30):
        reference.adam_step(state, -torch.ones(1), plan, step)
        averages.append(float(state[3]))
    assert averages == sorted(averages)
    assert 0.5 * float(state[0]) < averages[-1] < float(state[0])


# --- Features -------------------------------------------------------------------------------------------------------
def test_radial_features_see_a_common_scale_and_saturate() -> None:
    v = torch.randn(20_000, 5, generator=torch.Generator().manual_seed(0))
    plain, doubled, huge = (reference.radial(v * s) for s in (1.0, 2.0, 1e4))
    assert abs(float(plain[:, 0].mean())) < 0.1
    assert bool((doubled > plain).all())
    assert float(huge[:, 0].max()) <= 4.0


def test_normalised_rows_have_unit_mean_square() -> None:
    h = torch.randn(10, 20, generator=torch.Generator().manual_seed(0)) * 30
    torch.testing.assert_close(reference.normalise(h).square().mean(1), torch.ones(10))


def test_unconditional_pass_does_not_see_y() -> None:
    network = Network(2, 3, 8, 1)
    correction = reference.network_correction(network, torch.randn(network.n_parameters), torch.tensor([0.5]))
    z, logsnr = torch.randn(4, 2), torch.zeros(4)
    first, second = (correction(z, logsnr, y) for y in (torch.zeros(4, 3), torch.ones(4, 3)))
    assert torch.equal(first[1], second[1])
    assert not torch.allclose(first[0], second[0])
