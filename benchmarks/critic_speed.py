"""Speed of the joint critic in the compiled core and of the same network in torch, on one thread, default options.

    python -m benchmarks.critic_speed [--dim 5] [--rounds 5] [--output FILE]

Measured are training steps by each objective, and the scores of all pairs of 10,000 evaluation rows in blocks of 512.
Both sides take turns in this process. The results are medians over the rounds: CPU milliseconds of a step, CPU seconds
of an evaluation.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import common
from mmg_plugins.critics.critics import CriticOptions
from mmg_plugins.critics.networks import Critic, CriticShape, Joint, equal_blocks
from mmg_plugins.critics.objectives import OBJECTIVES
from mmg_plugins.critics.training import CoreDescent, TrainableCritic
from mmg_registry.core import isa
from mmg_registry.training import RowPair, Trainable
from mmg_registry.training.optimiser import Descent

STEPS, EVALUATED = 50, 10_000
Workloads = dict[str, Callable[[], Any]]


def critic(dim: int, options: CriticOptions) -> Joint:
    """Return a fresh critic for `dim` + `dim` columns."""
    draw = torch.Generator().manual_seed(0)
    shape = CriticShape((dim, dim), [options.width] * options.depth, options.embedding, options.group)
    return Joint(shape, torch.full((dim,), 0.5), 1.0, draw)


def rows(dim: int, n: int) -> RowPair:
    """Draw `n` rows of a Gaussian pair of `dim` columns each."""
    draw = torch.Generator().manual_seed(1)
    x, noise = (torch.randn(n, dim, generator=draw) for _ in range(2))
    return x, 0.5 * x + 0.75**0.5 * noise


def training(objective: str, dim: int) -> Workloads:
    """Return both sides of the measurement of `STEPS` training steps by `objective`."""
    options = CriticOptions()
    data = rows(dim, 20_000)

    def side(kind: Callable[[TrainableCritic, RowPair], Descent]) -> Callable[[], None]:
        trainable = TrainableCritic(critic(dim, options), objective, OBJECTIVES[objective], 0.9)
        descent = kind(trainable, data)
        draw = torch.Generator().manual_seed(2)
        rates = torch.full((STEPS,), options.lr)
        return lambda: descent.run(torch.randint(len(data[0]), (STEPS, options.batch), generator=draw), rates)

    return {"core": side(CoreDescent), "torch": side(Trainable.descent)}


def evaluation(dim: int) -> Workloads:
    """Return both sides of the measurement of the scores of all pairs within blocks."""
    made, (x, y), size = critic(dim, CriticOptions()), rows(dim, EVALUATED), CriticOptions().block

    def side(table: Callable[[Joint, Tensor, Tensor], Tensor]) -> Callable[[], None]:
        @torch.no_grad()
        def run() -> None:
            for of_x, of_y in equal_blocks(x, y, size):
                table(made, of_x[None], of_y[None])

        return run

    return {"core": side(Joint.table), "torch": side(Critic.table)}


def medians(sides: Workloads, rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of each side; the sides take turns, and the first round only warms up."""
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds + 1):
        for name, run in sides.items():
            begin = time.process_time()
            run()
            spent[name].append(time.process_time() - begin)
    return {name: statistics.median(found[1:]) for name, found in spent.items()}


def measure(dim: int, rounds: int) -> list[dict[str, Any]]:
    """Measure all cases, and return a row for each."""
    cases = {f"training step, {name}, ms": (training(name, dim), 1e3 / STEPS) for name in OBJECTIVES}
    cases["evaluation, s"] = (evaluation(dim), 1.0)
    found = []
    for name, (sides, scale) in cases.items():
        spent = medians(sides, rounds)
        times = {side: scale * value for side, value in spent.items()}
        found.append({"case": name, **times, "torch over core": spent["torch"] / spent["core"]})
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=int, default=5, help="columns of x, and of y")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "critic_speed.json")
    given = parser.parse_args(argv)
    torch.set_num_threads(1)
    found = measure(given.dim, given.rounds)
    print(common.table(found))
    common.write(given.output, common.document(found, seeds=[0], dim=given.dim, rounds=given.rounds, isa=isa()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
