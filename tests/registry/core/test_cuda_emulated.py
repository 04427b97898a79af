"""The CUDA kernels, played on the host, against the compiled CPU core and the reference: every phase of every lane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from emulation import ALL_FAST, gather, play, played_gap, played_grad, played_train
from problems import Case, fresh_state, make_problem, uneven_proposal
from torch import Tensor

from mmg_registry.core import (
    Compute,
    Network,
    Problems,
    Proposal,
    TrainPlan,
    compiled,
    cpu,
    cuda,
    mmse_gap_many,
    ops,
    selfcheck,
    train_many,
)

pytestmark = pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")
# columns of x and y, width, depth, context
SHAPES = [(1, 1, 64, 2, 0), (5, 5, 64, 1, 0), (3, 200, 64, 1, 0), (200, 3, 64, 1, 0), (4, 3, 64, 3, 1),
          (30, 2, 64, 1, 5), (5, 5, 128, 2, 0), (2, 3, 256, 4, 0)]  # fmt: skip
ODD = [1, 31, 127, 129]
PLAN = TrainPlan(batch=70, lr=2e-3, warmup=5, hold_until=10, total=20, weight_decay=0.01)
OPS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {"grad": played_grad, "gap": played_gap}


def problem_of(shape: tuple[int, int, int, int, int], **how: Any) -> Case:
    return make_problem(*shape[:4], context=shape[4], **{"n": 100, **how})


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found.double() - expected.double()).norm() / expected.double().norm())


def worst(problem: Case, found: Tensor, expected: Tensor) -> float:
    """Largest relative error among the parameters' gradients."""
    views = zip(problem.network.views(found).values(), problem.network.views(expected).values(), strict=True)
    return max(relative(a, b) for a, b in views)


# --- float32 --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradient_is_that_of_the_cpu_core(shape: tuple[int, int, int, int, int]) -> None:
    problem = problem_of(shape)
    (losses, grad), (losses_cpu, grad_cpu) = played_grad(problem, batch=41), problem.grad(batch=41)
    assert relative(losses, losses_cpu) < 1e-6
    assert worst(problem, grad, grad_cpu) < 1e-5


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gap_is_that_of_the_cpu_core(shape: tuple[int, int, int, int, int]) -> None:
    problem = problem_of(shape, n=50)
    (bins, rows), (bins_cpu, rows_cpu) = played_gap(problem, repeats=2), problem.gap(repeats=2)
    assert torch.equal(bins[:, 0], bins_cpu[:, 0])
    assert relative(bins, bins_cpu) < 1e-5
    assert relative(rows, rows_cpu) < 1e-5
    assert (bins.sum(0) - bins_cpu.sum(0)).abs()[1:6:2].max() / 100 < 1e-3  # nats


@pytest.mark.parametrize("n", ODD)
def test_rows_that_no_tile_divides(n: int) -> None:
    problem = make_problem(3, 2, 64, 1, n=n, proposal=uneven_proposal())
    (losses, grad), (losses_ref, grad_ref) = played_grad(problem, batch=n, blocks=3), problem.reference_grad(batch=n)
    assert relative(losses, losses_ref) < 1e-5
    assert worst(problem, grad, grad_ref) < 1e-4
    for found, expected in zip(played_gap(problem, blocks=3), problem.reference_gap(), strict=True):
        assert relative(found, expected) < 1e-4


def test_steps_are_the_cpu_cores() -> None:
    problem = make_problem(3, 2, 64, 2, n=200)
    state, losses = played_train(gather(problem), problem.weights[None], PLAN, 12)
    state_cpu, losses_cpu = problem.train(PLAN, 12)
    assert relative(losses[0], losses_cpu) < 1e-5
    moved = relative(problem.weights, state_cpu[0])
    for found, expected in zip(state, state_cpu, strict=True):
        assert relative(found[0], expected) < 1e-2 * moved


