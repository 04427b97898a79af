"""All measurements on a GPU, in one run, written to one file.

    python -m benchmarks.cuda [--device cuda:0] [--only training,evaluation] [--output FILE]

The program ends with code 1 where there is no GPU that the CUDA core can use. Times are medians of device time; see
`kernels` and `estimates` for the parts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.cuda import estimates, gpu, kernels
from mmg_registry.core import build_info

PARTS: dict[str, Callable[[str], Any]] = {
    "training": kernels.training,
    "evaluation": kernels.evaluation,
    "roofline": kernels.roofline,
    "estimate": estimates.one_estimate,
    "suite": estimates.suite,
    "pairs": estimates.pairs,
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure the CUDA core.")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--output", type=Path, default=common.RESULTS / "cuda.json")
    options = parser.parse_args(argv)
    unknown = [name for name in options.only.split(",") if name not in PARTS]
    if unknown:
        print(f"There is no part '{unknown[0]}'; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    if gpu.refused(options.device):
        return 1
    results = {name: PARTS[name](options.device) for name in options.only.split(",")}
    for name, found in results.items():
        print(f"\n{name}\n{common.table(found if isinstance(found, list) else [found])}")
    more = {"gpu": gpu.card(options.device), "build": build_info()}
    common.write(options.output, common.document(results, seeds=[0], **more))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
