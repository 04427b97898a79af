"""GIWAE, InfoNCE and Barber-Agakov at equal K, on a channel with bimodal z and its best linear Gaussian encoder.

    python -m benchmarks.bounds.giwae [--seeds 0 1] [--output FILE]

InfoNCE is GIWAE with the prior as its proposal, Barber-Agakov is GIWAE with a constant critic; all three get the same
pairs. The program ends with code 1 unless GIWAE is above both others at every K and seed.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import mmg_registry as mmg
from benchmarks import common
from mmg_registry.models.built_in import MixtureChannel, generator, standard_normal

MODEL = {"dim": 6, "mode": 1.5, "sd": 0.4, "noise": 0.6}
CHAINS = (4, 16, 64)


class Encoded(MixtureChannel):
    """The channel with a Gaussian q(z | x) from the regression of z on x, although z | x is not Gaussian."""

    def __init__(self, dim: int, mode: float, sd: float, noise: float) -> None:
        super().__init__(dim, mode, sd, noise)
        prior = mode**2 + sd**2
        self.slope = prior / (prior + noise**2)
        self.left = math.sqrt(self.slope) * noise

    def log_q(self, z: Tensor, x: Tensor) -> Tensor:
        return standard_normal((z - self.slope * x) / self.left) - z.shape[-1] * math.log(self.left)

    def sample_q(self, x: Tensor, n: int, seed: int) -> Tensor:
        noise = torch.randn((n, *x.shape), generator=generator(seed), dtype=x.dtype)
        return self.slope * x + self.left * noise


BOUNDS: dict[str, dict[str, Any]] = {
    "giwae": {"plugin": "giwae", "start": "encoder"},
    "giwae, learned critic": {"plugin": "giwae", "start": "encoder", "critic": "learned", "steps": 500},
    "barber-agakov": {"plugin": "giwae", "start": "encoder", "critic": "constant"},
    "infonce": {"plugin": "structured-infonce"},
}


def run_case(name: str, chains: int, seed: int, n: int) -> dict[str, Any]:
    """Return one bound, on the pairs of its seed."""
    start, cpu = time.perf_counter(), time.process_time()
    found = mmg.bound(Encoded(**MODEL), n=n, seed=seed, threads=1, chains=chains, **BOUNDS[name])
    row = {
        "bound": name,
        "chains": chains,
        "seed": seed,
        "true_mi": found.true_mi,
        "cap": found.diagnostics["most_contrastive"],
    }
    times = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    return {**row, "lower": found.lower, "lower_se": found.lower_se, **times}


def passed(runs: Sequence[dict[str, Any]]) -> bool:
    """Return whether GIWAE is above both others at every K and seed."""
    at = {(run["bound"], run["chains"], run["seed"]): run["lower"] for run in runs}
    cases = [(k, seed) for name, k, seed in at if name == "giwae"]
    return all(at["giwae", k, seed] > at[other, k, seed] for k, seed in cases for other in ("barber-agakov", "infonce"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print and write; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--chains", type=int, nargs="+", default=list(CHAINS), help="K")
    parser.add_argument("-n", type=int, default=2000, help="pairs to bound with")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "bounds_giwae.json")
    given = parser.parse_args(argv)
    cases = [(name, k, seed) for k in given.chains for seed in given.seeds for name in BOUNDS]
    settings = {"model": MODEL, "n": given.n, "bounds": BOUNDS, "threads": 1}
    content = common.document({}, seeds=given.seeds, **settings)  # of the sources that are loaded
    runs = [run_case(*case, given.n) for case in cases]
    content["results"] = {"runs": runs, "passed": passed(runs)}
    common.write(given.output, content)
    print(
        common.table(
            [{key: run[key] for key in ("bound", "chains", "seed", "true_mi", "lower", "lower_se")} for run in runs]
        )
    )
    return 0 if content["results"]["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
