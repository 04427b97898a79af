"""Annealed importance sampling (Neal 2001) and its multi-sample bounds on log p(x) (Brekelmans et al., ICLR 2022,
arXiv 2303.06992): forward chains from the start, reverse chains from an exact posterior draw, weights in float64.

With w the weight of a chain, E_forward w = p(x) and E_reverse 1/w = 1/p(x), so that by Jensen

- log mean of K forward weights is low,
- minus log mean of the inverse weights of K reverse chains from one exact draw is high,
- log mean of one reverse weight and K - 1 forward ones is high,
- minus log mean of inverse weights of a forward chain and K - 1 reverse ones from its end is low,

all in expectation. A bound on log p(x) from below is one on I = E log p(x | z) - E log p(x) from above.
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
    """Annealed chains: log weights `(K, n)`, final states `(K, n, latent_size)`, mean acceptance (None unmoved)."""

    log_weights: Tensor
    end: Tensor
    acceptance: float | None


@dataclass(frozen=True)
class Annealing:
    """A path, its temperatures and moves: everything but the chains, frozen."""

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
        """`chains` independent chains a data point, from the start to the posterior."""
        start = self.path.start(chains, generator)
        return self._run(start, range(len(self.betas) - 1), 1, generator, listen, stage)

    def reverse(
        self, z: Tensor, generator: torch.Generator, listen: FractionListener = lambda _: None, stage: Stages = NOWHERE
    ) -> Chains:
        """Chains from `z` `(K, n, latent_size)`, draws of the posterior, back to the start."""
        return self._run(z, range(len(self.betas) - 2, -1, -1), 0, generator, listen, stage)

    def _run(
        self, z: Tensor, order: range, ahead: int, generator: torch.Generator, listen: FractionListener, stage: Stages
    ) -> Chains:
        """A weight's factor at every state; between two states the move at the temperature they share."""
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
    """Chains on their way, with all that the rest of the way depends on."""

    z: Tensor
    total: Tensor
    accepted: float = 0.0
    done: int = 0

    @classmethod
    def on(cls, z: Tensor, generator: torch.Generator, stage: Stages) -> _Going:
        """From `z`, or from where `stage` was left."""
        found = stage.load()
        if found is None:
            return cls(z, torch.zeros(z.shape[:-1], dtype=torch.float64, device=z.device))
        generator.set_state(found["generator"])
        return cls(found["z"].to(z), found["total"].to(z.device), float(found["accepted"]), int(found["done"]))

    def state(self, generator: torch.Generator) -> StageState:
        numbers = {"accepted": torch.tensor(self.accepted, dtype=torch.float64), "done": torch.tensor(self.done)}
        return {"z": self.z, "total": self.total, "generator": generator.get_state(), **numbers}


def log_mean_exp(values: Tensor) -> Tensor:
    """log of the mean of exp over the first axis.

    >>> log_mean_exp(torch.tensor([[1000.0], [1000.0]], dtype=torch.float64))
    tensor([1000.], dtype=torch.float64)
    """
    return torch.logsumexp(values, 0) - math.log(len(values))


def low(forward: Tensor) -> Tensor:
    """Low for log p(x), from independent forward log weights `(K, n)`; K = 1 is the single-sample bound."""
    return log_mean_exp(forward)


def high(reverse: Tensor) -> Tensor:
    """High for log p(x), from log weights `(K, n)` of reverse chains coupled by their common start."""
    return -log_mean_exp(-reverse)


def high_independent(reverse: Tensor, forward: Tensor) -> Tensor:
    """High for log p(x), from one reverse log weight `(1, n)` and independent forward ones `(K - 1, n)`."""
    return log_mean_exp(torch.cat([reverse, forward]))


def low_coupled(forward: Tensor, reverse: Tensor) -> Tensor:
    """Low for log p(x), from one forward log weight `(1, n)` and reverse ones `(K - 1, n)` from its end."""
    return -log_mean_exp(-torch.cat([forward, reverse]))


def effective(log_weights: Tensor) -> float:
    """Effective number of the K chains, averaged over data points."""
    share = torch.softmax(log_weights, 0)
    return float((1 / share.square().sum(0)).mean())


@dataclass(frozen=True)
class LogEvidence:
    """Bounds on log p(x) `(n,)` of every data point, with what tells how good the chains were."""

    low: Tensor
    high: Tensor
    acceptance: float | None
    effective: float

    @property
    def gap(self) -> float:
        """Mean of the upper minus the lower bound, nats."""
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
    """Both bounds on log p(x), given the exact posterior draws `z` `(n, latent_size)`."""
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


# Chains forward, back from an exact draw, and back from the end of a forward chain.
_SHAPES: dict[Method, Callable[[int], ChainShape]] = {
    "sandwich": lambda k: (_low, _high, (k, k, 0)),
    "single": lambda k: (_low, _high, (1, 1, 0)),
    "independent": lambda k: (_low, _high_independent, (k, 1, 0)),
    "coupled": lambda k: (_low, _high, (1, k, k - 1)),
}