def test_an_estimate_is_the_cpu_cores_within_a_thousandth() -> None:
    """Both train from the same seed and evaluate what they trained."""
    problem = make_problem(2, 2, 64, 1, n=300)
    plan = TrainPlan(batch=64, lr=2e-3, warmup=5, hold_until=20, total=40)
    state, _ = played_train(gather(problem), problem.weights[None], plan, 40, blocks=1)
    found = play(cuda.gap_call(gather(problem), state[3], 2, maths="float32"))[1][0]
    weights = problem.train(plan, 40)[0][3]
    trained = Case(problem.network, weights, problem.x, problem.y, problem.rho, problem.proposal)
    assert (found.mean(0) - trained.gap(repeats=2)[1].mean(0)).abs().max() < 1e-3


# --- bf16 -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bf16_stays_near(shape: tuple[int, int, int, int, int]) -> None:
    """Its products are exact (below); what is left is rounding of the factors to 8 bits, layer after layer."""
    problem = problem_of(shape, n=50)
    (losses, grad), (losses_cpu, grad_cpu) = played_grad(problem, batch=41, maths="bf16"), problem.grad(batch=41)
    assert 1e-7 < relative(losses, losses_cpu) < 1e-2
    assert worst(problem, grad, grad_cpu) < 0.06
    for found, expected in zip(played_gap(problem, repeats=2, maths="bf16"), problem.gap(repeats=2), strict=True):
        assert relative(found, expected) < 0.03


def test_bf16_training_keeps_its_copies_of_the_weights_fresh() -> None:
    """With stale ones the losses would be those of the first weights."""
    problem = make_problem(3, 2, 64, 2, n=200)
    quick = TrainPlan(batch=70, lr=2e-2, warmup=0, hold_until=10, total=20)
    _, losses = played_train(gather(problem), problem.weights[None], quick, 10, maths="bf16")
    losses_cpu = problem.train(quick, 10)[1]
    assert relative(losses[0], losses_cpu) < 1e-2
    assert losses_cpu[-1].sum() < 0.9 * losses_cpu[0].sum()


SIZES = [(16, 8, 16), (1, 1, 1), (17, 33, 31), (64, 70, 48)]
BF16 = ("packed", "plain", "fast", "transposed", "fast, transposed")
ERRORS = {"float32": 1e-6, "split": 3e-5, **dict.fromkeys(BF16, 1e-2)}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("how", [*ERRORS])
def test_products_of_small_integers_are_exact(size: tuple[int, int, int], how: str) -> None:
    """Integers to 8 bits are bf16 numbers: a wrong index anywhere in the fragments shows as a wrong integer."""
    m, n, k = size
    draw = torch.Generator().manual_seed(0)
    a, b = (torch.randint(-100, 100, s, generator=draw).float() for s in ((m, k), (k, n)))
    found = multiply(m, n, k, a, b, how)
    assert torch.equal(found, a @ b)


@pytest.mark.parametrize("how", [*ERRORS])
def test_products_round_as_they_should(how: str) -> None:
    draw = torch.Generator().manual_seed(0)
    a, b = (torch.randn(s, generator=draw) for s in ((40, 50), (50, 20)))
    assert relative(multiply(40, 20, 50, a, b, how), a.double() @ b.double()) < ERRORS[how]
    half = a.bfloat16().double() @ b.bfloat16().double()
    if ERRORS[how] == 1e-2:
        assert relative(multiply(40, 20, 50, a, b, how), half) < 1e-6


def multiply(m: int, n: int, k: int, a: Tensor, b: Tensor, how: str) -> Tensor:
    flat = compiled().emulated.multiply(m, n, k, a.flatten().tolist(), b.flatten().tolist(), how)
    return torch.tensor(flat).reshape(m, n)


