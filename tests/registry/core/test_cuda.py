"""The CUDA core as Python sees it where there is no GPU: sizes, reasons, and the same dict that a kernel gets."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from problems import Case, fresh_state, make_problem
from torch import Tensor

from mmg_registry.core import (
    Network,
    Problems,
    TrainPlan,
    build,
    compiled,
    cuda,
    mmse_gap_many,
    ops,
    reference,
    selfcheck,
    train_many,
)
from mmg_registry.core import why_reference as why
from mmg_registry.errors import MMGError, OptionError

GPU = torch.device("cuda", 0)
PLAN = TrainPlan(batch=16, warmup=3, hold_until=6, total=12)
needs_core = pytest.mark.skipif(compiled() is None, reason="the compiled core is not built")


# --- Reasons --------------------------------------------------------------------------------------------------------
def test_without_the_module_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mmg_registry._cuda", None)
    monkeypatch.setattr(build, "_cuda", None)
    monkeypatch.setattr(build, "_cuda_error", "No module named 'mmg_registry._cuda'")
    assert "the CUDA core is not built" in build.build_info()["cuda_reason"]
    monkeypatch.setattr(build, "_cuda_error", "libstdc++.so.6: version `GLIBCXX_9' not found")
    assert "does not load: libstdc++.so.6" in build.build_info()["cuda_reason"]
    assert build.build_info()["cuda_built"] is None
    with pytest.raises(OptionError, match=r"'cuda:1' cannot be used: the CUDA core does not load.*; use --device cpu"):
        selfcheck.chosen_device("cuda:1")


def test_a_core_that_finds_no_gpu_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(unusable=lambda i: f"there is no GPU {i} here, only 1")
    monkeypatch.setattr(cuda, "cuda_module", lambda: (fake, ""))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(OptionError, match="there is no GPU 7 here, only 1"):
        selfcheck.chosen_device("cuda:7")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(OptionError, match="PyTorch, which holds the memory, finds no usable GPU"):
        selfcheck.chosen_device("cuda:0")


def test_a_usable_gpu_is_chosen_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "unusable", lambda device: "")
    monkeypatch.setattr(selfcheck, "verdict", lambda index: "")
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 2)
    assert selfcheck.chosen_device("cuda") == torch.device("cuda", 2)
    assert selfcheck.chosen_device("cuda:1") == torch.device("cuda", 1)
    assert selfcheck.chosen_device("auto") == torch.device("cpu")


def test_sizes_beyond_the_kernels_take_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "unusable", lambda device: "")
    assert why(Network(5, 5, width=128), GPU) == ""
    assert "widths" in why(Network(5, 5, width=512), GPU)


def test_the_built_module_answers_without_a_gpu() -> None:
    core, reason = build.cuda_module()
    if core is None:
        pytest.skip(reason)
    if core.device_count():
        pytest.skip("there is a GPU here")
    assert "CUDA finds no usable GPU here" in core.unusable(0)
    assert core.build_info()["architectures"].startswith("80")
    problem = make_problem(2, 2, 64, 1)
    call = cuda.gap_call(problem.problem().batch(), problem.weights[None], 1)
    with pytest.raises(RuntimeError, match=r"^(No GPU|The GPU) .*: .*\.$"):
        core.scratch_bytes(call.arguments, 0)


def test_memory_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> Tensor:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.00 GiB")

    fake = SimpleNamespace(scratch_bytes=lambda arguments, index: 3_000_000_000)
    monkeypatch.setattr(cuda, "cuda_module", lambda: (fake, ""))
    monkeypatch.setattr(torch, "empty", full)
    call = cuda.Call({}, (), (SimpleNamespace(device=GPU),))  # type: ignore[arg-type]
    with pytest.raises(MMGError, match=r"^GPU 0 has no 3,000 MB left; lower .* or use --device cpu\.$"):
        cuda.launch(call)


# --- The reference on another device ----------------------------------------------------------------------------------
@pytest.mark.parametrize("op", ["grad", "gap", "train"])
def test_the_reference_keeps_to_the_device_of_the_data(op: str) -> None:
    """On the meta device, which refuses to mix devices as a GPU does and needs none."""
    problem = make_problem(3, 2, 16, 1, n=20, context=1)
    there = [t.to("meta") for t in (problem.weights, problem.x, problem.y)]
    other = Case(problem.network, *there, problem.rho, problem.proposal)
    if op == "grad":
        assert other_grad(other).is_meta
    elif op == "gap":
        errors = reference.network_errors(other.network, other.weights, other.rho)
        draws = reference.gap_draws(other.proposal, 1, 0, 2, torch.arange(20), 2).on(other.x.device)
        assert errors(other.x, other.y, draws).given.is_meta
    else:
        reference.adam_step(fresh_state(other.weights), other_grad(other), PLAN, 0)


def other_grad(problem: Case) -> Tensor:
    return reference.denoiser_grad(problem.problem(), problem.weights, step=0, batch=8)[1]


# --- Many problems on the CPU ---------------------------------------------------------------------------------------
def many(count: int = 3) -> tuple[Problems, Tensor, list[Case]]:
    """Problems of seeds 1, 2 .., their weights, and each by itself."""
    cases = [make_problem(2, 1, 16, 1, n=30) for _ in range(count)]
    cases = [replace(case, weights=case.weights + 0.01 * i) for i, case in enumerate(cases)]
    batch = Problems.of([case.problem(seed=i + 1) for i, case in enumerate(cases)])
    return batch, torch.stack([case.weights for case in cases]), cases


@needs_core
def test_many_problems_are_each_of_them() -> None:
    problems, weights, cases = many()
    state = fresh_state(weights)
    losses = train_many(problems, state, PLAN, range(4))
    bins, rows = mmse_gap_many(problems, state[3], repeats=2)
    for i, alone in enumerate(cases):
        own, own_losses = alone.train(PLAN, 4, seed=i + 1)
        assert torch.equal(own_losses, losses[i])
        assert all(torch.equal(part[i], one) for part, one in zip(state, own, strict=True))
        gap = replace(alone, weights=own[3]).gap(seed=i + 1, repeats=2)
        assert torch.equal(gap[0], bins[i])
        assert torch.equal(gap[1], rows[i])


@needs_core
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seeds": (1, 2)}, "'seeds' must hold one entry a problem"),
        ({"seeds": (1, 2, -1)}, "'seeds' must lie between"),
        ({"rho": torch.full((3, 1), 1.5, dtype=torch.float64)}, "'rho' must hold correlations"),
        ({"proposals": []}, "'proposals' must hold one entry a problem"),
        ({"x": torch.zeros(3, 2, 30).mT}, "must be contiguous"),
    ],
)
def test_many_problems_that_do_not_fit_are_refused(change: dict[str, Any], words: str) -> None:
    problems, weights, _ = many()
    with pytest.raises(ValueError, match=words):
        mmse_gap_many(replace(problems, **change), weights, repeats=1)


@needs_core
@pytest.mark.parametrize("on_gpu", [False, True])
def test_weights_of_other_problems_are_refused(on_gpu: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is launched."""
    monkeypatch.setattr(ops, "on_gpu", lambda given: on_gpu)
    problems, weights, _ = many()
    for wrong, words in (
        (weights[:2], "'weights' must hold one entry a problem"),
        (weights[:, 1:].contiguous(), "'weights' must be a contiguous"),
        (weights.double(), "'weights' must be a contiguous"),
    ):
        with pytest.raises(ValueError, match=words):
            mmse_gap_many(problems, wrong, repeats=1)
    with pytest.raises(ValueError, match="memory of its own"):
        train_many(problems, (weights, weights, weights, weights), PLAN, range(1))
