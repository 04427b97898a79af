"""Importance sampling without annealing: sums over draws of a path's start, of which few are in memory at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mmg_registry.annealing.ais import NOWHERE
from mmg_registry.annealing.path import Path
from mmg_registry.bounds.checkpoint import Stages, StageState

BLOCK = 2**17  # draws at once; the same on every machine, because other blocks would give other draws


@dataclass
class LogSums:
    """Logarithms of the sums of exp(s) and of exp(2 s) over draws with scores s.

    Attributes:
        total, squares: `(n,)` float64 logarithms of the two sums of every data point.
        count: number of draws per data point.
    """

    total: Tensor
    squares: Tensor
    count: int

    def with_one(self, score: Tensor) -> LogSums:
        """Return the sums with one more score `(n,)` added."""
        return LogSums(torch.logaddexp(self.total, score), torch.logaddexp(self.squares, 2 * score), self.count + 1)

    @property
    def effective(self) -> float:
        """Return the effective sample size, averaged over data points."""
        return float((2 * self.total - self.squares).exp().mean())


def log_sums(
    path: Path,
    score: Callable[[Tensor], Tensor],
    like: Tensor,
    count: int,
    generator: torch.Generator,
    listen: Callable[[LogSums], None] = lambda _: None,
    stage: Stages = NOWHERE,
) -> LogSums:
    """Return the sums of exp(score) over `count` draws of the start of `path`.

    Args:
        path: the path whose start is drawn from.
        score: maps chains `(K, n, latent_size)` to scores `(K, n)`.
        like: any tensor `(n,)` with the number of data points, on the device to use.
        count: number of draws per data point.
        generator: source of all random numbers.
        listen: called with the sums so far.
        stage: where the sums are checkpointed and resumed from.
    """
    sums = _begun(like, generator, stage)
    block = max(1, BLOCK // len(like))
    while sums.count < count:
        scores = score(path.start(min(block, count - sums.count), generator)).double()
        total = torch.logaddexp(sums.total, torch.logsumexp(scores, 0))
        squares = torch.logaddexp(sums.squares, torch.logsumexp(2 * scores, 0))
        sums = LogSums(total, squares, sums.count + len(scores))
        stage.save(lambda sums=sums: _state(sums, generator), finished=sums.count == count)  # type: ignore[misc]
        listen(sums)
    return sums


def _begun(like: Tensor, generator: torch.Generator, stage: Stages) -> LogSums:
    found = stage.load()
    if found is None:
        nothing = torch.full(like.shape, -torch.inf, dtype=torch.float64, device=like.device)
        return LogSums(nothing, nothing, 0)
    generator.set_state(found["generator"])
    return LogSums(found["total"].to(like.device), found["squares"].to(like.device), int(found["count"]))


def _state(sums: LogSums, generator: torch.Generator) -> StageState:
    count = torch.tensor(sums.count)
    return {"total": sums.total, "squares": sums.squares, "count": count, "generator": generator.get_state()}