@pytest.mark.parametrize(("name", "rows", "columns"), [("a", 16, 16), ("b", 16, 8), ("c", 16, 8)])
def test_every_element_of_a_fragment_has_one_lane(name: str, rows: int, columns: int) -> None:
    places = [tuple(place) for lane in getattr(compiled().emulated, f"{name}_coordinates")() for place in lane]
    assert sorted(places) == [(r, c) for r in range(rows) for c in range(columns)]


def test_fragments_are_those_of_the_instruction_set() -> None:
    """A few elements as the PTX manual draws them, for mma.m16n8k16."""
    core = compiled().emulated
    assert core.a_coordinates()[5] == [(1, 2), (1, 3), (9, 2), (9, 3), (1, 10), (1, 11), (9, 10), (9, 11)]
    assert core.b_coordinates()[5] == [(2, 1), (3, 1), (10, 1), (11, 1)]
    assert core.c_coordinates()[5] == [(1, 2), (1, 3), (9, 2), (9, 3)]


def test_packing_is_the_inverse_of_loading() -> None:
    core = compiled().emulated
    for lane, elements in enumerate(core.b_coordinates()):
        for n in (0, 8):
            assert [core.pair_position(k, c + n) for k, c in elements] == [8 * lane + n // 2 + i for i in range(4)]
    places = [core.packed_position(k, c, 20) for k in range(32) for c in range(32)]
    assert sorted(places) == list(range(32 * 32))


def test_rounding_to_bf16_is_torchs() -> None:
    draw = torch.randn(500, generator=torch.Generator().manual_seed(0))
    ties = torch.tensor([1.00390625, 1.01171875, -1.00390625, 0.0, -0.0, float("inf"), 3.4e38])
    values = torch.cat([draw, ties])
    rounded = torch.tensor([compiled().emulated.to_bf16(v) for v in values.tolist()])
    assert torch.equal(rounded, values.bfloat16().float())
    assert compiled().emulated.to_bf16(float("nan")) != compiled().emulated.to_bf16(float("nan"))


# --- How the work is cut --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("maths", cuda.MATHS)
def test_no_lane_touches_what_another_lane_of_its_phase_does(op: str, maths: str) -> None:
    """Played forwards and backwards, and by other numbers of lanes: a race would change the bits."""
    problem = make_problem(4, 3, 64, 2, n=70, context=1)
    expected = OPS[op](problem, maths=maths)
    for other in ({"backwards": True}, {"lanes": 256}, {"lanes": 32, "backwards": True}):
        assert all(map(torch.equal, OPS[op](problem, maths=maths, **other), expected)), other


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("shared", [0, 3_000, 20_000])
def test_memory_that_is_not_fast_holds_the_same(op: str, shared: int) -> None:
    problem = make_problem(4, 3, 64, 2, n=70)
    for maths in cuda.MATHS:
        expected = OPS[op](problem, maths=maths, shared_floats=ALL_FAST)
        assert all(map(torch.equal, OPS[op](problem, maths=maths, shared_floats=shared), expected))


@pytest.mark.parametrize("maths", cuda.MATHS)
@pytest.mark.parametrize("tile_rows", [32, 64])
def test_rows_say_the_same_in_tiles_of_any_size(tile_rows: int, maths: str) -> None:
    """Each row's products are summed in the same order, by wide strips and by narrow ones."""
    problem = make_problem(4, 3, 128, 1, n=70, context=1)
    how: dict[str, Any] = {"maths": maths, "lanes": 128}
    expected = played_gap(problem, **how)
    found = played_gap(problem, tile_rows=tile_rows, **how)
    assert torch.equal(found[1], expected[1])
    assert relative(found[0], expected[0]) < 1e-12
    losses, grad = played_grad(problem, batch=90, tile_rows=tile_rows, **how)
    losses_other, grad_other = played_grad(problem, batch=90, **how)
    assert relative(losses, losses_other) < 1e-12
    assert worst(problem, grad, grad_other) < 1e-4


# batch, width, blocks of which all can work at once, fast memory in floats, rows of a tile
CUTS = [(512, 64, 132, 58_000, 16), (4096, 64, 132, 58_000, 32), (8192, 128, 132, 58_000, 64),
        (8193, 64, 128, 58_000, 32), (100_000, 64, 132, 58_000, 32), (100_000, 128, 132, 58_000, 16),
        (8192, 256, 132, 58_000, 16), (4096, 256, 132, 58_000, 32),
        (512, 64, 8, 58_000, 64), (512, 256, 16, 25_000, 16)]  # fmt: skip


@pytest.mark.parametrize(("batch", "width", "blocks", "fast", "rows"), CUTS)
def test_a_batch_is_spread_over_all_blocks_where_they_hold_it(
    batch: int, width: int, blocks: int, fast: int, rows: int
) -> None:
    problem = make_problem(2, 2, width, 2)
    call = cuda.grad_call(gather(problem), problem.weights[None], 0, batch, maths="bf16")
    assert compiled().emulated.tile_rows(call.arguments, fast, blocks) == rows


def test_bits_depend_on_the_number_of_blocks_alone() -> None:
    problem = make_problem(3, 2, 64, 1, n=130)
    once, again, three = (played_gap(problem, blocks=n) for n in (2, 2, 3))
    assert all(map(torch.equal, once, again))
    assert torch.equal(three[1], once[1])  # rows are summed by one block each
    assert relative(three[0], once[0]) < 1e-12


def test_training_is_the_same_played_backwards() -> None:
    problem = make_problem(2, 2, 64, 1, n=100)
    runs = [
        played_train(gather(problem), problem.weights[None], PLAN, 3, maths="bf16", backwards=backwards, blocks=3)
        for backwards in (False, True)
    ]
    assert torch.equal(runs[0][1], runs[1][1])
    assert all(map(torch.equal, runs[0][0], runs[1][0]))


# --- Many problems --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("maths", cuda.MATHS)
@pytest.mark.parametrize("groups", [1, 2, 5])
def test_a_batch_of_problems_is_each_of_them(maths: str, groups: int) -> None:
    """Data, correlations, proposals and seeds of their own; fewer groups than problems, and more."""
    p = make_problem(2, 2, 64, 1, n=60, proposal=uneven_proposal())
    changed = [(p.weights + 0.01 * i, p.x.roll(i, 0), p.y * (1 - 0.1 * i), p.rho * (1 - 0.2 * i)) for i in range(3)]
    problems = [Case(p.network, *parts, p.proposal) for parts in changed]
    seeds, weights = (4, 5, 6), torch.stack([p.weights for p in problems])
    state, losses = played_train(gather(*problems, seeds=seeds), weights, PLAN, 3, maths=maths, groups=groups)
    bins, rows = play(cuda.gap_call(gather(*problems, seeds=seeds), state[3], 2, maths=maths), groups=groups)
    for i, (problem, seed) in enumerate(zip(problems, seeds, strict=True)):
        own, own_losses = played_train(gather(problem, seeds=(seed,)), weights[i : i + 1], PLAN, 3, maths=maths)
        assert torch.equal(losses[i], own_losses[0])
        assert all(torch.equal(part[i], one[0]) for part, one in zip(state, own, strict=True))
        sums = play(cuda.gap_call(gather(problem, seeds=(seed,)), own[3], 2, maths=maths))
        assert torch.equal(bins[i], sums[0][0])
        assert torch.equal(rows[i], sums[1][0])
    assert not torch.equal(losses[0], losses[1])


# --- Limits ---------------------------------------------------------------------------------------------------------
TOO_LARGE = [(Network(5, 5, 96, 2), "widths 64, 128, 256, not 96"), (Network(5, 5, 64, 5), "depths 1 to 4, not 5"),
             (Network(1000, 25, 64, 2), "1,024 columns in all, not 1,025")]  # fmt: skip


@pytest.mark.parametrize(("network", "words"), TOO_LARGE)
def test_sizes_without_a_kernel_are_named(network: Network, words: str) -> None:
    assert words in cuda.too_large(network)


def test_a_size_without_a_kernel_is_refused_by_the_module_too() -> None:
    with pytest.raises(ValueError, match="no kernel for a network of this size"):
        played_gap(make_problem(2, 2, 48, 1))


def test_the_largest_problem_has_a_kernel() -> None:
    problem = make_problem(1000, 24, 64, 1, n=33)
    assert cuda.too_large(problem.network) == ""
    assert relative(played_gap(problem, repeats=1)[1], problem.gap(repeats=1)[1]) < 1e-5


def test_a_tile_takes_no_more_fast_memory_than_there_is() -> None:
    call = cuda.gap_call(gather(make_problem(2, 2, 64, 1)), make_problem(2, 2, 64, 1).weights[None], 1)
    whole = compiled().emulated.tile_floats(call.arguments, 32, ALL_FAST)
    for limit in (0, 1_000, whole - 1, whole, whole + 1):
        assert compiled().emulated.tile_floats(call.arguments, 32, limit) <= min(limit, whole)


def test_an_argument_that_is_missing_is_named() -> None:
    call = cuda.gap_call(gather(make_problem(2, 2, 64, 1)), make_problem(2, 2, 64, 1).weights[None], 1)
    del call.arguments["repeats"]
    with pytest.raises(KeyError, match="repeats"):
        play(call)


def test_an_unknown_arithmetic_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"bf16 or float32, not in 'fp8'"):
        cuda.chosen_maths("fp8")
    monkeypatch.setenv("MMG_CUDA_MATHS", "float32")
    assert cuda.chosen_maths() == "float32"


