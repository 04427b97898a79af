"""`diffusion-mi` 0.1.0, the published implementation of MMG, beside ours, on one thread each.

    python -m benchmarks.peers.diffusion_mi [--cap 1200] [--seed 0] [--output FILE]

The task is the 5x5 two-pair normal one, with 100,000 training rows and estimates on 10,000 held-out rows. Two figures
are compared: network rows a CPU second at an equal number of parameters (one pass of one row counts as one, so that a
conditional and an unconditional pass are two), and the CPU time until the estimate comes within 0.05 nats of the truth
and stays there. `python -m benchmarks.peers` runs the whole package on more tasks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import mmg_registry as mmg
from benchmarks import common
from benchmarks.peers.environments import PEERS, WORKERS, alone, ensure
from mmg_registry.core import Network, Problem, Proposal, TrainPlan, train_denoiser
from mmg_registry.preprocess import PairTransform
from mmg_registry.samplers import SAMPLERS

NAME = "diffusion-mi"
TASK = SAMPLERS["multinormal-sparse-5-5-2-2.0"]
TOLERANCE = 0.05  # nats
N_TRAIN, N_EVAL = 100_000, 10_000
BUDGETS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # seconds of training, each a run of ours from the start
RATE_STEPS = 1000


# ------------------------------------------------------------------------------------------ the peer
def peer(python: Path, data: Path, cap: float, seed: int) -> dict[str, Any]:
    """Train the peer until it has used `cap` CPU seconds.

    Raises:
        RuntimeError: when it fails, with the end of what it printed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "looks.jsonl"
        words = [python, WORKERS / PEERS[NAME].worker, data, "mmg-watched", cap, seed, output]
        done = common.run_child([str(word) for word in words], cwd=scratch, env=alone(Path(scratch)))
        looks = [json.loads(line) for line in output.read_text().splitlines()] if output.exists() else []
    if done["code"] != 0 or not looks or "estimate" not in looks[-1]:
        raise RuntimeError(f"The peer's run failed: {done['errors'].strip()[-2000:]}")
    return peer_report(looks[-1], looks[:-1])


