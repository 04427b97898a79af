"""A GPU is believed once it has computed, in this process, what the CPU core computes at the same seed.

Fixed problems of odd sizes, in both arithmetics: the gap by bins and by rows, and some training steps. The device's
side is a function, so that tests hand in the emulated kernels, whole and corrupted.
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
from mmg_registry.errors import OptionError, explain

SEED = 7


@dataclass(frozen=True)
class Probe:
    """A problem whose answer the CPU core knows."""

    network: Network
    rows: int
    repeats: int
    batch: int
    steps: int
    slack: float = 1.0  # times the limit of rows: the worst of many is further off than the worst of few

    @property
    def plan(self) -> TrainPlan:
        return TrainPlan(batch=self.batch, warmup=5, hold_until=10, total=20, weight_decay=0.01)


SMALL = Probe(Network(4, 3, width=64, depth=2, context=1), rows=131, repeats=3, batch=77, steps=20)
# More rows than one tile of 16 for every multiprocessor: larger tiles, and the wide strips of products that they take.
LARGE = Probe(Network(5, 2, width=128, depth=1), rows=2_501, repeats=1, batch=2_501, steps=5, slack=4.0)
PROBES = SMALL, LARGE
# Relative; the emulated kernels are off on these problems by a seventh of these or less (bf16: a third).
LIMITS = {
    "float32": {"bins": 3e-5, "rows": 1e-4, "losses": 1e-5, "weights": 3e-5, "average": 3e-5},
    "bf16": {"bins": 0.04, "rows": 0.1, "losses": 0.003, "weights": 0.05, "average": 0.05},
}
RunKernels = Callable[[cuda.Call], Sequence[Tensor]]


def _problem(probe: Probe, place: torch.device) -> tuple[Problem, Tensor]:
    """A problem on `place`, and weights of which none is zero, so that whatever a kernel computes counts."""
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
    """Tables and vectors to compare: weights by parameter, as what training moved them by."""
    named = {"bins": gap[0], "rows": gap[1], "losses": losses}
    for name, flat in (("weights", state[0] - start), ("average", state[3] - start)):
        named |= {f"{name} of {part}": view.flatten() for part, view in network.views(flat).items()}
    return {name: values.cpu().double() for name, values in named.items()}


def on_cpu(probe: Probe) -> dict[str, Tensor]:
    """What the CPU computes: the compiled core, or the reference where there is none."""
    core = reference if compiled() is None else cpu
    problem, weights = _problem(probe, torch.device("cpu"))
    state = _state(weights)
    losses = core.train_denoiser(problem, state, probe.plan, range(probe.steps))
    gap = core.mmse_gap(problem, weights, probe.repeats)
    return _named(probe.network, gap, losses, weights, state)


def on_device(probe: Probe, run: RunKernels, place: torch.device, maths: str) -> dict[str, Tensor]:
    """What `run` computes, given launches on memory of `place`."""
    problem, weights = _problem(probe, place)
    state = _state(weights[None])
    losses = run(cuda.train_call(problem.batch(), state, probe.plan, range(probe.steps), maths))[0][0]
    bins, means = run(cuda.gap_call(problem.batch(), weights[None], probe.repeats, maths))
    return _named(probe.network, (bins[0], means[0]), losses, weights, [part[0] for part in state])


def apart(found: Tensor, expected: Tensor) -> float:
    """Relative difference of a vector as a whole; of a table, the largest of a number, NaN where there is one.

    A number's is relative to its own and its column's mean size together, so that none is too small to be missed.

    Example:
        >>> apart(torch.tensor([[3.0, 1.0], [5.0, 1.0]]), torch.tensor([[3.0, 1.0], [4.0, 1.0]]))
        0.13333334028720856
    """
    if expected.dim() == 1:
        return float((found - expected).norm() / expected.norm())
    sizes = expected.abs()
    return float(((found - expected).abs() / (sizes + sizes.mean(0))).max())


def disagreement(run: RunKernels, place: torch.device) -> str:
    """The largest difference beyond what rounding explains, against the CPU core; or nothing."""
    return next(filter(None, (_disagreement(probe, run, place) for probe in PROBES)), "")


def _disagreement(probe: Probe, run: RunKernels, place: torch.device) -> str:
    expected = on_cpu(probe)
    for maths, limits in LIMITS.items():
        for name, values in on_device(probe, run, place, maths).items():
            slack = probe.slack if name == "rows" else 1.0
            off, limit = apart(values, expected[name]), slack * limits[name.split()[0]]
            if not off <= limit:  # NaN too
                return f"in {maths}, '{name}' is {off:.2g} (relative) off the CPU core's, and {limit:g} is allowed"
    return ""


@functools.cache
def verdict(index: int) -> str:
    """Why GPU `index` is not to be believed, or nothing; found out once a process.

    Raises:
        MMGError: where the GPU has too little memory left to tell.
    """
    try:
        found = disagreement(cuda.launch, torch.device("cuda", index))
    except (RuntimeError, ValueError) as error:
        return f"the self-check could not run: {explain(error).rstrip('.')}"
    return f"the self-check failed: {found}" if found else ""


def refusal(device: torch.device | str) -> str:
    """Why the CUDA core must not run on `device`, or nothing."""
    return cuda.unusable(device) or verdict(cuda.index_of(torch.device(device)))


def launch(call: cuda.Call) -> Sequence[Tensor]:
    """`cuda.launch` on a device that has passed.

    Raises:
        OptionError: for one that has not, with the difference.
    """
    device = call.results[0].device
    _demand(verdict(cuda.index_of(device)), str(device))
    return cuda.launch(call)


def chosen_device(name: str) -> torch.device:
    """The device of `Run.device`; "auto" is the CPU, for the speed of the CUDA core is not known yet.

    Raises:
        OptionError: for a GPU that the CUDA core cannot use, or that computes something else than the CPU.

    Example:
        >>> chosen_device("auto")
        device(type='cpu')
    """
    if not name.startswith("cuda"):
        return torch.device("cpu")
    _demand(refusal(name), name)
    return torch.device("cuda", cuda.index_of(torch.device(name)))


def _demand(reason: str, name: str) -> None:
    if reason:
        raise OptionError(f"The device '{name}' cannot be used: {reason}; use --device cpu.")
