"""Accuracy and time of estimates at default options on four pairs with known information.

    python -m benchmarks.accuracy [--seeds 0 1 2] [--plugin orthogonal-adaptive] [--output FILE]

Each run is one `mmg_registry.estimate` on 100,000 training and 10,000 evaluation rows. The program ends with code 1
when a case misses its tolerance or its time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import mmg_registry as mmg
from benchmarks import common
from mmg_registry.samplers import SAMPLERS, Sampler, gaussian_mixture, independent


@dataclass(frozen=True)
class Case:
    """A pair with the tolerance of its estimate (nats) and the time allowed (wall seconds; None for no limit)."""

    name: str
    sampler: Sampler
    tolerance: float
    seconds: float | None = None


def cases() -> list[Case]:
    """Return the four pairs, made on demand because one of them is integrated numerically."""
    return [
        Case("5x5 two-pair normal", SAMPLERS["multinormal-sparse-5-5-2-2.0"], 0.03, 60.0),
        Case("half-cube of a correlated pair", SAMPLERS["half_cube-1v1-normal-0.75"], 0.02, 30.0),
        Case("independent 5x5", independent(5), 0.01),
        Case("mixture of three Gaussians", gaussian_mixture(), 0.03),
    ]


def run_case(case: Case, seed: int, plugin: str, n_train: int, n_eval: int, threads: int) -> dict[str, Any]:
    """Make one estimate on rows of its own: for seed s, training rows from seed 2s, evaluation rows from 2s + 1."""
    x, y = case.sampler.sample(n_train, seed=2 * seed)
    x_eval, y_eval = case.sampler.sample(n_eval, seed=2 * seed + 1)
    start, cpu = time.perf_counter(), time.process_time()
    found = mmg.estimate(x, y, x_eval=x_eval, y_eval=y_eval, plugin=plugin, seed=seed, threads=threads)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    true = case.sampler.true_mi
    return {
        "case": case.name,
        "seed": seed,
        "true_mi": true,
        "mi": found.mi,
        "error": found.mi - true,
        "std_error": found.std_error,
        "ci_covers": None if found.ci is None else found.ci[0] <= true <= found.ci[1],
        "seconds": seconds,
        "cpu_seconds": cpu,
        "within_tolerance": abs(found.mi - true) <= case.tolerance,
        "in_time": case.seconds is None or seconds <= case.seconds,
        "warnings": found.warnings,
    }


def summary(case: Case, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return medians over seeds, the largest error, and the verdict, for which every seed must pass."""
    mine = [run for run in runs if run["case"] == case.name]
    return {
        "case": case.name,
        "true_mi": case.sampler.true_mi,
        "median_mi": median(run["mi"] for run in mine),
        "worst_error": max((run["error"] for run in mine), key=abs),
        "tolerance": case.tolerance,
        "median_seconds": median(run["seconds"] for run in mine),
        "limit_seconds": case.seconds,
        "passed": all(run["within_tolerance"] and run["in_time"] for run in mine),
    }


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugin", default="orthogonal-adaptive")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--train", type=int, default=100_000, help="training rows")
    parser.add_argument("--eval", type=int, default=10_000, help="evaluation rows")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "accuracy.json")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print and write; return the exit code."""
    given = _arguments(argv)
    chosen, runs = cases(), []
    for case in chosen:
        for seed in given.seeds:
            runs.append(run_case(case, seed, given.plugin, given.train, given.eval, given.threads))
            print(f"{case.name}, seed {seed}: {runs[-1]['mi']:.4f} ({runs[-1]['error']:+.4f})", file=sys.stderr)
    totals = [summary(case, runs) for case in chosen]
    sizes = {"n_train": given.train, "n_eval": given.eval, "threads": given.threads}
    results = {"summary": totals, "runs": runs}
    common.write(given.output, common.document(results, seeds=given.seeds, plugin=given.plugin, **sizes))
    print(common.table(totals))
    return 0 if all(total["passed"] for total in totals) else 1


if __name__ == "__main__":
    sys.exit(main())
