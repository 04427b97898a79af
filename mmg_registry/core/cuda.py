"""Calls of the CUDA core: one launch computes B independent problems of one network's sizes.

The CUDA module takes a dictionary of numbers and raw addresses. Python owns all memory, and work is queued on
PyTorch's current stream without waiting for it. `_core.emulated` takes the same dictionary with addresses of CPU
memory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmg_registry.core.build import cuda_module, torch_reason
from mmg_registry.core.network import Network
from mmg_registry.core.plan import TrainPlan, step_rates
from mmg_registry.core.problem import Problems, TrainState, linear_denoiser
from mmg_registry.core.proposal import BIN_SUMS, ROW_VALUES
from mmg_registry.errors import MMGError

WIDTHS, MAX_DEPTH, MAX_COLUMNS = (64, 128, 256), 4, 1024  # csrc/cuda/jobs.h
MATHS = ("bf16", "float32")


def too_large(network: Network) -> str:
    """Return why the CUDA core has no kernel for a network of these sizes; an empty string where it has one.

    Example:
        >>> too_large(Network(5, 5, width=128, depth=2))
        ''
        >>> too_large(Network(5, 5, width=96, depth=2))
        'the CUDA core has widths 64, 128, 256, not 96'
    """
    if network.width not in WIDTHS:
        return f"the CUDA core has widths {', '.join(map(str, WIDTHS))}, not {network.width}"
    if not 1 <= network.depth <= MAX_DEPTH:
        return f"the CUDA core has depths 1 to {MAX_DEPTH}, not {network.depth}"
    columns = network.dim_x + network.dim_y
    return f"the CUDA core takes {MAX_COLUMNS:,} columns in all, not {columns:,}" if columns > MAX_COLUMNS else ""


def unusable(device: torch.device | str) -> str:
    """Return why the CUDA core cannot run on `device`; an empty string where it can."""
    core, reason = cuda_module()
    if core is None:
        return reason
    return torch_reason() or str(core.unusable(index_of(torch.device(device))))


def index_of(device: torch.device) -> int:
    """Return the number of a GPU; "cuda" without a number is the current one."""
    return torch.cuda.current_device() if device.index is None else device.index


def chosen_maths(name: str = "") -> str:
    """Return the arithmetic of the kernels: `name`, else that of MMG_CUDA_MATHS, else bf16 on the tensor cores.

    Raises:
        ValueError: for a name other than "bf16" and "float32".

    Example:
        >>> chosen_maths("float32")
        'float32'
    """
    maths = name or os.environ.get("MMG_CUDA_MATHS", "") or MATHS[0]
    if maths not in MATHS:
        raise ValueError(f"The CUDA core computes in {' or '.join(MATHS)}, not in '{maths}'; look at MMG_CUDA_MATHS.")
    return maths


def arrays_of(problems: Problems) -> dict[str, Tensor]:
    """Return the arrays of B problems on their device, by name; float32 except for the seeds.

    Returns:
        x, y: the rows, without a copy.
        rho, s2: `(B, dim_x)` canonical correlations, padded with zeros, and 1 minus their squares.
        edges, cdf: `(B, n_bins + 1)` of each proposal.
        logistic: `(B, 4)`, loc, scale and both ends of `p_range` of each proposal.
        seeds: `(B,)` int64.

    Raises:
        MMGError: where a GPU has too little memory left.
    """
    rho, s2 = linear_denoiser(problems.rho, problems.network.dim_x)
    small = {"rho": rho, "s2": s2}
    small |= {name: torch.stack([getattr(q, name) for q in problems.proposals]) for name in ("edges", "cdf")}
    small["logistic"] = torch.tensor([[q.loc, q.scale, *q.p_range] for q in problems.proposals])
    small["seeds"] = torch.tensor(list(problems.seeds))
    there = {name: sent(each, problems.device) for name, each in small.items()}
    return {"x": problems.x, "y": problems.y, **there}


def _arguments(problems: Problems, arrays: dict[str, Tensor]) -> dict[str, Any]:
    net = problems.network
    sizes = {"dim_x": net.dim_x, "dim_y": net.dim_y, "width": net.width, "depth": net.depth, "context": net.context}
    counts = {"problems": len(problems), "n_rows": problems.x.shape[1], "n_bins": problems.proposals[0].n_bins}
    return {**sizes, **counts, **{name: array.data_ptr() for name, array in arrays.items()}}


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a copy of a CPU tensor on `device`, without waiting for work queued there.

    Raises:
        MMGError: where a GPU has too little memory left.
    """
    if device.type != "cuda":
        return tensor.contiguous()
    try:
        return tensor.contiguous().pin_memory().to(device, non_blocking=True)
    except torch.cuda.OutOfMemoryError as error:
        raise out_of_memory(tensor.nbytes, device) from error


