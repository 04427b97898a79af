"""The CUDA core on a GPU; skipped, with the reason, where there is none. What a kernel computes is also tested without
one, in test_cuda_emulated.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch
from places import SUPPORT
from problems import Case, fresh_state, make_problem
from torch import Tensor

import mmg_registry as mmg
from mmg_registry.benchmark import tasks
from mmg_registry.core import Compute, Network, Problems, TrainPlan, cuda, mmse_gap_many, selfcheck, train_many
from mmg_registry.core.problem import TrainState
from mmg_registry.diffusion import FusedDenoiser
from mmg_registry.errors import MMGError

REASON = cuda.unusable("cuda:0")
pytestmark = [pytest.mark.cuda, pytest.mark.skipif(bool(REASON), reason=f"no GPU can be used: {REASON}")]
SIZES = [(1, 1), (3, 200), (200, 3), (5, 5)]
PLAN = TrainPlan(batch=129, lr=2e-3, warmup=5, hold_until=10, total=20, weight_decay=0.01)
NEAR = {"float32": 1e-4, "bf16": 0.05}  # relative; bf16 keeps 8 bits of every factor


def placed(problem: Case, device: str = "cuda:0") -> Case:
    there = (t.to(device) for t in (problem.weights, problem.x, problem.y))
    return Case(problem.network, *there, problem.rho, problem.proposal)


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found.cpu().double() - expected.double()).norm() / expected.double().norm())


def trained(problem: Case, n_steps: int, maths: str) -> tuple[TrainState, Tensor]:
    return placed(problem).train(PLAN, n_steps, maths=maths)


def test_the_card_passes_the_self_check() -> None:
    assert selfcheck.verdict(0) == ""


# --- Parity ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("maths", cuda.MATHS)
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("width", cuda.WIDTHS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_op_is_the_references(sizes: tuple[int, int], width: int, depth: int, maths: str) -> None:
    problem = make_problem(*sizes, width, depth, n=129)
    (losses, grad), (losses_ref, grad_ref) = placed(problem).grad(maths=maths), problem.reference_grad()
    assert relative(losses, losses_ref) < NEAR[maths]
    assert relative(grad, grad_ref) < NEAR[maths]
    for found, expected in zip(placed(problem).gap(maths=maths), problem.reference_gap(), strict=True):
        assert relative(found, expected) < NEAR[maths]


@pytest.mark.parametrize("maths", cuda.MATHS)
@pytest.mark.parametrize("n", [1, 127, 128, 129])
def test_rows_that_no_tile_divides(n: int, maths: str) -> None:
    problem = make_problem(4, 3, 64, 2, n=n, context=1)
    assert relative(placed(problem).grad(maths=maths, batch=n)[1], problem.reference_grad(batch=n)[1]) < NEAR[maths]
    assert relative(placed(problem).gap(maths=maths)[1], problem.reference_gap()[1]) < NEAR[maths]


@pytest.mark.parametrize("maths", cuda.MATHS)
@pytest.mark.parametrize(("width", "batch"), [(64, 1_025), (64, 8_192), (128, 8_192), (256, 3_000), (128, 40_000)])
def test_batches_that_fill_the_card_and_more(width: int, batch: int, maths: str) -> None:
    """Tiles of every size, and wide strips of products: against the CPU core, for the reference is slow."""
    problem = make_problem(5, 5, width, 2, n=5_000)
    (losses, grad), (losses_cpu, grad_cpu) = (each.grad(maths=how, batch=batch) for each, how in
                                              ((placed(problem), maths), (problem, "")))  # fmt: skip
    assert relative(losses, losses_cpu) < NEAR[maths]
    assert relative(grad, grad_cpu) < NEAR[maths]
    found, expected = placed(problem).gap(maths=maths), problem.gap()
    assert relative(found[0], expected[0]) < NEAR[maths]


def test_training_with_the_same_seed_is_the_cpus() -> None:
    problem = make_problem(3, 2, 64, 2)
    state, losses = trained(problem, 20, "float32")
    state_cpu, losses_cpu = problem.train(PLAN, 20)
    assert relative(losses, losses_cpu) < 1e-4
    gaps = [Case(problem.network, s[3].cpu(), problem.x, problem.y, problem.rho, problem.proposal).gap()[1].mean(0)
            for s in (state, state_cpu)]  # fmt: skip
    assert (gaps[0] - gaps[1]).abs().max() < 1e-3


# --- Determinism, streams, devices ------------------------------------------------------------------------------------
@pytest.mark.parametrize("maths", cuda.MATHS)
def test_the_same_seed_gives_the_same_bits(maths: str) -> None:
    problem = make_problem(5, 5, 128, 2, n=1_000)
    (state, losses), (again, losses_again) = (trained(problem, 10, maths) for _ in range(2))
    assert torch.equal(losses, losses_again)
    assert all(map(torch.equal, state, again))
    once, twice = (placed(problem).gap(maths=maths) for _ in range(2))
    assert all(map(torch.equal, once, twice))


def test_work_is_queued_on_the_current_stream() -> None:
    problem, stream = placed(make_problem(5, 5, 64, 2, n=1_000)), torch.cuda.Stream()
    with torch.cuda.stream(stream):
        expected = problem.gap()  # the stream's first allocations may wait
        stream.synchronize()
        torch.cuda._sleep(100_000_000)  # what follows must wait for this, and this call must not
        found = problem.gap()
        assert not stream.query()
    stream.synchronize()
    assert all(map(torch.equal, found, expected))


@pytest.mark.skipif(not REASON and torch.cuda.device_count() < 2, reason="there is one GPU")
def test_the_second_gpu_computes_the_same() -> None:
    problem = make_problem(3, 2, 64, 1)
    found = placed(problem, "cuda:1").gap(maths="float32")
    assert found[0].device == torch.device("cuda", 1)
    assert relative(found[1], problem.gap()[1]) < NEAR["float32"]


@pytest.mark.parametrize("maths", cuda.MATHS)
def test_many_problems_are_each_of_them(maths: str) -> None:
    problems = [placed(make_problem(1, 1, 64, 2, n=200)) for _ in range(300)]
    weights = torch.stack([p.weights * (1 + 0.001 * i) for i, p in enumerate(problems)])
    state, plan = fresh_state(weights), TrainPlan(batch=64, warmup=0, hold_until=5, total=5)
    batch, compute = Problems.of([p.problem(seed) for seed, p in enumerate(problems)]), Compute(maths=maths)
    losses = train_many(batch, state, plan, range(5), compute)
    bins, _ = mmse_gap_many(batch, state[3], 2, compute)
    for i in (0, 151, 299):
        p = problems[i]
        own, own_losses = Case(p.network, weights[i], *rows_of(p)).train(plan, 5, seed=i, maths=maths)
        assert relative(losses[i], own_losses.cpu()) < NEAR[maths]
        gap = Case(p.network, own[3], *rows_of(p)).gap(seed=i, repeats=2, maths=maths)
        assert relative(bins[i], gap[0].cpu()) < NEAR[maths]


def rows_of(p: Case) -> tuple[Any, ...]:
    return p.x, p.y, p.rho, p.proposal


# --- What goes wrong --------------------------------------------------------------------------------------------------
def test_no_memory_is_a_clean_error(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = placed(make_problem(5, 5, 64, 2))
    torch.cuda.set_per_process_memory_fraction(1e-6)
    try:
        torch.cuda.empty_cache()
        with pytest.raises(MMGError, match=r"GPU 0 has no .* MB left; lower .* or use --device cpu"):
            problem.gap()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_an_address_that_is_no_memory_of_the_gpu_is_refused() -> None:
    problem = placed(make_problem(2, 2, 64, 1))
    for address in (problem.x.cpu().data_ptr(), 4096):
        call = cuda.gap_call(problem.problem().batch(), problem.weights[None], 1)
        call.arguments["y"] = address
        with pytest.raises(ValueError, match="'y' is not memory of GPU 0"):
            cuda.launch(call)


def test_data_on_two_devices_are_refused() -> None:
    problem = placed(make_problem(2, 2, 64, 1))
    with pytest.raises(ValueError, match=r"'y' must be a contiguous .* cuda:0 tensor"):
        replace(problem, y=problem.y.cpu()).gap()


def test_a_network_beyond_the_kernels_runs_in_torch_and_says_so() -> None:
    p = make_problem(2, 2, 96, 1)
    denoiser = FusedDenoiser(Network(2, 2, 96, 1), p.x, p.y, p.rho, seed=0, threads=1, device=torch.device("cuda", 0))
    assert denoiser.backend["isa"] == "torch"
    assert "not 96" in denoiser.backend["why"]
    assert denoiser.gap(p.x, p.y, p.proposal, repeats=1, seed=0)[1].device.type == "cpu"


TOOLS = ["memcheck", "racecheck", "initcheck"]


@pytest.mark.parametrize("tool", TOOLS)
def test_compute_sanitizer_finds_nothing(tool: str) -> None:
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        pytest.skip("compute-sanitizer is not on the path")
    command = [sanitizer, "--tool", tool, "--error-exitcode", "9", sys.executable, str(SUPPORT / "gpu_problem.py")]
    environment = {**os.environ, "PYTORCH_NO_CUDA_MEMORY_CACHING": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=SUPPORT, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


# --- Estimates --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [task.name for task in tasks.select(["bmi"])])
def test_estimates_of_the_40_tasks_are_the_cpus(name: str) -> None:
    drawn = tasks.draw(tasks.find("bmi", name), 100_000, 10_000, seed=0)
    x_eval, y_eval = drawn.evaluation
    how: dict[str, Any] = {"x_eval": x_eval, "y_eval": y_eval, "seed": drawn.training_seed}
    found, expected = (mmg.estimate(*drawn.train, device=device, **how) for device in ("cuda:0", "cpu"))
    assert found.device == "cuda:0"
    assert abs(found.mi - expected.mi) < 0.01
