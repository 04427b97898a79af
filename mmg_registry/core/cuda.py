"""From tensors to a call of the CUDA core: B independent problems of one network's sizes in one launch.

The CUDA module takes a dict of numbers and raw addresses; Python owns all memory, and work is queued on PyTorch's
current stream without waiting for it. `_core.emulated` takes the same dict with addresses of CPU memory.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmg_registry.core.build import cuda_module, torch_reason
from mmg_registry.core.network import Network
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.proposal import BIN_SUMS, ROW_VALUES, Proposal
from mmg_registry.errors import MMGError

WIDTHS, MAX_DEPTH, MAX_COLUMNS = (64, 128, 256), 4, 1024  # csrc/cuda/jobs.h
MATHS = ("bf16", "float32")
State = tuple[Tensor, Tensor, Tensor, Tensor]


def too_large(network: Network) -> str:
    """Why the CUDA core has no kernel for these sizes, or nothing.

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
    """Why the CUDA core cannot run on `device`, or nothing."""
    core, reason = cuda_module()
    if core is None:
        return reason
    return torch_reason() or str(core.unusable(index_of(torch.device(device))))


def index_of(device: torch.device) -> int:
    """The number of a GPU; "cuda" alone is the current one."""
    return torch.cuda.current_device() if device.index is None else device.index


def chosen_maths(name: str = "") -> str:
    """The arithmetic of the kernels: `name`, else what MMG_CUDA_MATHS says, else bf16 on the tensor cores.

    Raises:
        ValueError: for another than "bf16" and "float32".

    Example:
        >>> chosen_maths("float32")
        'float32'
    """
    maths = name or os.environ.get("MMG_CUDA_MATHS", "") or MATHS[0]
    if maths not in MATHS:
        raise ValueError(f"The CUDA core computes in {' or '.join(MATHS)}, not in '{maths}'; look at MMG_CUDA_MATHS.")
    return maths