def out_of_memory(size: int, device: torch.device) -> MMGError:
    """Return the error for a GPU that has no `size` bytes left, with what can be done about it."""
    return MMGError(
        f"GPU {index_of(device)} has no {size / 1e6:,.0f} MB left; lower the number of rows, the width or depth of the "
        "network, or how many problems are trained at once, or use --device cpu."
    )


@dataclass(frozen=True)
class Call:
    """One launch: its arguments, the tensors that they point at (which must outlive it), and the result tensors."""

    arguments: dict[str, Any]
    alive: tuple[Any, ...]
    results: tuple[Tensor, ...]


def train_call(problems: Problems, state: TrainState, plan: TrainPlan, steps: range, maths: str = "") -> Call:
    """Return the launch that trains every problem for `steps`.

    Args:
        problems: B problems.
        state: weights, moments and averaged weights, `(B, n_parameters)` float32 each; updated in place.
        plan: the optimiser's settings.
        steps: consecutive step numbers.
        maths: "bf16" or "float32"; see `chosen_maths` if empty.

    Returns:
        A call whose result is the losses `(B, len(steps), 2)` float64.
    """
    losses = torch.empty(len(problems), len(steps), 2, dtype=torch.float64, device=problems.device)
    rates = sent(step_rates(plan, steps), problems.device)
    names = {name: part.data_ptr() for name, part in zip(("weights", "m", "v", "ema"), state, strict=True)}
    span = {"first_step": steps.start, "n_steps": len(steps), "rates": rates.data_ptr()}
    more = {**_settings(plan), **span, **names, "losses": losses.data_ptr(), "grad": 0}
    return _call(problems, maths, more, (state, losses, rates), (losses,))


def grad_call(problems: Problems, weights: Tensor, step: int, batch: int, maths: str = "") -> Call:
    """Return the launch that yields losses `(B, 1, 2)` and gradients `(B, n_parameters)` of step `step`'s batch."""
    losses = torch.empty(len(weights), 1, 2, dtype=torch.float64, device=problems.device)
    grad, rates = torch.empty_like(weights), sent(torch.zeros(1, 4), problems.device)
    names = {"weights": weights.data_ptr(), "m": 0, "v": 0, "ema": 0}
    span = {"first_step": step, "n_steps": 1, "rates": rates.data_ptr()}
    more = {**_settings(TrainPlan(batch=batch)), **span, **names, "losses": losses.data_ptr(), "grad": grad.data_ptr()}
    return _call(problems, maths, more, (weights, losses, grad, rates), (losses, grad))


def _settings(plan: TrainPlan) -> dict[str, Any]:
    numbers = {name: getattr(plan, name) for name in ("batch", "beta1", "beta2", "eps", "weight_decay")}
    return {"trains": True, **numbers}


def gap_call(problems: Problems, weights: Tensor, repeats: int, maths: str = "") -> Call:
    """Return the launch that evaluates the gap of every problem under `weights` `(B, n_parameters)`.

    Returns:
        A call whose results are bin sums `(B, n_bins, len(BIN_SUMS))` and row means `(B, n, len(ROW_VALUES))`, float64.
    """
    count, n_rows, n_bins = len(problems), problems.x.shape[1], problems.proposals[0].n_bins
    bins = torch.empty(count, n_bins, len(BIN_SUMS), dtype=torch.float64, device=problems.device)
    rows = torch.empty(count, n_rows, len(ROW_VALUES), dtype=torch.float64, device=problems.device)
    where = {"weights": weights.data_ptr(), "bins": bins.data_ptr(), "rows": rows.data_ptr()}
    return _call(problems, maths, {"trains": False, "repeats": repeats, **where}, (weights,), (bins, rows))


def _call(
    problems: Problems, maths: str, more: dict[str, Any], alive: tuple[Any, ...], results: tuple[Tensor, ...]
) -> Call:
    arrays = arrays_of(problems)
    arguments = {**_arguments(problems, arrays), "tensor": chosen_maths(maths) == "bf16", **more}
    return Call(arguments, (arrays, *alive), results)


def launch(call: Call) -> tuple[Tensor, ...]:
    """Queue `call` on the current stream of its device and return its results.

    Use `selfcheck.launch` instead wherever the device has not passed its self-check yet.

    Raises:
        MMGError: where the device has too little memory left.
        RuntimeError: for a launch that CUDA refuses, with the reason.
        ValueError: for an address that is not memory of the device.
    """
    core, reason = cuda_module()
    if core is None:
        raise RuntimeError(reason)
    device = call.results[0].device
    index = index_of(device)
    size = core.scratch_bytes(call.arguments, index)
    try:
        scratch = torch.empty(size, dtype=torch.uint8, device=device)
    except torch.cuda.OutOfMemoryError as error:
        raise out_of_memory(size, device) from error
    core.run(call.arguments, scratch.data_ptr(), size, index, torch.cuda.current_stream(device).cuda_stream)
    return call.results
