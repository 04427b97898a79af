"""What the compiler says of each CUDA kernel: registers, spills and shared memory, for every architecture.

    python -m benchmarks.cuda.report [--architectures 80,90] [--output FILE]

Needs nvcc and no GPU. A kernel's shared memory is chosen at launch: all of a tile where it fits, else what the card
has; the table of tiles says how much a whole one takes.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import common
from mmg_registry.core import Network, compiled

ARCHITECTURES = ("80", "86", "89", "90", "100", "120")
SOURCES = ("train", "gap")
SIZES = [(1, 1, 64, 2), (5, 5, 128, 2), (25, 25, 128, 2), (25, 25, 256, 4), (512, 512, 256, 4)]
NAME = re.compile(r"Compiling entry function '\w*?(train|gap)_kernelINS0_\d+(Exact|Tensor)")
FACTS = {
    "registers": re.compile(r"Used (\d+) registers"),
    "stack_bytes": re.compile(r"(\d+) bytes stack frame"),
    "spill_store_bytes": re.compile(r"(\d+) bytes spill stores"),
    "spill_load_bytes": re.compile(r"(\d+) bytes spill loads"),
}
SHARED = re.compile(r"(\d+) bytes smem")


def compile_kernels(nvcc: str, source: str, architecture: str, folder: Path) -> str:
    """What ptxas says of one file's kernels.

    Raises:
        subprocess.CalledProcessError: where nvcc fails.
    """
    command = [nvcc, "-std=c++17", "-O3", f"-arch=sm_{architecture}", "-Xptxas", "-v", "-cubin"]
    command += [str(common.ROOT / "csrc" / "cuda" / f"{source}.cu"), "-o", str(folder / "kernels.cubin")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def kernels(text: str, architecture: str) -> Iterator[dict[str, Any]]:
    """One row a kernel from what ptxas printed.

    Example:
        >>> text = '''Compiling entry function '_ZN3mmg3gpu10gap_kernelINS0_5ExactELb0EEEvv' for 'sm_80'
        ...     40 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
        ... Used 189 registers, used 1 barriers'''
        >>> next(kernels(text, "80"))["registers"]
        189
    """
    for part in text.split("ptxas info    : Compiling")[1:] or [text]:
        name = NAME.search("Compiling" + part if "Compiling" not in part else part)
        if name:
            maths = "float32" if name[2] == "Exact" else "bf16"
            row: dict[str, Any] = {"kernel": f"{name[1]}, {maths}", "architecture": architecture}
            row |= {key: int(found[1]) if (found := fact.search(part)) else 0 for key, fact in FACTS.items()}
            yield row | {"static_shared_bytes": int(found[1]) if (found := SHARED.search(part)) else 0}


def tile_rows() -> list[dict[str, Any]]:
    """Bytes of a whole tile, by the sizes of the problem."""
    core = compiled()
    assert core is not None, "the compiled core counts a tile's memory"
    rows = []
    for dim_x, dim_y, width, depth in SIZES:
        network = Network(dim_x, dim_y, width, depth)
        row: dict[str, Any] = {"columns": f"{dim_x}+{dim_y}", "width": width, "depth": depth}
        for name, trains, tensor in (("train", True, True), ("gap, float32", False, False), ("gap, bf16", False, True)):
            row[f"{name} bytes"] = 4 * core.emulated.tile_floats(_sizes(network, trains, tensor))
        rows.append(row)
    return rows


def _sizes(network: Network, trains: bool, tensor: bool) -> dict[str, Any]:
    """The least that a call must say."""
    zero = ("x", "y", "rho", "s2", "edges", "cdf", "logistic", "seeds", "weights", "m", "v", "ema", "losses", "grad",
            "rates", "bins", "rows", "first_step", "n_steps", "beta1", "beta2", "eps", "weight_decay")  # fmt: skip
    sizes = {name: getattr(network, name) for name in ("dim_x", "dim_y", "width", "depth", "context")}
    counts = {"problems": 1, "n_rows": 1, "n_bins": 32, "batch": 1, "repeats": 1, "trains": trains, "tensor": tensor}
    return {**dict.fromkeys(zero, 0), **sizes, **counts}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Registers, spills and shared memory of the CUDA kernels.")
    parser.add_argument("--architectures", default=",".join(ARCHITECTURES))
    parser.add_argument("--output", type=Path, default=common.RESULTS / "cuda_report.json")
    options = parser.parse_args(argv)
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        print("The report needs CUDA's compiler, nvcc, on the path; it was not found.", file=sys.stderr)
        return 1
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for architecture in options.architectures.split(","):
            for source in SOURCES:
                rows += kernels(compile_kernels(nvcc, source, architecture, Path(folder)), architecture)
    version = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    release = re.search(r"release ([\d.]+), V([\d.]+)", version)
    tiles = tile_rows()
    print(common.table(rows), common.table(tiles), sep="\n\n")
    results = {"kernels": rows, "tiles": tiles}
    common.write(options.output, common.document(results, seeds=[], nvcc=release[2] if release else version))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
