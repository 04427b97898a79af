"""Annealed importance sampling (Neal 2001) and its multi-sample bounds on log p(x).

The bounds are those of Brekelmans et al. (ICLR 2022, arXiv 2303.06992). Forward chains begin at a draw of the start,
reverse chains at an exact draw of the posterior; importance weights are float64. With w the weight of a chain,
E_forward w = p(x) and E_reverse 1/w = 1/p(x), so that by Jensen's inequality, in expectation,

- the log mean of K forward weights is a lower bound,
- minus the log mean of the inverse weights of K reverse chains from one exact draw is an upper bound,
- the log mean of one reverse weight and K - 1 forward ones is an upper bound,
- minus the log mean of the inverse weights of a forward chain and of K - 1 reverse ones from its end is a lower bound.

A lower bound on log p(x) gives an upper bound on I = E log p(x | z) - E log p(x), and the other way round.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from mmg_registry.annealing.hmc import Moves
from mmg_registry.annealing.path import Path
from mmg_registry.bounds.checkpoint import Stages, StageState

Method = Literal["sandwich", "single", "independent", "coupled"]
FractionListener = Callable[[float], None]
NOWHERE = Stages(None)


@dataclass(frozen=True)
class Chains:
    """Annealed chains of n data points, K each.

    Attributes:
        log_weights: `(K, n)` float64 logarithms of the importance weights.
        end: `(K, n, latent_size)` final states.
        acceptance: mean acceptance probability of the moves; None where the chains made none.
    """

    log_weights: Tensor
    end: Tensor
    acceptance: float | None


@dataclass(frozen=True)
class Annealing:
    """A path with its temperatures and moves, all fixed before the chains start."""

    path: Path
    betas: list[float]
    moves: Moves

    def forward(
        self,
        chains: int,
        generator: torch.Generator,
        listen: FractionListener = lambda _: None,
        stage: Stages = NOWHERE,
    ) -> Chains:
        """Run `chains` independent chains per data point from the start to the posterior.

        Args:
            chains: K, the number of chains per data point.
            generator: source of all random numbers.
            listen: called with the fraction done.
            stage: where the chains are checkpointed and resumed from.
        """
        start = self.path.start(chains, generator)
        return self._run(start, range(len(self.betas) - 1), 1, generator, listen, stage)

    def reverse(
        self, z: Tensor, generator: torch.Generator, listen: FractionListener = lambda _: None, stage: Stages = NOWHERE
    ) -> Chains:
        """Run chains from posterior draws `z` `(K, n, latent_size)` back to the start; see `forward`."""
        return self._run(z, range(len(self.betas) - 2, -1, -1), 0, generator, listen, stage)

    def _run(
        self, z: Tensor, order: range, ahead: int, generator: torch.Generator, listen: FractionListener, stage: Stages
    ) -> Chains:
        """Run chains over the intervals `order`: at every state a factor of the weight, and between two states a move.

        The move is made at the temperature that two consecutive intervals share.
        """
        going = _Going.on(z, generator, stage)
        for i in range(going.done, len(order)):
            t = order[i]
            if i:
                going.z, acceptance = self.moves(going.z, t + 1 - ahead, generator)
                going.accepted += float(acceptance.mean())
            going.total = going.total + (self.betas[t + 1] - self.betas[t]) * self.path.log_ratio(going.z)
            going.done = i + 1
            stage.save(lambda: going.state(generator), finished=going.done == len(order))
            listen(going.done / len(order))
        return Chains(going.total, going.z, going.accepted / (len(order) - 1) if len(order) > 1 else None)


@dataclass
class _Going:
    """Chains in progress, with everything that the rest of their run depends on."""

    z: Tensor
    total: Tensor
    accepted: float = 0.0
    done: int = 0

    @classmethod
    def on(cls, z: Tensor, generator: torch.Generator, stage: Stages) -> _Going:
        """Start at `z`, or resume from the checkpoint of `stage` if it has one."""
        found = stage.load()
        if found is None:
            return cls(z, torch.zeros(z.shape[:-1], dtype=torch.float64, device=z.device))
        generator.set_state(found["generator"])
        return cls(found["z"].to(z), found["total"].to(z.device), float(found["accepted"]), int(found["done"]))

    def state(self, generator: torch.Generator) -> StageState:
        """Return everything as tensors for a checkpoint, with the state of `generator`."""
        numbers = {"accepted": torch.tensor(self.accepted, dtype=torch.float64), "done": torch.tensor(self.done)}
        return {"z": self.z, "total": self.total, "generator": generator.get_state(), **numbers}


def log_mean_exp(values: Tensor) -> Tensor:
    """Return the logarithm of the mean of exp(values) over the first axis.

    Example:
        >>> log_mean_exp(torch.tensor([[1000.0], [1000.0]], dtype=torch.float64))
        tensor([1000.], dtype=torch.float64)
    """
    return torch.logsumexp(values, 0) - math.log(len(values))


def low(forward: Tensor) -> Tensor:
    """Return a lower bound on log p(x) `(n,)` from independent forward log weights `(K, n)`.

    K = 1 gives the single-sample bound.
    """
    return log_mean_exp(forward)


def high(reverse: Tensor) -> Tensor:
    """Return an upper bound on log p(x) `(n,)` from log weights `(K, n)` of reverse chains with a common start."""
    return -log_mean_exp(-reverse)


def high_independent(reverse: Tensor, forward: Tensor) -> Tensor:
    """Return an upper bound on log p(x) `(n,)` from a reverse log weight `(1, n)` and forward ones `(K - 1, n)`."""
    return log_mean_exp(torch.cat([reverse, forward]))


def low_coupled(forward: Tensor, reverse: Tensor) -> Tensor:
    """Return a lower bound on log p(x) `(n,)` from a forward chain and K - 1 reverse ones from its end.

    Args:
        forward: log weights of the forward chain, `(1, n)`.
        reverse: log weights of the reverse chains, `(K - 1, n)`.
    """
    return -log_mean_exp(-torch.cat([forward, reverse]))


def effective(log_weights: Tensor) -> float:
    """Return the effective sample size among K chains with log weights `(K, n)`, averaged over data points."""
    share = torch.softmax(log_weights, 0)
    return float((1 / share.square().sum(0)).mean())


@dataclass(frozen=True)
class LogEvidence:
    """Bounds on log p(x) of every data point, with diagnostics of the chains.

    Attributes:
        low, high: `(n,)` lower and upper bound in nats.
        acceptance: mean acceptance probability of the moves; None where there were none.
        effective: effective sample size among the forward chains, averaged over data points.
    """

    low: Tensor
    high: Tensor
    acceptance: float | None
    effective: float

    @property
    def gap(self) -> float:
        """Return the mean of the upper minus the lower bound in nats."""
        return float((self.high - self.low).mean())


def evidence(
    annealing: Annealing,
    z: Tensor,
    chains: int,
    method: Method,
    generator: torch.Generator,
    listen: FractionListener = lambda _: None,
    stage: Stages = NOWHERE,
) -> LogEvidence:
    """Return both bounds on log p(x).

    Args:
        annealing: path, temperatures and moves.
        z: `(n, latent_size)` exact posterior draws.
        chains: K, the number of chains per data point.
        method: the pair of bounds: "sandwich", "single", "independent" or "coupled".
        generator: source of all random numbers.
        listen: called with the fraction done.
        stage: where the chains are checkpointed and resumed from.
    """
    of_low, of_high, (ahead, behind, again) = _SHAPES[method](chains)
    parts = 3 if again else 2
    first = annealing.forward(ahead, generator, lambda f: listen(f / parts), stage / "forward")
    many = z.expand(behind, *z.shape)
    second = annealing.reverse(many, generator, lambda f: listen((1 + f) / parts), stage / "reverse")
    back = None
    if again:
        ends = first.end[:1].expand(again, *z.shape)
        back = annealing.reverse(ends, generator, lambda f: listen((2 + f) / parts), stage / "back")
    bounds = of_low(first, back), of_high(first, second)
    accepted = [part.acceptance for part in (first, second) if part.acceptance is not None]
    mean = sum(accepted) / len(accepted) if accepted else None
    return LogEvidence(*bounds, mean, effective(first.log_weights))


Low = Callable[[Chains, "Chains | None"], Tensor]
High = Callable[[Chains, Chains], Tensor]
ChainShape = tuple[Low, High, tuple[int, int, int]]


def _low(first: Chains, back: Chains | None) -> Tensor:
    return low(first.log_weights) if back is None else low_coupled(first.log_weights, back.log_weights)


def _high(first: Chains, second: Chains) -> Tensor:
    return high(second.log_weights)


def _high_independent(first: Chains, second: Chains) -> Tensor:
    return high_independent(second.log_weights, first.log_weights[1:])


# Both bounds, and the numbers of forward chains, of reverse ones from an exact draw, and of those from a forward end.
_SHAPES: dict[Method, Callable[[int], ChainShape]] = {
    "sandwich": lambda k: (_low, _high, (k, k, 0)),
    "single": lambda k: (_low, _high, (1, 1, 0)),
    "independent": lambda k: (_low, _high_independent, (k, 1, 0)),
    "coupled": lambda k: (_low, _high, (1, k, k - 1)),
}
