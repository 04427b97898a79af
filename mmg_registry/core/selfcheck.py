"""The self-check of a GPU: results from it count only after it has reproduced the CPU core's, once per process.

The check solves fixed problems of odd sizes in both arithmetics: the gap by bins and by rows, and some training steps.
The device is represented by a function, so that tests can pass the emulated kernels, intact or corrupted.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmg_registry.core import cpu, cuda, reference
from mmg_registry.core.build import compiled
from mmg_registry.core.network import Network
from mmg_registry.core.plan import TrainPlan
from mmg_registry.core.problem import Problem, TrainState
from mmg_registry.core.proposal import Proposal
from mmg_registry.devices import refuse_device
from mmg_registry.errors import explain

SEED = 7


@dataclass(frozen=True)
class Probe:
    """A test problem whose results on the CPU and on a GPU are compared."""

    network: Network
    rows: int
    repeats: int
    batch: int
    steps: int
    slack: float = 1.0  # factor on the limit for rows: among more rows, the largest difference is larger

    @property
    def plan(self) -> TrainPlan:
        """Return the optimiser's settings, with warm-up, decay and weight decay all in use."""
        return TrainPlan(batch=self.batch, warmup=5, hold_until=10, total=20, weight_decay=0.01)


SMALL = Probe(Network(4, 3, width=64, depth=2, context=1), rows=131, repeats=3, batch=77, steps=20)
# More rows than one tile of 16 per multiprocessor, so that the larger tiles and their wide products are checked too.
LARGE = Probe(Network(5, 2, width=128, depth=1), rows=2_501, repeats=1, batch=2_501, steps=5, slack=4.0)
PROBES = SMALL, LARGE
# Largest relative differences allowed. The emulated kernels reach at most a seventh of them (in bf16, a third).
LIMITS = {
    "float32": {"bins": 3e-5, "rows": 1e-4, "losses": 1e-5, "weights": 3e-5, "average": 3e-5},
    "bf16": {"bins": 0.04, "rows": 0.1, "losses": 0.003, "weights": 0.05, "average": 0.05},
}
RunKernels = Callable[[cuda.Call], Sequence[Tensor]]


def _problem(probe: Probe, place: torch.device) -> tuple[Problem, Tensor]:
    """Return a problem on `place` and weights without zeros, so that every product of a kernel affects the result."""
    draw, network = torch.Generator().manual_seed(SEED), probe.network
    weights = network.init(SEED) + 0.1 * torch.randn(network.n_parameters, generator=draw)
    y, x = (torch.randn(probe.rows, columns, generator=draw) for columns in (network.dim_y, network.dim_x))
    rho = torch.tensor([0.9, 0.5, 0.2], dtype=torch.float64)[: network.dim_y]
    x[:, : len(rho)] = (rho * y + (1 - rho.square()).sqrt() * x[:, : len(rho)]).float()
    edges, mass = torch.tensor([-10.0, -4.0, -1.0, 2.5, 6.0, 14.0]), torch.tensor([1.0, 2.0, 5.0, 3.0, 0.5])
    problem = Problem(network, x.to(place), y.to(place), rho, Proposal.piecewise(edges, mass), SEED)
    return problem, weights.to(place)


def _state(weights: Tensor) -> TrainState:
    return weights.clone(), torch.zeros_like(weights), torch.zeros_like(weights), weights.clone()


def _named(
    network: Network, gap: Sequence[Tensor], losses: Tensor, start: Tensor, state: Sequence[Tensor]
) -> dict[str, Tensor]:
    """Return the tables and vectors to compare by name; weights by parameter, as the change that training made."""
    named = {"bins": gap[0], "rows": gap[1], "losses": losses}
    for name, flat in (("weights", state[0] - start), ("average", state[3] - start)):
        named |= {f"{name} of {part}": view.flatten() for part, view in network.views(flat).items()}
    return {name: values.cpu().double() for name, values in named.items()}