@dataclass(frozen=True)
class Problems:
    """What B problems are given, on one device; all in float32 but the seeds.

    Attributes:
        x, y: `(B, n, dim_x)`, `(B, n, dim_y)`.
        rho, s2: `(B, dim_x)` canonical correlations, zeros beyond them, and 1 less their squares.
        edges, cdf: `(B, n_bins + 1)`; logistic: `(B, 4)`, of each proposal.
        seeds: `(B,)` int64.
    """

    network: Network
    x: Tensor
    y: Tensor
    rho: Tensor
    s2: Tensor
    edges: Tensor
    cdf: Tensor
    logistic: Tensor
    seeds: Tensor

    @classmethod
    def of(
        cls, network: Network, x: Tensor, y: Tensor, rho: Tensor, proposals: Sequence[Proposal], seeds: Sequence[int]
    ) -> Problems:
        """From rows on a device and small things on the CPU: rho `(B, k)` float64, a proposal and a seed each."""
        full = torch.zeros(len(x), network.dim_x, dtype=torch.float64)
        full[:, : rho.shape[1]] = rho
        small = [full.float(), (1 - full.square()).float()]
        small += [torch.stack([q.edges for q in proposals]), torch.stack([q.cdf for q in proposals])]
        small += [torch.tensor([[q.loc, q.scale, *q.p_range] for q in proposals]), torch.tensor(list(seeds))]
        return cls(network, x, y, *(sent(each, x.device) for each in small))

    def arguments(self) -> dict[str, Any]:
        net = self.network
        sizes = {"dim_x": net.dim_x, "dim_y": net.dim_y, "width": net.width, "depth": net.depth, "context": net.context}
        counts = {"problems": len(self.x), "n_rows": self.x.shape[1], "n_bins": self.edges.shape[1] - 1}
        arrays = ("x", "y", "rho", "s2", "edges", "cdf", "logistic", "seeds")
        return {**sizes, **counts, **{name: getattr(self, name).data_ptr() for name in arrays}}


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A CPU tensor on `device`, without waiting for what the device is doing."""
    if device.type != "cuda":
        return tensor.contiguous()
    try:
        return tensor.contiguous().pin_memory().to(device, non_blocking=True)
    except torch.cuda.OutOfMemoryError as error:
        raise out_of_memory(tensor.nbytes, device) from error


def out_of_memory(size: int, device: torch.device) -> MMGError:
    return MMGError(
        f"GPU {index_of(device)} has no {size / 1e6:,.0f} MB left; lower the number of rows, the width or depth of the "
        "network, or how many problems are trained at once, or use --device cpu."
    )


def step_rates(plan: TrainPlan, first_step: int, n_steps: int) -> Tensor:
    """`(n_steps, 4)` float32: learning rate, both bias corrections of Adam, the average's decay.

    Example:
        >>> step_rates(TrainPlan(warmup=4, lr=1.0), 0, 1)[0].tolist() == [0.25, 10.0, 100.0, 0.1]
        False
        >>> [round(rate, 3) for rate in step_rates(TrainPlan(warmup=4, lr=1.0), 0, 1)[0].tolist()]
        [0.25, 10.0, 100.0, 0.1]
    """
    rows = [
        [
            plan.lr_at(step),
            1 / (1 - plan.beta1 ** (step + 1)),
            1 / (1 - plan.beta2 ** (step + 1)),
            min(plan.ema_decay, (1 + step) / (10 + step)),
        ]
        for step in range(first_step, first_step + n_steps)
    ]
    return torch.tensor(rows, dtype=torch.float64).reshape(n_steps, 4).float()


@dataclass(frozen=True)
class Call:
    """One launch: its arguments, and what they point at, which must outlive the call."""

    arguments: dict[str, Any]
    alive: tuple[Any, ...]
    results: tuple[Tensor, ...]


def train_call(
    problems: Problems, state: State, plan: TrainPlan, first_step: int, n_steps: int, *, maths: str = ""
) -> Call:
    """`n_steps` steps of every problem; `state` holds `(B, n_parameters)` each, losses come as `(B, n_steps, 2)`."""
    device = problems.x.device
    losses = torch.empty(len(problems.x), n_steps, 2, dtype=torch.float64, device=device)
    rates = sent(step_rates(plan, first_step, n_steps), device)
    names = dict(zip(("weights", "m", "v", "ema"), (part.data_ptr() for part in state), strict=True))
    more = {"first_step": first_step, "n_steps": n_steps, "losses": losses.data_ptr(), "grad": 0, **names}
    return _training(problems, plan, rates, more, maths, (state, losses), (losses,))


def grad_call(problems: Problems, weights: Tensor, step: int, batch: int, *, maths: str = "") -> Call:
    """Losses `(B, 1, 2)` and gradients `(B, n_parameters)` of what step `step` sees."""
    device = problems.x.device
    losses, grad = torch.empty(len(weights), 1, 2, dtype=torch.float64, device=device), torch.empty_like(weights)
    rates = sent(torch.zeros(1, 4), device)
    names = {"weights": weights.data_ptr(), "m": 0, "v": 0, "ema": 0}
    more = {"first_step": step, "n_steps": 1, "losses": losses.data_ptr(), "grad": grad.data_ptr(), **names}
    return _training(problems, TrainPlan(batch=batch), rates, more, maths, (weights, losses, grad), (losses, grad))


def _training(
    problems: Problems,
    plan: TrainPlan,
    rates: Tensor,
    more: dict[str, Any],
    maths: str,
    alive: tuple[Any, ...],
    results: tuple[Tensor, ...],
) -> Call:
    numbers = {name: getattr(plan, name) for name in ("batch", "beta1", "beta2", "eps", "weight_decay")}
    how = {"trains": True, "tensor": chosen_maths(maths) == "bf16", "rates": rates.data_ptr()}
    return Call({**problems.arguments(), **numbers, **how, **more}, (problems, rates, alive), results)


def gap_call(problems: Problems, weights: Tensor, repeats: int, *, maths: str = "") -> Call:
    """Sums `(B, n_bins, len(BIN_SUMS))` and means `(B, n, len(ROW_VALUES))` under `weights` `(B, n_parameters)`."""
    device, n_bins = problems.x.device, problems.edges.shape[1] - 1
    bins = torch.empty(len(weights), n_bins, len(BIN_SUMS), dtype=torch.float64, device=device)
    rows = torch.empty(len(weights), problems.x.shape[1], len(ROW_VALUES), dtype=torch.float64, device=device)
    where = {"weights": weights.data_ptr(), "bins": bins.data_ptr(), "rows": rows.data_ptr(), "repeats": repeats}
    how = {"trains": False, "tensor": chosen_maths(maths) == "bf16"}
    return Call({**problems.arguments(), **how, **where}, (problems, weights), (bins, rows))


def launch(call: Call) -> tuple[Tensor, ...]:
    """Queue `call` on the current stream of its device; `selfcheck.launch` asks first whether that is to be believed.

    Raises:
        MMGError: where the device has too little memory left.
        RuntimeError: for a launch that CUDA refuses, with its reason.
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
