"""Peak memory and time of `mmg estimate` on a file larger than memory.

    python -m benchmarks.large [--rows 2000000000] [--dim 10] [--parts 20] [--max-seconds 30] [--output FILE]

The file is an npy of `rows` by `dim` float32 numbers, 80 GB by default, most of which are holes that take no disk and
are read as zeros; `parts` parts of it, from its first row to its last, hold rows in which y depends on x. The estimate
draws rows from all of it. The program ends with code 1 above 4 GB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import common

LIMIT = 4e9  # bytes of memory
PART_ROWS = 1_000_000

WRITE_DATA = """
import sys, numpy as np
path, rows, dim, parts, size, seed = sys.argv[1], *map(int, sys.argv[2:])
rng, half = np.random.default_rng(seed), dim // 2
for start in np.linspace(0, rows - size, parts).astype(int):
    array = rng.standard_normal((size, dim), dtype=np.float32)
    array[:, half:] = 0.6 * array[:, half:] + 0.8 * array[:, :half]
    if start == 0:
        np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, dim))
    np.load(path, mmap_mode="r+")[start:start + size] = array
"""


def measure(rows: int, dim: int, parts: int, estimate: Sequence[str], seed: int = 0) -> dict[str, Any]:
    """Measure the peak memory and the time of the command `estimate`, to which a fresh npy file is added.

    Raises:
        RuntimeError: when the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npy"
        sizes = (rows, dim, parts, min(PART_ROWS, rows // parts), seed)
        subprocess.run([sys.executable, "-c", WRITE_DATA, str(path), *map(str, sizes)], check=True)
        held = {"file_bytes": path.stat().st_size, "disk_bytes": path.stat().st_blocks * 512}
        found = common.run_child([*estimate, path.name], cwd=folder)
    output, errors = found.pop("output"), found.pop("errors")
    if found["code"] != 0:
        raise RuntimeError(f"The command ended with code {found['code']}: {errors}")
    told = json.loads(output)
    about = {"mi": told["mi"], "std_error": told["std_error"], "warnings": told["warnings"]}
    about |= {key: told[key] for key in ("sampled", "seconds")}
    return {**found, **held, **about, "limit_bytes": LIMIT, "passed": found["peak_bytes"] <= LIMIT}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000_000)
    parser.add_argument("--dim", type=int, default=10, help="columns, of which the first half are x")
    parser.add_argument("--parts", type=int, default=20, help="parts of the file that are no holes")
    parser.add_argument("--plugin", default="orthogonal-adaptive")
    parser.add_argument("--max-seconds", type=float, default=30.0, help="of the estimate, once the rows are there")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=common.RESULTS / "large.json")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print and write; return the exit code."""
    given = _arguments(argv)
    half = given.dim // 2
    choices = {"plugin": given.plugin, "max-seconds": given.max_seconds, "threads": given.threads, "seed": 0}
    choices |= {"x": f"0:{half - 1}", "y": f"{half}:{given.dim - 1}"}
    options = [word for key, value in choices.items() for word in (f"--{key}", str(value))]
    command = [sys.executable, "-m", "mmg_cli", "estimate", "--json", "-q", *options]
    found = measure(given.rows, given.dim, given.parts, command)
    settings = {"rows": given.rows, "dim": given.dim, "parts": given.parts, **choices}
    common.write(given.output, common.document(found, seeds=[0], **settings))
    print(common.table([{key: found[key] for key in ("file_bytes", "peak_bytes", "cpu_seconds", "mi", "passed")}]))
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
