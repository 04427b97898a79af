"""Speed of a decoder's chains in one batch, compared with a plain torch loop over data points.

    python -m benchmarks.bounds.speed [--mnist FILE] [--points 64] [--chains 16] [--temperatures 40] [--output FILE]

Both sides run annealed importance sampling from the prior on the same VAE with the same temperatures, step sizes,
masses and numbers of leapfrog steps, which the registry's pilot has found, in turns on the same threads. The plain loop
(`benchmarks/bounds/plain.py`) takes the K chains of a data point as one batch and differentiates by autograd. It gets
some of the points only, since its time is proportional to their number. The difference of both sides' mean log weights
is reported with its error. The program ends with code 1 where the batch is not 10 times as fast.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks import common
from benchmarks.bounds import models, plain
from mmg_registry.annealing.ais import Annealing
from mmg_registry.annealing.hmc import HMCMoves
from mmg_registry.annealing.path import path_of
from mmg_registry.annealing.schedule import Pilot
from mmg_registry.models.built_in import generator
from mmg_registry.models.decoder import Decoder

AIM = 10.0  # least ratio of both sides' chain steps a second
LEAPFROGS = 10
TimedRun = tuple[Tensor, float]  # log weights, seconds


def annealing(model: Decoder, x: Tensor, temperatures: int, seed: int) -> Annealing:
    """Return the registry's annealing of the rows of `x`, with its moves frozen."""
    path = path_of(model, x)
    tuned = Pilot(path, "adaptive-kl", "dense", LEAPFROGS, 0.75).run(generator(seed))
    betas = tuned.temperatures("adaptive-kl", temperatures)
    return Annealing(path, betas.tolist(), tuned.moves(path, betas, LEAPFROGS))


def measure(model: Decoder, given: argparse.Namespace, seed: int = 0) -> dict[str, Any]:
    """Measure both sides in turns; `given` has points, plain_points, chains, temperatures and repeats."""
    x, _ = model.sample(given.points, seed)
    batch = annealing(model, x, given.temperatures, seed)
    moves = batch.moves
    assert isinstance(moves, HMCMoves)
    settings = plain.PlainSettings(moves.betas, moves.steps, moves.scales, moves.leapfrogs)
    few = x[: given.plain_points]
    ours, theirs = [], []
    for repeat in range(given.repeats):
        draws = generator(seed + 1 + repeat)
        ours.append(_timed(lambda: batch.forward(given.chains, draws).log_weights))  # noqa: B023 - called at once
        theirs.append(_timed(lambda: plain.log_weights(model, few, settings, given.chains, draws)))  # noqa: B023
    rates = {"batch": _rates(ours, given), "plain": _rates(theirs, given)}
    mean = float(torch.tensor(batch.moves.leapfrogs[1:-1], dtype=torch.float64).mean())
    return {**_compared(rates), **_log_weights(ours, theirs, len(few)), "mean_leapfrogs": mean}


def _timed(run: Callable[[], Tensor]) -> TimedRun:
    start = time.perf_counter()
    found = run()
    return found, time.perf_counter() - start


def _rates(runs: Sequence[TimedRun], given: argparse.Namespace) -> list[float]:
    """Return chains times temperatures a second, for each run."""
    return [weights.numel() * given.temperatures / seconds for weights, seconds in runs]


def _compared(rates: dict[str, list[float]]) -> dict[str, Any]:
    """Return medians, and ratios within each turn, in which other work on the machine slows both sides alike."""
    ratios = [ours / theirs for ours, theirs in zip(rates["batch"], rates["plain"], strict=True)]
    medians = {f"{name}_chain_steps_per_second": statistics.median(values) for name, values in rates.items()}
    ratio = statistics.median(ratios)
    return {**medians, "ratio": ratio, "ratios": ratios, "passed": ratio >= AIM, "rates": rates}


def _log_weights(ours: Sequence[TimedRun], theirs: Sequence[TimedRun], n: int) -> dict[str, float]:
    """Return both sides' mean log weights over chains and common points, and their difference with its error."""
    sides = [torch.stack([weights[:, :n].mean() for weights, _ in runs]) for runs in (ours, theirs)]
    difference = sides[0] - sides[1]
    error = float(difference.std()) / len(difference) ** 0.5
    return {"log_weight": float(sides[0].mean()), "difference": float(difference.mean()), "difference_se": error}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models.add_options(parser, epochs=1)
    parser.add_argument("--points", type=int, default=64, help="data points in the batch")
    parser.add_argument("--plain-points", type=int, default=4, help="of these, for the plain loop")
    parser.add_argument("--chains", type=int, default=16, help="K, chains a data point")
    parser.add_argument("--temperatures", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=7, help="2 or more")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "bounds_speed.json")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Train, run, print and write; return the exit code."""
    given = _arguments(argv)
    torch.set_num_threads(given.threads)
    model = models.trained(given, "vae", seed=0)
    found = measure(model, given)
    choices = {name: getattr(given, name) for name in ("points", "plain_points", "chains", "temperatures", "threads")}
    content = common.document(found, seeds=[0], **choices, model=models.described(model))
    common.write(given.output, content)
    print(common.table([{key: value for key, value in found.items() if key not in ("rates", "ratios")}]))
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
