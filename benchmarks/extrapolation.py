"""What extrapolation over parts of the rows does to the bias of few rows, for plug-ins with a large one.

    python -m benchmarks.extrapolation [--draws 30] [--parts 5] [--output FILE]

Normal pairs of one nat. `plug-in` is the closed form of `ClosedForm`, whose bias is some dim_x dim_y / (2 n) nats, the
law that the extrapolation rests on. That of `ksg` falls like another power of the rows, the slower the more columns:
its lines show how much of it remains, and how often the result says that the values do not lie on a line.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.subsampling import ClosedForm
from mmg_registry.data import Pair, as_pair
from mmg_registry.estimation.run import run
from mmg_registry.registry import register
from mmg_registry.request import Request
from mmg_registry.results import Estimate

TRUTH = 1.0
CELLS = (
    ("closed-form", 200, 5), ("closed-form", 200, 10), ("closed-form", 1_000, 10),
    ("ksg", 1_000, 1), ("ksg", 1_000, 2), ("ksg", 1_000, 5),
)  # fmt: skip


def drawn(n: int, dim: int, seed: int) -> Pair:
    """Return `n` rows of `dim` normal pairs of columns, all of one correlation, that share `TRUTH` nats together."""
    x, noise = np.random.default_rng(seed).standard_normal((2, n, dim))
    squared = -math.expm1(-2 * TRUTH / dim)
    return as_pair(x, math.sqrt(squared) * x + math.sqrt(1 - squared) * noise)


def measure(plugin: str, n: int, dim: int, draws: int, parts: int) -> dict[str, Any]:
    """Return bias and coverage over `draws` draws of `n` rows of `dim` and `dim` columns, as it is and extrapolated."""
    pairs = [drawn(n, dim, seed) for seed in range(draws)]
    plain = [run(pair, Request(plugin=plugin, threads=1)).estimate for pair in pairs]
    found = [run(pair, Request(plugin=plugin, threads=1, extrapolate=parts)).estimate for pair in pairs]
    doubted = [any("line" in text or "still changes" in text for text in each.warnings) for each in found]
    return {
        "plugin": plugin, "rows": n, "columns": f"{dim}+{dim}", "true_mi": TRUTH,
        "bias": _bias(plain), "holds_truth": _held(plain),
        "bias_extrapolated": _bias(found), "holds_truth_extrapolated": _held(found),
        "mean_std_error": float(np.mean([each.std_error for each in found])), "doubted": float(np.mean(doubted)),
    }  # fmt: skip


def _bias(found: Sequence[Estimate]) -> float:
    return float(np.mean([each.mi for each in found])) - TRUTH


def _held(found: Sequence[Estimate]) -> float:
    return float(np.mean([low <= TRUTH <= high for low, high in (each.ci for each in found if each.ci)]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the result, and print it as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--parts", type=int, default=5)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "extrapolation.json")
    given = parser.parse_args(arguments)
    register(ClosedForm)
    results = [measure(*cell, given.draws, given.parts) for cell in CELLS]
    content = common.document(results, seeds=range(given.draws), draws=given.draws, parts=given.parts)
    common.write(given.output, content)
    print(common.table(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
