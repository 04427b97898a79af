"""I(X; Y | Z) of the triples of `mmg_registry.samplers.CONDITIONAL`: value, hit, and what the difference gives.

    python -m benchmarks.conditional [--plugin auto,gaussian,ksg] [--triples A,B] [--train 8000] [--evaluate 2000]
        [--seeds 1] [--compared A,B] [--output FILE]

Beside the estimates of the triples in `--compared`, all unless told, stands I(X; Y, Z) - I(X; Z) of two estimates by
the same plugin on the same rows, and how much CPU time the one took relative to I(X; Y, Z), which sees the same
columns. Plugins that train nothing evaluate all rows.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import common
from mmg_registry.data import Pair, as_pair
from mmg_registry.data.pair import with_given
from mmg_registry.estimation.conditional import with_z_alone, with_z_beside_y
from mmg_registry.estimation.run import run
from mmg_registry.registry import load_plugin
from mmg_registry.request import Request
from mmg_registry.results import Estimate
from mmg_registry.samplers import CONDITIONAL, Triple


class Sizes(NamedTuple):
    """Numbers of rows that are fitted and of rows that are evaluated."""

    train: int
    evaluate: int


def timed(pair: Pair, plugin: str, triple: Triple, seed: int, sizes: Sizes) -> tuple[Estimate, float]:
    """Return an estimate on one thread, and its CPU seconds."""
    share = sizes.evaluate / sum(sizes) if load_plugin(plugin).trains else None
    request = Request(plugin=plugin, seed=seed, threads=1, eval_fraction=share, kinds=dict(triple.kinds))
    start = time.process_time()
    return run(pair, request).estimate, time.process_time() - start


def measure(plugin: str, triple: Triple, seed: int, sizes: Sizes, compared: bool) -> dict[str, Any]:
    """Return what one plugin gives for one triple and seed, and where it is `compared`, what the difference gives."""
    x, y, z = triple.sample(sum(sizes), seed)
    pair = with_given(as_pair(x, y), z)
    found, seconds = timed(pair, plugin, triple, seed, sizes)
    low, high = found.ci or (math.nan, math.nan)
    told = {
        "plugin": plugin, "triple": triple.name, "seed": seed, "true_mi": triple.true_mi, "mi": found.mi,
        "low": low, "high": high, "hit": bool(low <= triple.true_mi <= high),
        "off": found.mi - triple.true_mi, "warned": len(found.warnings), "cpu_seconds": seconds,
        "difference": None, "difference_error": None, "agrees": None, "relative_time": None,
    }  # fmt: skip
    if not compared:
        return told
    both, seconds_of_both = timed(with_z_beside_y(pair), plugin, triple, seed, sizes)
    alone, _ = timed(with_z_alone(pair), plugin, triple, seed, sizes)
    error = sum(each.std_error or 0.0 for each in (both, alone))
    told["difference"], told["difference_error"] = both.mi - alone.mi, error
    told["agrees"] = bool(abs(told["difference"] - found.mi) <= 1.96 * math.hypot(error, found.std_error or 0.0))
    return {**told, "relative_time": seconds / seconds_of_both}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the result after each triple, and print it as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plugin", default="auto,gaussian,ksg")
    parser.add_argument("--triples", default=",".join(CONDITIONAL))
    parser.add_argument("--train", type=int, default=8_000)
    parser.add_argument("--evaluate", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--compared", default=",".join(CONDITIONAL))
    parser.add_argument("--output", type=Path, default=common.RESULTS / "conditional.json")
    given = parser.parse_args(arguments)
    results: list[dict[str, Any]] = []
    sizes = Sizes(given.train, given.evaluate)
    for name in given.triples.split(","):
        for plugin in given.plugin.split(","):
            compared = name in given.compared.split(",")
            results += [measure(plugin, CONDITIONAL[name], seed, sizes, compared) for seed in range(given.seeds)]
        common.write(given.output, common.document(results, seeds=range(given.seeds), **sizes._asdict()))
    print(common.table(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
