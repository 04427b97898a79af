"""MINE-AIS, MINE-DV and MINE-F on a Gaussian channel of 20 nats with known p(z), with equal critics and draws.

    python -m benchmarks.bounds.mine_ais [--seeds 0 1] [--output FILE]

Each trains the critic by its own objective. `lower` is its bound with log Z(x) from reverse chains, `forward` with the
optimistic forward chains, and `by_samples` with the z of other pairs in place of chains, as for critics without a known
density. The program ends with code 1 unless MINE-AIS is above MINE-DV and nearer the truth at every seed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mmg_registry as mmg
from benchmarks import common
from mmg_registry.models.built_in import built_in

PLUGINS = ("mine-ais", "mine-dv", "mine-f")
MODEL = {"dim": 10, "mi": 20.0}
OPTIONS = {"steps": 2000, "batch": 128, "temperatures": 300, "chains": 8, "decay": False}


def run_case(plugin: str, seed: int, n: int, options: dict[str, Any]) -> dict[str, Any]:
    """Return one bound, on the pairs of its seed."""
    start, cpu = time.perf_counter(), time.process_time()
    found = mmg.bound(built_in("gaussian-channel", **MODEL), plugin, n=n, seed=seed, threads=1, **options).to_dict()
    about = found["diagnostics"]
    return {
        "plugin": plugin,
        "seed": seed,
        "true_mi": found["true_mi"],
        "lower": found["lower"],
        "lower_se": found["lower_se"],
        **{name: about[name] for name in ("forward", "gap", "by_samples", "same_energy", "acceptance")},
        "warnings": found["warnings"],
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
    }


def passed(runs: Sequence[dict[str, Any]], seeds: Sequence[int]) -> bool:
    """Return whether MINE-AIS is above MINE-DV and nearer the truth, at every seed."""
    at = {(run["plugin"], run["seed"]): run for run in runs}
    pairs = [(at["mine-ais", seed], at["mine-dv", seed]) for seed in seeds]
    off = [[abs(run["lower"] - run["true_mi"]) for run in pair] for pair in pairs]
    return all(a["lower"] > b["lower"] for a, b in pairs) and all(a < b for a, b in off)


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print and write; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("-n", type=int, default=128, help="pairs to bound with")
    parser.add_argument("--steps", type=int, default=OPTIONS["steps"])
    parser.add_argument("--output", type=Path, default=common.RESULTS / "bounds_mine_ais.json")
    given = parser.parse_args(argv)
    options = {**OPTIONS, "steps": given.steps}
    settings = {"model": {"name": "gaussian-channel", **MODEL}, "n": given.n, "options": options, "threads": 1}
    runs: list[dict[str, Any]] = []
    content = common.document({"runs": runs}, seeds=given.seeds, **settings)  # of the sources that are loaded
    for seed in given.seeds:
        for plugin in PLUGINS:
            runs.append(run_case(plugin, seed, given.n, options))
            print(f"{plugin}, seed {seed}: {runs[-1]['lower']:.3f} of {runs[-1]['true_mi']:.3f} nats", file=sys.stderr)
    content["results"]["passed"] = good = passed(runs, given.seeds)
    common.write(given.output, content)
    columns = ("plugin", "seed", "true_mi", "lower", "lower_se", "forward", "by_samples", "cpu_seconds")
    print(common.table([{name: run[name] for name in columns} for run in runs]))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