def on_cpu(probe: Probe) -> dict[str, Tensor]:
    """Return the CPU's results by name, from the compiled core or, where there is none, from the reference."""
    core = reference if compiled() is None else cpu
    problem, weights = _problem(probe, torch.device("cpu"))
    state = _state(weights)
    losses = core.train_denoiser(problem, state, probe.plan, range(probe.steps))
    gap = core.mmse_gap(problem, weights, probe.repeats)
    return _named(probe.network, gap, losses, weights, state)


def on_device(probe: Probe, run: RunKernels, place: torch.device, maths: str) -> dict[str, Tensor]:
    """Return the results by name that `run` computes from launches on memory of `place`."""
    problem, weights = _problem(probe, place)
    state = _state(weights[None])
    losses = run(cuda.train_call(problem.batch(), state, probe.plan, range(probe.steps), maths))[0][0]
    bins, means = run(cuda.gap_call(problem.batch(), weights[None], probe.repeats, maths))
    return _named(probe.network, (bins[0], means[0]), losses, weights, [part[0] for part in state])


def apart(found: Tensor, expected: Tensor) -> float:
    """Return the relative difference of a vector as a whole, or the largest relative difference within a table.

    In a table, a number's difference is relative to the sum of its own size and its column's mean size, so that a
    column of small numbers counts as much as one of large numbers. NaN in a table gives NaN.

    Example:
        >>> apart(torch.tensor([[3.0, 1.0], [5.0, 1.0]]), torch.tensor([[3.0, 1.0], [4.0, 1.0]]))
        0.13333334028720856
    """
    if expected.dim() == 1:
        return float((found - expected).norm() / expected.norm())
    sizes = expected.abs()
    return float(((found - expected).abs() / (sizes + sizes.mean(0))).max())


def disagreement(run: RunKernels, place: torch.device) -> str:
    """Return a sentence on the first difference from the CPU core that rounding cannot explain; empty if none."""
    return next(filter(None, (_disagreement(probe, run, place) for probe in PROBES)), "")


def _disagreement(probe: Probe, run: RunKernels, place: torch.device) -> str:
    expected = on_cpu(probe)
    for maths, limits in LIMITS.items():
        for name, values in on_device(probe, run, place, maths).items():
            slack = probe.slack if name == "rows" else 1.0
            off, limit = apart(values, expected[name]), slack * limits[name.split()[0]]
            if not off <= limit:  # written so that NaN fails as well
                return f"in {maths}, '{name}' is {off:.2g} (relative) off the CPU core's, and {limit:g} is allowed"
    return ""


@functools.cache
def verdict(index: int) -> str:
    """Return why the results of GPU `index` cannot be trusted; an empty string if they can. Runs once per process.

    Raises:
        MMGError: where the GPU has too little memory left for the check.
    """
    try:
        found = disagreement(cuda.launch, torch.device("cuda", index))
    except (RuntimeError, ValueError) as error:
        return f"the self-check could not run: {explain(error).rstrip('.')}"
    return f"the self-check failed: {found}" if found else ""


def refusal(device: torch.device | str) -> str:
    """Return why the CUDA core must not run on `device`; an empty string where it may."""
    return cuda.unusable(device) or verdict(cuda.index_of(torch.device(device)))


def launch(call: cuda.Call) -> Sequence[Tensor]:
    """Launch `call` by `cuda.launch` if its device passes the self-check, and refuse the device otherwise.

    Raises:
        OptionError: for a device that fails, with the difference found.
        MMGError: where the device has too little memory left.
    """
    device = call.results[0].device
    refuse_device(str(device), verdict(cuda.index_of(device)))
    return cuda.launch(call)


def chosen_device(name: str) -> torch.device:
    """Return the device for a `Run.device`; "auto" gives the CPU, since the CUDA core's speed is not known yet.

    Raises:
        OptionError: for a GPU that the CUDA core cannot use, or whose results differ from the CPU's.

    Example:
        >>> chosen_device("auto")
        device(type='cpu')
    """
    if not name.startswith("cuda"):
        return torch.device("cpu")
    refuse_device(name, refusal(name))
    return torch.device("cuda", cuda.index_of(torch.device(name)))