# --- The ops' implementations on a GPU, with the launch played -----------------------------------------------------
@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    """On CPU memory, with the device's name for a GPU alone."""
    monkeypatch.setattr(selfcheck, "launch", play)
    monkeypatch.setattr(ops, "on_gpu", lambda given: True)


FLOAT32 = Compute(maths="float32")


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize("proposal", [None, uneven_proposal()], ids=["logistic", "piecewise"])
def test_ops_hand_everything_to_the_launch(proposal: Proposal | None) -> None:
    case = make_problem(4, 3, 64, 1, n=40, context=1, proposal=proposal)
    problem, weights = case.problem(), case.weights
    found, expected = case.gap(repeats=2, maths="float32"), cpu.mmse_gap(problem, weights, 2)
    assert all(0 < relative(a, b) < 1e-5 for a, b in zip(found, expected, strict=True))
    found, expected = case.grad(batch=41, maths="float32"), cpu.denoiser_grad(problem, weights, 3, 41)
    assert all(relative(a, b) < 1e-5 for a, b in zip(found, expected, strict=True))
    state, losses = case.train(PLAN, 3, first_step=2, maths="float32")
    state_cpu = fresh_state(weights)
    assert relative(losses, cpu.train_denoiser(problem, state_cpu, PLAN, range(2, 5))) < 1e-5
    assert relative(state[0], state_cpu[0]) < 1e-4


@pytest.mark.usefixtures("played")
def test_many_problems_go_into_one_launch() -> None:
    case = make_problem(2, 2, 64, 1, n=40)
    problems, weights = Problems.of([case.problem(seed) for seed in (1, 2)]), torch.stack([case.weights] * 2)
    losses = train_many(problems, fresh_state(weights), PLAN, range(2), FLOAT32)
    bins, means = mmse_gap_many(problems, weights, 2, FLOAT32)
    for i, problem in enumerate(problems):
        assert relative(losses[i], cpu.train_denoiser(problem, fresh_state(case.weights), PLAN, range(2))) < 1e-5
        gap = cpu.mmse_gap(problem, case.weights, 2)
        assert relative(bins[i], gap[0]) < 1e-5
        assert relative(means[i], gap[1]) < 1e-5
