"""The compiled kernels against the reference, on every instruction set this machine has."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from problems import ISAS, Case, fresh_state, make_problem, uneven_proposal
from torch import Tensor

from mmg_registry.core import BIN_SUMS, Proposal, TrainPlan, reference

pytestmark = pytest.mark.skipif(not ISAS, reason="the compiled core is not built")
isas = pytest.mark.parametrize("isa", ISAS)
SHAPES = [(1, 1, 32, 2), (5, 5, 48, 2), (3, 200, 24, 1), (40, 3, 33, 1), (7, 4, 20, 3), (2, 2, 16, 4), (4, 4, 16, 1)]
CONTEXTS = [(4, 3, 1), (7, 4, 5), (30, 30, 28), (30, 2, 5)]  # columns of x and y, and how many of x are context
PLAN = TrainPlan(batch=128, lr=2e-3, warmup=5, hold_until=10, total=20, weight_decay=0.01)


def relative(found: Tensor, expected: Tensor) -> float:
    """Length of the difference over the length."""
    return float((found.double() - expected).norm() / expected.norm())


def assert_gradients_agree(problem: Case, found: Tensor, expected: Tensor) -> None:
    views = zip(problem.network.views(found).items(), problem.network.views(expected).values(), strict=True)
    errors = {name: (relative(view, other), float((view - other).abs().max() / other.abs().max()))
              for (name, view), other in views}  # fmt: skip
    wrong = {name: error for name, error in errors.items() if not max(error) < 1e-4}
    assert not wrong


# --- Gradients ------------------------------------------------------------------------------------------------------
@isas
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_parameters_gradient_is_autograds(shape: tuple[int, int, int, int], isa: str) -> None:
    problem = make_problem(*shape)
    (losses, grad), (losses_ref, grad_ref) = problem.grad(isa=isa), problem.reference_grad()
    torch.testing.assert_close(losses, losses_ref, rtol=1e-5, atol=0)
    assert_gradients_agree(problem, grad, grad_ref)


@isas
@pytest.mark.parametrize("sizes", CONTEXTS, ids=str)
def test_gradient_and_gap_with_columns_that_are_not_noised(sizes: tuple[int, int, int], isa: str) -> None:
    problem = make_problem(*sizes[:2], context=sizes[2])
    (losses, grad), (losses_ref, grad_ref) = problem.grad(isa=isa), problem.reference_grad()
    torch.testing.assert_close(losses, losses_ref, rtol=1e-5, atol=0)
    assert_gradients_agree(problem, grad, grad_ref)
    for found, expected in zip(problem.gap(isa=isa), problem.reference_gap(), strict=True):
        assert relative(found, expected) < 1e-4


@isas
@pytest.mark.parametrize("batch", [1, 31, 127, 129, 512, 1100])
def test_batches_that_no_tile_divides(batch: int, isa: str) -> None:
    problem = make_problem(3, 2, 20, 2)
    (losses, grad), (losses_ref, grad_ref) = problem.grad(isa=isa, batch=batch), problem.reference_grad(batch=batch)
    torch.testing.assert_close(losses, losses_ref, rtol=1e-5, atol=0)
    assert_gradients_agree(problem, grad, grad_ref)


@isas
def test_gradient_under_a_piecewise_proposal(isa: str) -> None:
    problem = make_problem(3, 2, 20, 1, proposal=uneven_proposal())
    assert_gradients_agree(problem, problem.grad(isa=isa)[1], problem.reference_grad()[1])


@isas
def test_gradient_where_correlations_are_nearly_one(isa: str) -> None:
    """At high SNR digits cancel in a - b * c / d; the formulas must not lose them."""
    rho = torch.tensor([0.999999, 0.9999], dtype=torch.float64)
    easy = make_problem(3, 2, 20, 1)
    x = easy.x.clone()
    x[:, :2] = (rho * easy.y.double() + (1 - rho**2).sqrt() * easy.x[:, :2].double()).float()
    problem = Case(easy.network, easy.weights, x, easy.y, rho, easy.proposal)
    assert_gradients_agree(problem, problem.grad(isa=isa)[1], problem.reference_grad()[1])


# --- Training -------------------------------------------------------------------------------------------------------
@isas
def test_steps_are_the_references(isa: str) -> None:
    problem = make_problem(3, 2, 20, 2)
    state, losses = problem.train(PLAN, 20, isa=isa)
    wide = replace(problem, **{name: getattr(problem, name).double() for name in ("weights", "x", "y")})
    ref = fresh_state(wide.weights)
    losses_ref = reference.train_denoiser(wide.problem(), ref, PLAN, range(20))
    torch.testing.assert_close(losses, losses_ref, rtol=1e-4, atol=0)
    moved = relative(problem.weights, ref[0])
    for found, expected in zip(state, ref, strict=True):
        assert relative(found, expected) < 0.01 * moved


@isas
def test_any_number_of_threads_gives_the_same_bits(isa: str) -> None:
    problem = make_problem(3, 2, 20, 2)
    plan = TrainPlan(batch=1300, lr=2e-3, warmup=5, hold_until=10, total=20)  # more tiles than slots, none full
    runs = [problem.train(plan, 15, threads=threads, isa=isa) for threads in (1, 2, 3, 5)]
    for state, losses in runs[1:]:
        assert torch.equal(losses, runs[0][1])
        assert all(map(torch.equal, state, runs[0][0]))


@isas
def test_any_number_of_threads_gives_the_same_gap(isa: str) -> None:
    problem = make_problem(3, 2, 20, 2, n=5_000)
    runs = [problem.gap(threads=threads, repeats=2, isa=isa) for threads in (1, 2, 3, 5)]
    for found in runs[1:]:
        assert all(map(torch.equal, found, runs[0]))


def test_training_in_chunks_is_training_at_once() -> None:
    problem = make_problem(5, 5, 32, 2)
    whole, losses = problem.train(PLAN, 20, threads=2)
    state, first = problem.train(PLAN, 7)
    state, rest = problem.train(PLAN, 13, state, first_step=7)
    assert torch.equal(torch.cat([first, rest]), losses)
    assert all(map(torch.equal, state, whole))


def test_another_seed_gives_another_training() -> None:
    problem = make_problem()
    assert not torch.equal(problem.train(PLAN, 3)[1], problem.train(PLAN, 3, seed=2)[1])


def test_training_learns() -> None:
    problem = make_problem(2, 2, 32, 1, n=1000)
    state, losses = problem.train(TrainPlan(batch=256, lr=3e-3, warmup=10, hold_until=300, total=300), 300)
    trained = Case(problem.network, state[3], problem.x, problem.y, problem.rho, problem.proposal)
    before, after = (p.gap()[1].mean(0)[2:] for p in (problem, trained))  # excess over the exact denoisers
    assert bool((after < 0.1 * before).all())
    assert losses[-20:].mean() < losses[:20].mean()


def test_instruction_sets_agree_on_an_estimate() -> None:
    problem = make_problem(2, 2, 32, 2, n=4_000)
    plan = TrainPlan(batch=256, lr=2e-3, warmup=10, hold_until=100, total=200)
    estimates = []
    for isa in ISAS:
        state, _ = problem.train(plan, 200, isa=isa)
        trained = Case(problem.network, state[3], problem.x, problem.y, problem.rho, problem.proposal)
        estimates.append(trained.gap(isa=isa)[1].mean(0)[:2])
    for found in estimates[1:]:
        assert (found - estimates[0]).abs().max() < 1e-3


# --- The gap --------------------------------------------------------------------------------------------------------
@isas
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gap_is_the_references(shape: tuple[int, int, int, int], isa: str) -> None:
    problem = make_problem(*shape, n=150)
    found, expected = problem.gap(isa=isa, threads=2), problem.reference_gap()
    for a, b in zip(found, expected, strict=True):
        for column, column_ref in zip(a.unbind(1), b.unbind(1), strict=True):
            scale = float(column_ref.abs().max())
            torch.testing.assert_close(column, column_ref, rtol=1e-3, atol=1e-3 * scale)


@pytest.mark.parametrize("proposal", [None, uneven_proposal()], ids=["logistic", "piecewise"])
def test_direct_is_orthogonal_plus_cross(proposal: Proposal | None) -> None:
    bins, _ = make_problem(proposal=proposal).gap()
    sums = dict(zip(BIN_SUMS, bins.unbind(1), strict=True))
    torch.testing.assert_close(sums["direct"], sums["orthogonal"] + sums["cross"], rtol=1e-12, atol=1e-9)
    torch.testing.assert_close(sums["direct"], sums["mse"] - sums["mse_given"], rtol=1e-12, atol=1e-9)


@isas
def test_bins_and_rows_hold_the_same_sums(isa: str) -> None:
    bins, rows = make_problem(n=1_111).gap(repeats=3, isa=isa, threads=2)
    sums = dict(zip(BIN_SUMS, bins.sum(0).tolist(), strict=True))
    assert sums["count"] == 3 * 1_111
    for name, value in zip(("direct", "orthogonal", "excess", "excess_given"), (3 * rows.sum(0)).tolist(), strict=True):
        assert sums[name] == pytest.approx(value, rel=1e-9)


def test_squares_in_a_bin_bound_its_sum() -> None:
    """Cauchy and Schwarz; equality only if all values were the same."""
    bins, _ = make_problem().gap()
    sums = dict(zip(BIN_SUMS, bins[bins[:, 0] > 1].unbind(1), strict=True))
    assert len(sums["count"]) > 20
    for name in ("direct", "orthogonal", "cross"):
        assert bool((sums[name].square() < sums["count"] * sums[f"{name}2"]).all()), name


def test_a_row_does_not_depend_on_the_other_rows() -> None:
    problem = make_problem(n=200)
    part = Case(problem.network, problem.weights, problem.x[:77], problem.y[:77], problem.rho, problem.proposal)
    assert torch.equal(part.gap()[1], problem.gap()[1][:77])


def test_a_zero_output_has_no_excess_over_the_linear_denoisers() -> None:
    problem = make_problem()
    problem.network.views(problem.weights)["out"].zero_()
    problem.network.views(problem.weights)["b_out"].zero_()
    assert not problem.gap()[1][:, 2:].any()
