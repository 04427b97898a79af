"""The core's ops: declared once with torch.library, run by the compiled module, checked here.

`define` and `impl` rather than `custom_op`: a fifth of its overhead a call. The compiled module takes raw
addresses, so every tensor is checked for type, device, layout and size before its address leaves this file.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from mmg_registry.core import cuda, reference, selfcheck
from mmg_registry.core.build import compiled
from mmg_registry.core.checks import CPU, check, check_range, demand, require_core
from mmg_registry.core.network import Network
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.proposal import BIN_SUMS, ROW_VALUES, Proposal, increases

_LIBRARY = torch.library.Library("mmg", "DEF")
_PROBLEM = (
    "Tensor x, Tensor y, Tensor rho, Tensor edges, Tensor cdf, float[] logistic, "
    "int width, int depth, int context, int seed"
)
_MAX_DEPTH = 16  # csrc/cpu/layout.h
_MAX_STEP = 2**32 - 1  # a counter word
_MAX_STRATA = 2**24  # float32 tells that many strata apart
_LIBRARY.define(
    "train_denoiser(Tensor(a!) weights, Tensor(b!) m, Tensor(c!) v, Tensor(d!) ema, "
    f"{_PROBLEM}, int[] plan, float[] rates, int threads, str isa) -> Tensor"
)
_LIBRARY.define(
    f"denoiser_grad(Tensor weights, {_PROBLEM}, int step, int batch, int threads, str isa) -> (Tensor, Tensor)"
)
_LIBRARY.define(f"mmse_gap(Tensor weights, {_PROBLEM}, int repeats, int threads, str isa) -> (Tensor, Tensor)")


def why_reference(network: Network, device: torch.device) -> str:
    """Why the ops run in plain torch for data on `device`: no compiled core, or none for such a network. Or nothing.

    Example:
        >>> why_reference(Network(1, 1, width=96), torch.device("cuda"))
        'the CUDA core has widths 64, 128, 256, not 96'
    """
    if device.type == "cuda":
        return cuda.too_large(network) or cuda.unusable(device)
    return "" if compiled() is not None else "the compiled core is not available"


def train_denoiser(
    network: Network,
    state: tuple[Tensor, Tensor, Tensor, Tensor],
    x: Tensor,
    y: Tensor,
    rho: Tensor,
    proposal: Proposal,
    plan: TrainPlan,
    *,
    seed: int,
    first_step: int,
    n_steps: int,
    threads: int = 1,
    isa: str = "",
) -> Tensor:
    """Run `n_steps` optimiser steps inside the core, updating `state` in place.

    Args:
        state: weights, first and second moments, averaged weights; each `(n_parameters,)` float32.
        x, y: `(n, dim_x)`, `(n, dim_y)` float32 in canonical coordinates (identity covariances).
        rho: `(min(dim_x, dim_y),)` float64 canonical correlations.
        seed, first_step: the noise of a step is a function of both alone.
        isa: an instruction set by name; for data on a GPU the arithmetic, "bf16" or "float32".

    Returns:
        `(n_steps, 2)` float64 losses of each batch, without and with y.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        KeyboardInterrupt: within a second of Ctrl-C; the state then holds the steps done.
    """
    problem = check_problem(network, state, x, y, rho, proposal, seed)
    steps = [first_step, n_steps, plan.batch, plan.warmup, plan.hold_until, plan.total]
    rates = [plan.lr, plan.beta1, plan.beta2, plan.eps, plan.weight_decay, plan.ema_decay]
    if why_reference(network, x.device):
        return reference.train_denoiser(
            network, state, x, y, rho, proposal, plan, seed=seed, first_step=first_step, n_steps=n_steps
        )
    losses: Tensor = torch.ops.mmg.train_denoiser(*state, *problem, steps, rates, threads, isa)
    return losses


def denoiser_grad(
    network: Network,
    weights: Tensor,
    x: Tensor,
    y: Tensor,
    rho: Tensor,
    proposal: Proposal,
    *,
    seed: int,
    step: int,
    batch: int,
    threads: int = 1,
    isa: str = "",
) -> tuple[Tensor, Tensor]:
    """Losses `(2,)` and gradient `(n_parameters,)` of the batch that training step `step` sees.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
    """
    problem = check_problem(network, (weights,), x, y, rho, proposal, seed)
    if why_reference(network, x.device):
        return reference.denoiser_grad(network, weights, x, y, rho, proposal, seed=seed, step=step, batch=batch)
    losses, grad = torch.ops.mmg.denoiser_grad(weights, *problem, step, batch, threads, isa)
    return losses, grad


def mmse_gap(
    network: Network,
    weights: Tensor,
    x: Tensor,
    y: Tensor,
    rho: Tensor,
    proposal: Proposal,
    *,
    seed: int,
    repeats: int,
    threads: int = 1,
    isa: str = "",
) -> tuple[Tensor, Tensor]:
    """The gap between both denoisers, importance-weighted over log-SNR.

    Every row takes one log-SNR from each of `repeats` strata of the proposal, so that its own mean over
    repeats is an estimate of its integral.

    Returns:
        Per-bin sums `(n_bins, len(BIN_SUMS))` and per-row means `(n, len(ROW_VALUES))`, float64, in nats:
        squared errors of eps times half the importance weight.

    Raises:
        ValueError: for a tensor of the wrong type, size or layout or a number out of range, naming it.
        KeyboardInterrupt: within a second of Ctrl-C.
    """
    problem = check_problem(network, (weights,), x, y, rho, proposal, seed)
    if why_reference(network, x.device):
        errors = reference.network_errors(network, weights, rho)
        return reference.mmse_gap(errors, x, y, proposal, seed=seed, repeats=repeats, noised=network.noised)
    bins, rows = torch.ops.mmg.mmse_gap(weights, *problem, repeats, threads, isa)
    return bins, rows


# --- From objects to the flat arguments of a schema, checked ---------------------------------------------------

_Problem = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, list[float], int, int, int, int]


def check_problem(
    network: Network, state: tuple[Tensor, ...], x: Tensor, y: Tensor, rho: Tensor, proposal: Proposal, seed: int
) -> _Problem:
    check("edges", proposal.edges, torch.float32, (None,))
    logistic = [proposal.loc, proposal.scale, *proposal.p_range]
    sizes = network.width, network.depth, network.context
    problem = x, y, rho, proposal.edges, proposal.cdf, logistic, *sizes, seed
    _check_problem(problem)
    if (x.shape[1], y.shape[1]) != (network.dim_x, network.dim_y):
        raise ValueError(
            f"The network is for {network.dim_x}+{network.dim_y} columns, the data have {x.shape[1]}+{y.shape[1]}."
        )
    for name, tensor in zip(("weights", "m", "v", "ema"), state, strict=False):
        check(name, tensor, torch.float32, (network.n_parameters,), x.device)
    return problem


# --- What the kernels' loops take for granted -------------------------------------------------------------------


def _check_problem(problem: _Problem) -> None:
    x, y, rho, edges, cdf, logistic, width, depth, context, seed = problem
    place = x.device if x.device.type == "cuda" else CPU
    check("x", x, torch.float32, (None, None), place)
    check("y", y, torch.float32, (x.shape[0], None), place)
    check_range("rows", len(x), 1, 2**32 - 1)
    _check_rho(rho, min(x.shape[1], y.shape[1]))
    _check_proposal(edges, cdf, logistic)
    check_range("width", width, 2, 2**16)
    check_range("depth", depth, 1, _MAX_DEPTH)
    check_range("context", context, 0, x.shape[1] - 1)
    check_range("seed", seed, 0, 2**63 - 1)


def _check_rho(rho: Tensor, most: int) -> None:
    check("rho", rho, torch.float64, (len(rho) if rho.dim() == 1 else None,))
    check_range("length of rho", len(rho), 0, most)
    demand(all(-1 <= r <= 1 for r in rho.tolist()), "'rho' must hold correlations, between -1 and 1.")


def _check_proposal(edges: Tensor, cdf: Tensor, logistic: list[float]) -> None:
    check("edges", edges, torch.float32, (None,))
    check("cdf", cdf, torch.float32, (len(edges),))
    demand(len(edges) >= 2 and increases(edges), "'edges' must be two or more finite, increasing log-SNR values.")
    demand(len(logistic) == 4, f"'logistic' must hold loc, scale and two probabilities, not {len(logistic)} numbers.")
    loc, scale, low, high = logistic
    if scale > 0:
        inside = math.isfinite(loc) and math.isfinite(scale) and 0 < low < high < 1
        demand(inside, "'logistic' must hold finite loc and scale, and two increasing probabilities.")
    else:
        demand(scale == 0, "'logistic' must have scale >= 0.")
        ends = float(cdf[0]) == 0 and float(cdf[-1]) == 1
        demand(ends and increases(cdf), "'cdf' must increase from 0 to 1, in every bin.")


def _check_plan(plan: list[int], rates: list[float]) -> None:
    """A flat argument list may never have been a `TrainPlan`."""
    demand(len(plan) == 6 and len(rates) == 6, "'plan' and 'rates' must hold six numbers each.")
    first_step, n_steps, batch, warmup, hold_until, total = plan
    check_range("first_step", first_step, 0, _MAX_STEP)
    check_range("n_steps", n_steps, 0, _MAX_STEP - first_step)
    check_range("batch", batch, 1, _MAX_STRATA)
    check_range("total", total, 0, _MAX_STEP)
    check_range("warmup", warmup, 0, _MAX_STEP)
    TrainPlan(batch, rates[0], warmup, hold_until, total, *rates[1:])


def check_plan(plan: TrainPlan, first_step: int, n_steps: int) -> None:
    """As the ops do, for callers that go past them.

    Raises:
        ValueError: for steps or a batch that a counter word or float32 cannot tell apart.
    """
    steps = [first_step, n_steps, plan.batch, plan.warmup, plan.hold_until, plan.total]
    _check_plan(steps, [plan.lr, plan.beta1, plan.beta2, plan.eps, plan.weight_decay, plan.ema_decay])


def check_repeats(repeats: int) -> None:
    """Raises a ValueError for more strata than float32 tells apart, or none."""
    check_range("repeats", repeats, 1, _MAX_STRATA)


def _check_state(state: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    demand(
        len({t.untyped_storage().data_ptr() for t in state}) == 4,
        "'weights', 'm', 'v' and 'ema' are updated in place, so each must have memory of its own.",
    )


class _Call:
    """Checked native structures of one call; keeps alive the tensors whose addresses they hold."""

    def __init__(self, problem: _Problem, threads: int, isa: str) -> None:
        _check_problem(problem)
        check_range("threads", threads, 1, 1024)
        x, y, rho, edges, cdf, logistic, width, depth, context, _ = problem
        (n, dim_x), dim_y = x.shape, y.shape[1]
        core = require_core()
        full = torch.zeros(dim_x, dtype=torch.float64)
        full[: len(rho)] = rho
        self.alive = x, y, edges, cdf
        self.rho, self.s2 = full.float(), (1 - full.square()).float()
        self.network = Network(dim_x, dim_y, width, depth, context)
        self.n, self.n_bins = n, len(edges) - 1
        self.core = core
        self.shape = core.Shape(dim_x, dim_y, width, depth, context)
        self.data = core.Data(x.data_ptr(), y.data_ptr(), n, self.rho.data_ptr(), self.s2.data_ptr())
        self.proposal = core.Proposal(self.n_bins, edges.data_ptr(), cdf.data_ptr(), *logistic)

    def address(self, name: str, tensor: Tensor) -> int:
        return check(name, tensor, torch.float32, (self.network.n_parameters,)).data_ptr()


def _train_cpu(
    weights, m, v, ema, x, y, rho, edges, cdf, logistic, width, depth, context, seed, plan, rates, threads, isa
):
    _check_plan(plan, rates)
    _check_state((weights, m, v, ema))
    call = _Call((x, y, rho, edges, cdf, logistic, width, depth, context, seed), threads, isa)
    losses = torch.zeros(plan[1], 2, dtype=torch.float64)
    native = call.core.TrainPlan(plan[0], plan[1], plan[2], rates[0], *plan[3:], *rates[1:])
    state = [call.address(name, t) for name, t in (("weights", weights), ("m", m), ("v", v), ("ema", ema))]
    call.core.train_denoiser(
        call.shape, call.data, call.proposal, seed, native, *state, losses.data_ptr(), threads, isa
    )
    return losses


def _grad_cpu(weights, x, y, rho, edges, cdf, logistic, width, depth, context, seed, step, batch, threads, isa):
    check_range("step", step, 0, _MAX_STEP)
    check_range("batch", batch, 1, _MAX_STRATA)
    call = _Call((x, y, rho, edges, cdf, logistic, width, depth, context, seed), threads, isa)
    grad = torch.zeros_like(weights)
    addresses = call.address("weights", weights), grad.data_ptr()
    losses = call.core.denoiser_grad(call.shape, call.data, call.proposal, seed, step, batch, *addresses, threads, isa)
    return torch.tensor(losses, dtype=torch.float64), grad


def _gap_cpu(weights, x, y, rho, edges, cdf, logistic, width, depth, context, seed, repeats, threads, isa):
    check_repeats(repeats)
    call = _Call((x, y, rho, edges, cdf, logistic, width, depth, context, seed), threads, isa)
    bins = torch.zeros(call.n_bins, len(BIN_SUMS), dtype=torch.float64)
    rows = torch.zeros(call.n, len(ROW_VALUES), dtype=torch.float64)
    out = call.address("weights", weights), bins.data_ptr(), rows.data_ptr()
    call.core.mmse_gap(call.shape, call.data, call.proposal, seed, repeats, *out, threads, isa)
    return bins, rows


# --- The same on a GPU: one problem is a batch of one --------------------------------------------------------------


def _cuda_problems(weights, *flat):
    """Checked, and as the CUDA core wants them."""
    _check_problem(flat)
    x, y, rho, edges, cdf, logistic, width, depth, context, seed = flat
    network = Network(x.shape[1], y.shape[1], width, depth, context)
    check("weights", weights, torch.float32, (network.n_parameters,), x.device)
    proposal = Proposal(edges, cdf, logistic[0], logistic[1])
    return cuda.Problems.of(network, x[None], y[None], rho[None], [proposal], [seed])


def _train_cuda(
    weights, m, v, ema, x, y, rho, edges, cdf, logistic, width, depth, context, seed, plan, rates, threads, isa
):
    _check_plan(plan, rates)
    _check_state((weights, m, v, ema))
    problems = _cuda_problems(weights, x, y, rho, edges, cdf, logistic, width, depth, context, seed)
    for name, part in (("m", m), ("v", v), ("ema", ema)):
        check(name, part, torch.float32, tuple(weights.shape), x.device)
    settings = TrainPlan(plan[2], rates[0], *plan[3:], *rates[1:])
    state = weights[None], m[None], v[None], ema[None]
    return selfcheck.launch(cuda.train_call(problems, state, settings, plan[0], plan[1], maths=isa))[0][0]


def _grad_cuda(weights, x, y, rho, edges, cdf, logistic, width, depth, context, seed, step, batch, threads, isa):
    check_range("step", step, 0, _MAX_STEP)
    check_range("batch", batch, 1, _MAX_STRATA)
    problems = _cuda_problems(weights, x, y, rho, edges, cdf, logistic, width, depth, context, seed)
    losses, grad = selfcheck.launch(cuda.grad_call(problems, weights[None], step, batch, maths=isa))
    return losses[0, 0], grad[0]


def _gap_cuda(weights, x, y, rho, edges, cdf, logistic, width, depth, context, seed, repeats, threads, isa):
    check_repeats(repeats)
    problems = _cuda_problems(weights, x, y, rho, edges, cdf, logistic, width, depth, context, seed)
    bins, rows = selfcheck.launch(cuda.gap_call(problems, weights[None], repeats, maths=isa))
    return bins[0], rows[0]


def _train_fake(
    weights, m, v, ema, x, y, rho, edges, cdf, logistic, width, depth, context, seed, plan, rates, threads, isa
):
    return weights.new_empty((plan[1], 2), dtype=torch.float64)


def _grad_fake(weights, *args):
    return weights.new_empty((2,), dtype=torch.float64), torch.empty_like(weights)


def _gap_fake(weights, x, y, rho, edges, *args):
    bins = weights.new_empty((edges.shape[0] - 1, len(BIN_SUMS)), dtype=torch.float64)
    return bins, weights.new_empty((x.shape[0], len(ROW_VALUES)), dtype=torch.float64)


for _name, _cpu, _cuda, _fake in (
    ("train_denoiser", _train_cpu, _train_cuda, _train_fake),
    ("denoiser_grad", _grad_cpu, _grad_cuda, _grad_fake),
    ("mmse_gap", _gap_cpu, _gap_cuda, _gap_fake),
):
    _LIBRARY.impl(_name, _cpu, "CPU")
    _LIBRARY.impl(_name, _cuda, "CUDA")
    torch.library.register_fake(f"mmg::{_name}", _fake, lib=_LIBRARY)