def peer_report(size: dict[str, Any], looks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the rate and the trajectory of the peer, whose steps are one pass of one batch each, with y or without."""
    last = looks[-1]
    rate = last["steps"] * size["batch"] / last["cpu_seconds"]
    report = _report(rate, size["n_parameters"], size["multiply_adds"], looks)
    orthogonal = [{**look, "mi": look["orthogonal"]} for look in looks]
    return {**report, "seconds_to_stay_orthogonal": seconds_to_stay(orthogonal), "versions": size["versions"]}


# ------------------------------------------------------------------------------------------ ours
def ours(data: Path, n_parameters: int, budgets: Sequence[float], steps: int, seed: int) -> dict[str, Any]:
    """Measure ours: the rate at about `n_parameters`, and whole estimates at default options in growing time.

    A point of the trajectory is the CPU time of a complete `mmg.estimate` on one thread, everything included, with a
    limit on the seconds of training.
    """
    torch.set_num_threads(1)
    arrays = dict(np.load(data))
    network, rate = training_rate(arrays, n_parameters, steps, seed)
    trajectory = [timed_estimate(arrays, budget, seed) for budget in budgets]
    return _report(rate, network.n_parameters, network.multiply_adds, trajectory)


def training_rate(arrays: dict[str, Any], n_parameters: int, steps: int, seed: int) -> tuple[Network, float]:
    """Return the network of nearest size, and its network rows a CPU second of `train_denoiser` on one thread."""
    pair = PairTransform.fit(arrays["x"], arrays["y"])
    zx, zy = (torch.from_numpy(z) for z in pair.transform(arrays["x"], arrays["y"]))
    network = nearest_network(pair.dim_x, pair.dim_y, n_parameters)
    weights = network.init(seed)
    state = (weights, torch.zeros_like(weights), torch.zeros_like(weights), weights.clone())
    plan = TrainPlan(hold_until=steps, total=steps)
    problem = Problem(network, zx, zy, torch.from_numpy(pair.rho), Proposal.uniform(-10.0, 14.0), seed)
    train_denoiser(problem, state, plan, range(10))
    start = time.process_time()
    train_denoiser(problem, state, plan, range(10, 10 + steps))
    return network, 2 * plan.batch * steps / (time.process_time() - start)


def nearest_network(dim_x: int, dim_y: int, n_parameters: int) -> Network:
    """Return the two-block network with the nearest number of parameters, its width a multiple of 16."""
    widths = [Network(dim_x, dim_y, width=width, depth=2) for width in range(16, 513, 16)]
    return min(widths, key=lambda network: abs(network.n_parameters - n_parameters))


def timed_estimate(arrays: dict[str, Any], budget: float, seed: int) -> dict[str, Any]:
    """Make a whole estimate that may train for `budget` seconds, and return it with its CPU time."""
    rows = {key: arrays[key] for key in ("x_eval", "y_eval")}
    start = time.process_time()
    found = mmg.estimate(arrays["x"], arrays["y"], **rows, seed=seed, threads=1, max_seconds=budget)
    return {"budget": budget, "cpu_seconds": time.process_time() - start, "mi": found.mi, "std_error": found.std_error}


# ------------------------------------------------------------------------------------------ both
def seconds_to_stay(
    trajectory: Sequence[dict[str, Any]], truth: float = TASK.true_mi, tolerance: float = TOLERANCE
) -> float | None:
    """Return the CPU seconds of the first estimate from which on all lie within `tolerance` nats of `truth`.

    It is None if the last one does not.
    """
    first = None
    for look in reversed(trajectory):
        if abs(look["mi"] - truth) > tolerance:
            break
        first = look["cpu_seconds"]
    return first


def _report(rate: float, n_parameters: int, multiply_adds: int, looks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rows_per_cpu_second": rate,
        "n_parameters": n_parameters,
        "multiply_adds": multiply_adds,
        "gflops": 6 * multiply_adds * rate / 1e9,  # forward, backward for inputs, backward for weights
        "seconds_to_stay": seconds_to_stay(looks),
        "cpu_seconds_total": looks[-1]["cpu_seconds"],
        "trajectory": list(looks),
    }


def comparison(theirs: dict[str, Any], mine: dict[str, Any]) -> dict[str, Any]:
    """Return ratios of ours to theirs; a time not reached counts as the cap, and is marked as a lower bound."""
    reached, needed = theirs["seconds_to_stay"], mine["seconds_to_stay"]
    waited = theirs["cpu_seconds_total"] if reached is None else reached
    per_parameter = mine["rows_per_cpu_second"] * mine["n_parameters"] / theirs["n_parameters"]
    return {
        "rows_ratio": mine["rows_per_cpu_second"] / theirs["rows_per_cpu_second"],
        "rows_ratio_at_equal_parameters": per_parameter / theirs["rows_per_cpu_second"],
        "time_ratio": None if needed is None else waited / needed,
        "time_ratio_is_lower_bound": reached is None,
    }


def _row(name: str, found: dict[str, Any]) -> dict[str, Any]:
    reached, total = found["seconds_to_stay"], found["cpu_seconds_total"]
    row = {key: found[key] for key in ("rows_per_cpu_second", "n_parameters", "gflops")}
    stays = f"not within {total:.0f} s" if reached is None else f"{reached:.1f} s"
    return {"library": name, **row, "within 0.05 nats after": stays, "last estimate": found["trajectory"][-1]["mi"]}


def _save_rows(path: Path, seed: int) -> None:
    x, y = TASK.sample(N_TRAIN, seed=2 * seed)
    x_eval, y_eval = TASK.sample(N_EVAL, seed=2 * seed + 1)
    np.savez(path, x=x, y=y, x_eval=x_eval, y_eval=y_eval)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cap", type=float, default=1200.0, help="CPU seconds given to the peer's training")
    parser.add_argument("--budgets", type=float, nargs="+", default=list(BUDGETS), help="seconds given to ours")
    parser.add_argument("--steps", type=int, default=RATE_STEPS, help="steps that our rate is measured over")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "peer_diffusion_mi.json")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run both, print and write; return the exit code."""
    given = _arguments(argv)
    python = ensure(NAME, PEERS[NAME])
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.npz"
        _save_rows(data, given.seed)
        theirs = peer(python, data, given.cap, given.seed)
        mine = ours(data, theirs["n_parameters"], given.budgets, given.steps, given.seed)
    release = PEERS[NAME].steps[-1][-1]
    results = {"peer": release, "theirs": theirs, "ours": mine, "comparison": comparison(theirs, mine)}
    settings = {"task": TASK.name, "true_mi": TASK.true_mi, "tolerance": TOLERANCE, "cap_cpu_seconds": given.cap}
    common.write(given.output, common.document(results, seeds=[given.seed], **settings))
    print(common.table([_row(release, theirs), _row("mmg", mine)]))
    print(json.dumps(results["comparison"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
