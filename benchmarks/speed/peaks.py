"""Memory that an evaluation takes beyond what was in use before it, for growing numbers of repeats.

    python -m benchmarks.speed.peaks 1 32

It runs in a small process of its own, because memory that a large process has freed but kept would hide what is newly
taken. It works on Linux only.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.speed import cases, sides
from mmg_registry import core

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_growth(run: Callable[[], object]) -> int:
    """Return the bytes by which the largest resident size during `run` exceeds the size before it."""
    RESET.write_text("5")  # resets the peak to the present size
    before = _bytes("VmRSS")
    run()
    return _bytes("VmHWM") - before


def _bytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    assert found, f"{STATUS} does not say {name}"
    return 1024 * int(found.group(1))


def main(argv: Sequence[str]) -> None:
    """Print the growth for each number of repeats, after a first evaluation that loads what is needed."""
    network = cases.Cell(64, 2048, 5, 2).network
    problem, weights, compute = sides.problem(network), network.init(0), core.Compute(threads=2)
    for repeats in [1, *map(int, argv)]:
        print(repeats, peak_growth(partial(core.mmse_gap, problem, weights, repeats, compute)))


if __name__ == "__main__":
    main(sys.argv[1:])
