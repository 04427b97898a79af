"""Peak memory of `mmg estimate` on a large file.

    python -m benchmarks.memory [--rows 1000000] [--dim 10] [--max-seconds 60] [--output FILE]

The peak is the largest resident set of a child process, as the kernel accounts for it, read when the child ends. This
process stays small and starts the child itself, because on Linux a child's account begins at the size of the process
that started it; another child writes the data. The program ends with code 1 above three times the data plus 600 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import common

ALLOWANCE = 600e6  # bytes beyond three times the data

WRITE_DATA = """
import sys, numpy as np
path, rows, dim, seed = sys.argv[1], *map(int, sys.argv[2:])
rng = np.random.default_rng(seed)
x = rng.standard_normal((rows, dim), dtype=np.float32)
y = rng.standard_normal((rows, dim), dtype=np.float32)
y *= np.float32(0.6)
y += np.float32(0.8) * x
np.savez(path, x=x, y=y)
"""


def own_peak() -> int:
    """Return the peak memory of this process in bytes, below which no child can be measured."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * common.RSS_UNIT


def measure(rows: int, dim: int, estimate: Sequence[str], seed: int = 0) -> dict[str, Any]:
    """Measure the peak memory of the command `estimate`, to which a fresh npz file is added.

    The file holds `rows` by `dim` + `dim` float32 numbers.

    Raises:
        RuntimeError: when the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "data.npz")
        subprocess.run([sys.executable, "-c", WRITE_DATA, path, str(rows), str(dim), str(seed)], check=True)
        found = common.run_child([*estimate, path])
    if found["code"] != 0:
        raise RuntimeError(f"The command ended with code {found['code']}: {' '.join(estimate)}")
    data = 2 * rows * dim * 4
    limit = 3 * data + ALLOWANCE
    output, _ = found.pop("output"), found.pop("errors")
    sizes = {"data_bytes": data, "limit_bytes": limit, "floor_bytes": own_peak()}
    return {**found, **sizes, "passed": found["peak_bytes"] <= limit, "mi": json.loads(output)["mi"]}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=10, help="columns of x, and of y")
    parser.add_argument("--plugin", default="orthogonal-adaptive")
    parser.add_argument("--max-seconds", type=float, default=60.0, help="cap on training; peak memory does not wait")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "memory.json")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print and write; return the exit code."""
    given = _arguments(argv)
    baseline = common.run_child([sys.executable, "-c", "import torch"])["peak_bytes"]
    choices = {"plugin": given.plugin, "max-seconds": given.max_seconds, "threads": given.threads, "seed": 0}
    options = [word for key, value in choices.items() for word in (f"--{key}", str(value))]
    found = measure(given.rows, given.dim, [sys.executable, "-m", "mmg_cli", "estimate", "--json", "-q", *options])
    results = {**found, "import_torch_bytes": baseline}
    common.write(given.output, common.document(results, seeds=[0], rows=given.rows, dim=given.dim, **choices))
    megabytes = {key[:-6] + "_mb": value / 1e6 for key, value in results.items() if key.endswith("_bytes")}
    print(common.table([{**megabytes, "passed": found["passed"]}]))
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
